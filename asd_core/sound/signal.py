"""A clip as it is played, scored and explained: one channel, at a strength of its denoising."""

import math
from dataclasses import dataclass, replace

from asd_core.sound.denoise import KINDS, DenoiseMix, Kind
from asd_core.sound.recording import Channel, Clip

RECORDED, DENOISED = "as recorded", "denoised"
ORIGINAL = "original"  # in files, under a heading that says that it is a version of a clip
Noise = tuple[float, float] | None  # start and end in s of the stretch that is taken for noise; None: the whole clip


def strength_within(value: object, default: float) -> float:
    """A strength that comes from outside (an address, a browser), limited to 0 to 1; the default for what is no number."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return default
    return min(1.0, max(0.0, float(value)))


def version_name(strength: float) -> str:
    """What a column of a file calls a clip denoised at a strength: ``original`` at 0, ``denoised`` above."""
    return DENOISED if strength > 0.0 else ORIGINAL


@dataclass(frozen=True, eq=False)
class Signal:
    """What a page is about at a moment. Everything that depends on the signal (cache keys, address, player) is read from it.

    Attributes:
        clip: prepared, ``(1, n_samples)`` at the detectors' rate.
        channel: of the recording that the clip is.
        mix: of its denoising; ``None`` where it is not computed: the signal is then as recorded at any strength.
        kind, noise: of the denoising.
        strength: from 0 (as recorded) to 1.
    """

    clip: Clip
    channel: Channel = 0
    mix: DenoiseMix | None = None
    kind: Kind = KINDS[0]
    noise: Noise = None
    strength: float = 0.0

    def at(self, strength: float) -> "Signal":
        """The same clip at another strength."""
        return replace(self, strength=strength)

    @property
    def dry(self) -> "Signal":
        """The same clip as recorded."""
        return self.at(0.0)

    @property
    def is_denoised(self) -> bool:
        return self.mix is not None and self.strength > 0.0

    @property
    def version(self) -> str:
        """The version's name in the columns of files."""
        return version_name(self.strength if self.mix else 0.0)

    @property
    def output(self) -> Clip:
        """The clip at the strength.

        Raises:
            ValueError: for a strength outside 0 to 1.
        """
        return self.clip.with_samples(self.mix.at(self.strength)) if self.mix and self.is_denoised else self.clip

    @property
    def description(self) -> str:
        """For people, with the strength."""
        return f"{DENOISED} at {self.strength:.2f}" if self.is_denoised else RECORDED

    def denoising_key(self) -> tuple[object, ...]:
        """Identifies this clip's denoising at all strengths: for caches."""
        return (*self.dry.key(), self.kind, self.noise)

    def key(self) -> tuple[object, ...]:
        """Identifies the signal: for caches. As recorded, the kind of denoising does not count."""
        if self.is_denoised:
            return (*self.denoising_key(), self.strength)
        return (self.clip.sha256, self.channel, self.clip.sample_rate)
