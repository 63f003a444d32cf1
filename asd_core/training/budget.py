"""Which detectors fit into a time: an estimate that corrects itself by how long the first ones took on this machine."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from asd_core.datasets import N_FOLDS
from asd_core.detectors import detector_class
from asd_core.detectors.common.few_clips import defaults_for
from asd_core.features import MemberScores

# Seconds of fitting, at the standard preset, on 960 clips of 10 s and two cores: the demo's own training. Those that are not here
# take a moment. Checks, calibration and the untrained baseline take about as long again as a pass over the clips.
_SECONDS = {
    "f_anogan": 593.0,
    "act_embedding": 400.0,
    "cnn_ae": 140.0,
    "cnn_ae_masked": 108.0,
    "cnn_ae_skip": 59.0,
    "dcase_ae": 58.0,
    "idnn": 45.0,
    "vae_elbo": 22.0,
    "id_classifier": 20.0,
    "vae_kde": 16.0,
    "gwrp_gaussian": 4.0,
    "deep_svdd_soft": 3.6,
    "deep_svdd": 3.3,
    "rhythm": 1.8,
    "pca_kde": 1.4,
}
_CLIPS = 960
REFIT_SECONDS = 10.0  # what four more fits may take for a cross-conformal calibration
# Its scores are in units of eps, the knee of a curve, which jumps from fold to fold: five folds stray as far as one (docs/coverage.md).
UNSTABLE = {"pca_dbscan"}
_CHEAP = 2.0  # s of the same, that are a small share of fitting all
_OTHERWISE = 0.5  # seconds of the checks and of writing, whatever the detector


def expected_amount(n_clips: int, seconds: Sequence[float]) -> float:
    """About how many clips of 10 s there are to fit on: a longer one is several, a shorter one takes about as long as one.

    Args:
        n_clips: how many are fitted on.
        seconds: of some of them; where none is known, all count as 10 s.
    """
    return n_clips * sum(max(1.0, s / 10.0) for s in seconds) / len(seconds) if seconds else float(n_clips)


def expected_seconds(key: str, n_clips: float) -> float:
    """About how long a detector takes to fit on ``n_clips`` clips of 10 s, on the machine that the figures are of; with the fits
    that calibrate it where there are any."""
    return _OTHERWISE + expected_fit(key, n_clips) * (N_FOLDS if refitted(key, n_clips) else 1)


def refitted(key: str, n_clips: float, preset: str = "standard") -> bool:
    """Whether a detector's calibration is cross-conformal: four more fits are expected to take :data:`REFIT_SECONDS` at most
    and give scores on one scale.

    A rule by size, not by the clock: the same clips are always calibrated in the same way. Longer clips count as several of 10 s,
    and more epochs than the standard preset's as longer fits. What learns from the others' scores
    is not refitted: it learns from their held-out clips alone.
    """
    if key in UNSTABLE or isinstance(detector_class(key).info.representation, MemberScores):
        return False
    longer = max(1.0, _epochs(key, preset) / _epochs(key, "standard"))
    return (N_FOLDS - 1) * expected_fit(key, n_clips) * longer <= REFIT_SECONDS


def _epochs(key: str, preset: str) -> float:
    """How often a detector goes through the clips; 1 where it does so once."""
    return float(getattr(detector_class(key).create(preset), "epochs", 1) or 1)


def expected_fit(key: str, n_clips: float) -> float:
    """The same of one fit alone, without the checks and those that calibrate it."""
    epochs = defaults_for(key, int(n_clips)).get("epochs")
    more = epochs / _epochs(key, "standard") if epochs else 1.0  # of few clips a network may take more passes
    return _SECONDS.get(key, 0.1) * n_clips / _CLIPS * more


def is_cheap(key: str) -> bool:
    """Whether fitting a detector is a small share of fitting all: it may be fitted again for a check."""
    return _SECONDS.get(key, 0.1) <= _CHEAP


def duration(seconds: float) -> str:
    """A time for people: 20 s, 3 min."""
    return f"{max(1, round(seconds))} s" if seconds < 90 else f"{round(seconds / 60)} min"


def cheapest_first(keys: Iterable[str]) -> list[str]:
    """Keys in the order in which a budget is spent; what learns from the others' scores comes last."""
    return sorted(
        keys,
        key=lambda key: (isinstance(detector_class(key).info.representation, MemberScores), _SECONDS.get(key, 0.1)),
    )


def within(keys: Iterable[str], n_clips: float, seconds: float) -> list[str]:
    """The detectors, the cheapest first, that are expected to fit into a time: at least one."""
    chosen: list[str] = []
    total = 0.0
    for key in cheapest_first(keys):
        total += expected_seconds(key, n_clips)
        if chosen and total > seconds:
            break
        chosen.append(key)
    return chosen


@dataclass
class Budget:
    """A time to train in.

    Attributes:
        seconds: how long; unlimited for ``None``.
        n_clips: of 10 s, that each detector learns from.
        spent, predicted: of the detectors that were trained, in s.
    """

    seconds: float | None
    n_clips: float
    spent: float = 0.0
    predicted: float = 0.0
    done: list[str] = field(default_factory=list)

    @property
    def speed(self) -> float:
        """How many times as long as expected this machine took so far."""
        return self.spent / self.predicted if self.predicted > 0 else 1.0

    def expects(self, key: str) -> float:
        """Seconds that a detector is expected to take on this machine."""
        return expected_seconds(key, self.n_clips) * self.speed

    def allows(self, key: str) -> bool:
        """Whether a detector is expected to end in time; the first one always does."""
        return self.seconds is None or not self.done or self.spent + self.expects(key) <= self.seconds

    def took(self, key: str, seconds: float) -> None:
        """Count a detector that was trained."""
        self.spent += seconds
        self.predicted += expected_seconds(key, self.n_clips)
        self.done.append(key)

    def left(self, keys: Sequence[str]) -> float:
        """Seconds until these are trained, too, those left out that are not expected to end in time."""
        total = 0.0
        for key in keys:
            expected = self.expects(key)
            if self.seconds is None or self.spent + total + expected <= self.seconds:
                total += expected
        return total

    def left_after(self, key: str, seconds: float, keys: Sequence[str]) -> float:
        """:meth:`left` of these once another detector has taken some seconds."""
        then = replace(self, done=[*self.done])
        then.took(key, seconds)
        return then.left(keys)
