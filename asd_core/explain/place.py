"""Where in a clip its fault seems to be, as a detector's map shows it: time and band, and whether it repeats."""

from collections.abc import Iterable
from dataclasses import dataclass

from asd_core.artifacts import ModelSet
from asd_core.explain.bursts import burst_period, n_moments, place_in_words
from asd_core.explain.explanation import Explanation, explain, with_map
from asd_core.features import Representation, extract_version, map_grid, undenoised
from asd_core.sound import Clip


@dataclass(frozen=True)
class Place:
    """Where one detector's map is strongest.

    Attributes:
        detector: whose map it is.
        t0, t1: in s.
        f0, f1: in Hz.
        words: for people, with the period of what repeats.
    """

    detector: str
    t0: float
    t1: float
    f0: float
    f1: float
    words: str


def place_of(explanation: Explanation, representation: Representation) -> Place | None:
    """The place that an explanation shows; ``None`` where it has no map, or nothing is in it.

    Args:
        representation: of the explanation's detector.
    """
    span, grid = explanation.why, map_grid(undenoised(representation))
    if explanation.map is None or span is None or grid is None:
        return None
    hertz = grid.frequencies()
    rows = (hertz >= span.f0) & (hertz <= span.f1)
    loudness = explanation.map[rows].clip(min=0.0).sum(axis=0)
    hop_seconds = grid.hop_length / grid.sample_rate
    words = place_in_words(span, burst_period(loudness, hop_seconds), n_moments(loudness, hop_seconds))
    return Place(explanation.detector, span.t0, span.t1, span.f0, span.f1, words)


def map_of(keys: Iterable[str]) -> str | None:
    """The first of some detectors that has an anomaly map; ``None`` when none has."""
    return next(iter(with_map(keys)), None)


def find_place(
    prepared: Clip, models: ModelSet, key: str, machine_id: str, recorded: Clip | None = None
) -> Place | None:
    """The place that a detector's map of a prepared clip shows.

    Args:
        recorded: the clip before it was denoised, where it was: for a detector that was trained on denoised sound.

    Raises:
        UnknownMachineError: when the detector does not know the machine.
    """
    one = ModelSet(models.folder, [key], shared=models)
    explanation = explain(
        one[key], one, extract_version(prepared, recorded or prepared, one.representations()), machine_id
    )
    return place_of(explanation, one[key].representation)
