"""The three faults, each with a strength from 0 (none) upwards, as a change of the healthy fan."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from asd_core.datasets.fan.machines import Fan
from asd_core.datasets.slide_rail import SAMPLE_RATE
from asd_core.datasets.slide_rail.sound import add_at, ring

FAULTS = ("imbalance", "clogging", "voltage_change")
"""Names of the faults."""


@dataclass(frozen=True)
class Change:
    """What a fault does to the fan; without arguments, nothing."""

    speed: float = 1.0  # factor
    tilt_db: float = 0.0  # of the air's noise, dB an octave
    air_db: float = 0.0
    tones_db: float = 0.0
    saturation: float = 0.0  # of the motor's iron
    modulation: float = 0.0  # depth, once a turn
    thump: float = 0.0  # level of a knock through the casing, once a turn


def change(fault: str | None, strength: float, rng: np.random.Generator) -> Change:
    """What a fault of this strength does; a voltage is too low or too high, by chance."""
    if fault == "imbalance":
        return Change(modulation=min(0.55 * strength, 0.9), thump=1.3 * strength)
    if fault == "clogging":
        return Change(tilt_db=-1.6 * strength, air_db=-1.5 * strength, tones_db=3.0 * strength)
    if fault == "voltage_change":
        return Change(speed=1 + rng.choice([-1, 1]) * 0.055 * strength, saturation=1.2 * strength)
    return Change()


def modulate(
    sound: NDArray[np.float32], turns: NDArray[np.float64], depth: float, rng: np.random.Generator
) -> NDArray[np.float32]:
    """A sound that swells once a turn, as the heavy side passes; `depth` from 0 to 1."""
    phase = rng.uniform(0, 2 * np.pi)
    return np.asarray(sound * (1 + depth * np.sin(2 * np.pi * turns + phase)), dtype=np.float32)


def thumps(fan: Fan, turns: NDArray[np.float64], level: float, rng: np.random.Generator) -> NDArray[np.float32]:
    """A dull knock through the casing once a turn, float32 `(n_samples,)`."""
    added = np.zeros(turns.size, np.float32)
    modes = np.array(fan.duct_hz[:3])
    gains = np.array([1.0, 0.7, 0.4])
    place = rng.random()
    for start in np.flatnonzero(np.diff(np.floor(turns - place)) > 0):
        knock = ring(modes, gains, 0.012, rng)
        add_at(added, knock, start / SAMPLE_RATE, level * float(np.exp(0.2 * rng.standard_normal())))
    return added
