"""What the views below the player are drawn from."""

from dataclasses import dataclass

from asd_core.sound import Clip, DenoiseEnds, Kind
from pages.clip_page.picker import Picked
from pages.components.player.parts import Region
from pages.shared.sidebar import Choice
from pages.shared.sound import Sound


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

    def sound(self, strength: float) -> Sound:
        """The clip at a strength; as recorded where there is no denoising yet."""
        return Sound(self.clip, self.ends, self.kind, self.noise, strength if self.ends else 0.0)

    def key(self, of: Sound) -> tuple[object, ...]:
        """What tells a sound and the chosen detectors from all others."""
        selected = self.selected
        return (*of.key(), selected.machine_id, *selected.source.key(), tuple(selected.detectors))
