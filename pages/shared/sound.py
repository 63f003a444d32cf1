"""A clip at a strength of its denoising: what is heard, scored and explained."""

from dataclasses import dataclass

from asd_core.scoring import denoised
from asd_core.settings import get_settings
from asd_core.sound import Clip, DenoiseEnds, Kind

RECORDED, DENOISED = "as recorded", "denoised"


@dataclass(frozen=True, eq=False)
class Sound:
    """A prepared clip as recorded, or denoised."""

    clip: Clip  # prepared: one channel, at the detectors' rate
    ends: DenoiseEnds | None  # of its denoising
    kind: Kind
    noise: tuple[float, float] | None  # the stretch in s that is taken for noise; the whole clip for ``None``
    strength: float  # 0: as recorded

    @property
    def heard(self) -> Clip:
        """The clip at the strength."""
        return denoised(self.clip, self.ends, self.strength) if self.ends and self.strength > 0 else self.clip

    @property
    def name(self) -> str:
        """For people, with the strength."""
        return f"{DENOISED} at {self.strength:.2f}" if self.strength else RECORDED

    def key(self) -> tuple[object, ...]:
        """What tells it from all other sounds: for caches."""
        how = (self.kind, self.noise, self.strength) if self.strength else ()
        return (self.clip.sha256, get_settings().channel, *how)
