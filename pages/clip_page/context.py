"""What the views below the player are drawn from."""

from dataclasses import dataclass

from asd_core.sound import Signal
from pages.clip_page.picker import Picked
from pages.components.player import Region
from pages.shared.choice import Choice


@dataclass(frozen=True, eq=False)
class ClipContext:
    """The open clip, and what is chosen in the player."""

    selected: Choice
    picked: Picked
    signal: Signal  # at the player's strength
    region: Region | None  # dragged in the player
    best_map: str | None  # the best detector with an anomaly map: its map is on until the listener chooses another

    def key(self, signal: Signal) -> tuple[object, ...]:
        """A key for a signal and the chosen detectors."""
        return (*signal.key(), *self.detectors_key())

    def detectors_key(self) -> tuple[object, ...]:
        """A key for the chosen detectors and the machine."""
        selected = self.selected
        return (selected.machine_id, *selected.source.key(), tuple(selected.detectors))
