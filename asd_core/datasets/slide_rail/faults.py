"""The three faults, named as MIMII names them, each audible only in short or modulated events.

Every function returns what the fault adds to the healthy machine and the times at which it is heard. `strength` is
an amplitude relative to the machine at cruise: it grows with the severity, on a scale that is the machine's own.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import fft

from asd_core.datasets.slide_rail.machines import SAMPLE_RATE, Machine
from asd_core.datasets.slide_rail.motion import Motion, Stroke
from asd_core.datasets.slide_rail.sound import add_at, ring

FAULTS = ("rail_damage", "loose_belt", "no_grease")
"""Names of the faults."""

Events = list[tuple[float, float]]
"""Start and end (s) of each time a fault is heard."""


def rail_damage(
    machine: Machine, motion: Motion, strength: float, n_samples: int, rng: np.random.Generator
) -> tuple[NDArray[np.float32], Events]:
    """A dent at one place of the rail: two knocks (front and rear bearing block) each time the carriage passes."""
    place = rng.uniform(0.3, 0.7)
    added = np.zeros(n_samples, np.float32)
    events: Events = []
    # The dent excites the rail's modes, with weights of its own.
    modes = np.array(machine.modes_hz[1:])
    gains = np.array(machine.mode_gains[1:]) * rng.uniform(0.6, 1.6, modes.size) * np.linspace(0.6, 1.4, modes.size)
    spacing = rng.uniform(0.05, 0.12)
    for block in (place - spacing, place + spacing):
        for time in motion.crossings(block):
            pace = float(np.interp(time, motion.times, motion.speed))
            gain = 9.0 * strength * pace * float(np.exp(0.25 * rng.standard_normal()))
            knock = ring(modes, gains, 0.03, rng)
            add_at(added, knock, time, gain)
            events.append((time, time + knock.size / SAMPLE_RATE))
    return added, events


def flutter(motion: Motion, severity: float, rng: np.random.Generator) -> NDArray[np.float64]:
    """Speed of the carriage on a loose belt, shape of `motion.speed`: it surges at some hertz while moving."""
    rate = rng.uniform(9, 16)
    wobble = np.sin(2 * np.pi * rate * motion.times + rng.uniform(0, 2 * np.pi))
    speed: NDArray[np.float64] = motion.speed * (1 + 0.2 * severity * wobble)
    return speed


def belt_slap(
    machine: Machine, motion: Motion, strength: float, n_samples: int, rng: np.random.Generator
) -> tuple[NDArray[np.float32], Events]:
    """The loose belt strikes its guide when the drive pulls away and when it brakes: a few dull, dying slaps."""
    added = np.zeros(n_samples, np.float32)
    events: Events = []
    modes = np.array([410.0, 730.0, 1250.0, 2100.0, 3100.0]) * rng.uniform(0.85, 1.2)
    gains = np.array([0.6, 0.8, 1.0, 0.9, 0.6])
    for stroke in motion.strokes:
        for time in (stroke.start + 0.3 * stroke.ramp, stroke.end - 0.7 * stroke.ramp):
            for bounce in range(3):
                when = time + 0.045 * bounce * rng.uniform(0.8, 1.2)
                gain = 6.0 * strength * 0.6**bounce * float(np.exp(0.3 * rng.standard_normal()))
                add_at(added, ring(modes, gains, 0.03, rng), when, gain)
        events.append((stroke.start, stroke.end + 0.3))
    return added, events


def no_grease(
    machine: Machine, motion: Motion, strength: float, n_samples: int, rng: np.random.Generator
) -> tuple[NDArray[np.float32], Events]:
    """Dry friction: hoarse noise while the carriage moves, and squeals where it sticks and slips (slow speed)."""
    added = np.zeros(n_samples, np.float32)
    events: Events = []
    pitch = rng.uniform(1700, 3400)
    for stroke in motion.strokes:
        _hoarse(added, stroke, 1.25 * strength, rng)
        events.append((stroke.start, stroke.end + 0.01))
        for time in (stroke.start + 0.3 * stroke.ramp, stroke.end - 1.2 * stroke.ramp):
            loud, length = float(np.exp(0.4 * rng.standard_normal())), rng.uniform(0.05, 0.14)
            squeal = _squeal(pitch * (1 + 0.03 * rng.standard_normal()), length, rng)
            if rng.random() < 0.3 + 0.5 * strength:
                add_at(added, squeal, time, 3.0 * strength * loud)
                events.append((time, time + length))
    return added, events


def _hoarse(added: NDArray[np.float32], stroke: Stroke, gain: float, rng: np.random.Generator) -> None:
    """Add friction noise of 2 to 7 kHz over one stroke, rough in time as dry contact is."""
    n = int((stroke.end - stroke.start) * SAMPLE_RATE)
    hz = fft.rfftfreq(n, 1 / SAMPLE_RATE)
    shape = np.exp(-0.5 * ((hz - 4500) / 1500) ** 2)
    noise = fft.irfft(shape * np.exp(2j * np.pi * rng.random(hz.size)), n)
    grain = np.repeat(rng.exponential(1.0, n // 320 + 1), 320)[:n]  # 20 ms patches of contact
    u = np.arange(n) / n
    wave = (noise / noise.std() * grain * np.sin(np.pi * u) ** 0.5).astype(np.float32)
    add_at(added, wave, stroke.start, gain)


def _squeal(hz: float, length: float, rng: np.random.Generator) -> NDArray[np.float32]:
    """A stick-slip squeal of `length` s: a sawtooth-like tone that bends, float32, unit level."""
    t = np.arange(int(length * SAMPLE_RATE)) / SAMPLE_RATE
    bend = 1 + rng.uniform(-0.08, 0.08) * t / length
    angle = 2 * np.pi * np.cumsum(hz * bend) / SAMPLE_RATE
    tone = np.sin(angle) + (0.5 * np.sin(2 * angle) if hz < 3600 else 0)
    squeal: NDArray[np.float32] = (1.3 * tone * np.sin(np.pi * t / length) ** 2).astype(np.float32)
    return squeal
