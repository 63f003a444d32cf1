"""What the player is given and what it gives back."""

from dataclasses import asdict, dataclass

from asd_core.features import Array
from asd_core.sound import Signal


@dataclass(frozen=True)
class Region:
    """A stretch of time in seconds and a band of frequencies in Hz."""

    t0: float
    t1: float
    f0: float
    f1: float

    def as_dict(self) -> dict[str, float]:
        return asdict(self)


@dataclass(frozen=True)
class Shown:
    """A region drawn over the pictures."""

    region: Region
    label: str
    colour: str  # as CSS has it


@dataclass(frozen=True, eq=False)
class Overlay:
    """A detector's anomaly map."""

    key: str
    title: str
    map: Array  # (n_mels, n_frames) from 0 to 1, frames as LogMel has them


@dataclass(frozen=True, eq=False)
class PlayerState:
    """What is chosen in a player."""

    signal: Signal  # at the chosen strength
    version: str  # recorded or denoised: what is played and drawn
    region: Region | None
    overlay: str | None  # key of the detector whose map is asked for
    turn: int  # how often the browser has sent its state

    @property
    def played(self) -> Signal:
        """The signal of the version that is played."""
        return self.signal if self.version == "denoised" else self.signal.dry
