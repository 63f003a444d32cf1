"""What the views below the player are drawn from."""

from dataclasses import dataclass

from asd_core.audio import Clip
from asd_core.denoise import DenoiseEnds, Kind
from pages.shared.picker import Picked
from pages.shared.player import Region
from pages.shared.sidebar import Choice


@dataclass(frozen=True, eq=False)
class ClipContext:
    """The open clip, how it is denoised, and what is chosen in the player."""

    selected: Choice
    picked: Picked
    clip: Clip  # prepared: one channel, at the detectors' rate
    ends: DenoiseEnds | None  # of its denoising; ``None`` while the denoiser is being imported
    kind: Kind
    noise: tuple[float, float] | None  # the stretch in s that is taken for noise
    strength: float
    region: Region | None  # dragged in the player
