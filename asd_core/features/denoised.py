"""Representations of denoised sound: the input of detectors that were trained on it, and of experiments."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar

from asd_core.errors import ClipError
from asd_core.features.base import Array, Features, Representation, extract
from asd_core.sound import KINDS, Clip, DenoiseMix, Kind, denoise_mix


@dataclass(frozen=True)
class Denoised:
    """A representation of the clip after denoising at a strength above 0, whatever the clip: it is given as recorded.

    Raises:
        ClipError: for a strength outside 0 to 1, or an unknown kind of denoising.
    """

    kind: ClassVar[str] = "denoised"
    base: Representation
    strength: float
    method: Kind = "stationary"

    def __post_init__(self) -> None:
        if not 0.0 < self.strength <= 1.0 or self.method not in KINDS:
            raise ClipError(
                f"Denoising at {self.strength:g}, {self.method}, is not possible: choose a strength above 0 up to 1, "
                f"{' or '.join(KINDS)}."
            )

    @property
    def sample_rate(self) -> int:
        return self.base.sample_rate

    def transform(self, clip: Clip) -> Array:
        return self.base.transform(clip.with_samples(_ends(clip, self.method).at(self.strength)))


def of_denoised(representation: Representation, strength: float, method: Kind = "stationary") -> Representation:
    """The representation of a clip denoised at a strength; as it is at 0."""
    return Denoised(representation, strength, method) if strength else representation


def undenoised(representation: Representation) -> Representation:
    """The representation without its denoising: its bands and hops are the same."""
    return representation.base if isinstance(representation, Denoised) else representation


def extract_version(
    version: Clip,
    recorded: Clip,
    representations: Iterable[Representation],
    refused: dict[Representation, str] | None = None,
) -> Features:
    """Representations of a version of a clip (as recorded, or denoised by a listener). Those that denoise it themselves take
    the clip as recorded: denoised twice it would be sound that their detectors never learned.

    Args:
        version, recorded: one clip, prepared.
        refused: see :func:`asd_core.features.extract`.
    """
    wanted = list(representations)
    own = [one for one in wanted if isinstance(one, Denoised)]
    others = [one for one in wanted if one not in own]
    return {**extract(version, others, refused), **extract(recorded, own, refused)}


_last: dict[str, tuple[Clip, Kind, DenoiseMix]] = {}


def _ends(clip: Clip, method: Kind) -> DenoiseMix:
    """The clip denoised at strengths 0 and 1; the result for the last clip is cached, so that all strengths and
    representations of it cost two calls of the gate."""
    last = _last.get("clip")  # read once: another thread may put another clip there
    if last is None or last[0] is not clip or last[1] != method:
        last = _last["clip"] = (clip, method, denoise_mix(clip.samples[0], clip.sample_rate, kind=method))
    return last[2]
