"""How the carriage moves: strokes with acceleration, cruise and braking, out and back, and dwell between them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from asd_core.datasets.slide_rail.machines import SAMPLE_RATE, Machine

CONTROL_RATE = 1_000
"""Motion is computed at this rate (Hz) and interpolated: the carriage has no faster dynamics."""


@dataclass(frozen=True)
class Stroke:
    """One travel of the carriage. Times in s from the clip's start (may lie outside the clip)."""

    start: float
    ramp: float
    cruise: float
    outward: bool

    @property
    def end(self) -> float:
        """When the carriage stands still again."""
        return self.start + 2 * self.ramp + self.cruise


@dataclass(frozen=True)
class Motion:
    """Strokes and the curves they give, all at `CONTROL_RATE`, shape (n,)."""

    strokes: tuple[Stroke, ...]
    times: NDArray[np.float64]
    speed: NDArray[np.float64]
    """Speed relative to cruise, 0 at rest."""
    position: NDArray[np.float64]
    """Place on the rail, 0 (home) to 1 (far end); home while at rest before an outward stroke."""

    def crossings(self, place: float) -> list[float]:
        """Times (s) at which the carriage passes `place` (0 to 1) on the rail."""
        side = self.position > place
        return [float(self.times[i]) for i in np.flatnonzero(side[1:] != side[:-1])]


def plan(machine: Machine, duration: float, rng: np.random.Generator) -> Motion:
    """Draw the strokes of one clip, which starts at a random point of the machine's cycle."""
    pace = 1 + 0.03 * rng.standard_normal()
    jitter = machine.timing_jitter
    time = -pace * rng.uniform(0, 2 * (machine.cruise_time + 2 * machine.ramp_time) + sum(machine.pauses))
    strokes: list[Stroke] = []
    while time < duration:
        stretch = np.clip(1 + jitter * rng.standard_normal(3), 0.6, 1.4) * pace
        stroke = Stroke(time, machine.ramp_time * stretch[0], machine.cruise_time * stretch[1], len(strokes) % 2 == 0)
        strokes.append(stroke)
        time = stroke.end + machine.pauses[(len(strokes) - 1) % len(machine.pauses)] * stretch[2]
    times = np.arange(round(duration * CONTROL_RATE)) / CONTROL_RATE
    speed = np.zeros_like(times)
    position = np.zeros_like(times)
    for stroke in strokes:
        # Distance covered is 1 by definition: a longer stroke is a slower one over the same rail.
        since = times - stroke.start
        profile = np.clip(np.minimum(since, stroke.end - stroke.start - since) / stroke.ramp, 0, 1)
        profile = np.sin(0.5 * np.pi * profile) ** 2  # S-curve: drives limit the jerk
        speed += profile
        covered = _covered(since, stroke)
        position = np.where(since >= 0, covered if stroke.outward else 1 - covered, position)
    return Motion(tuple(strokes), times, speed, position)


def _covered(since: NDArray[np.float64], stroke: Stroke) -> NDArray[np.float64]:
    """Part of the rail (0 to 1) covered `since` seconds after the stroke's start."""
    total = stroke.ramp + stroke.cruise

    def ramp_area(t: NDArray[np.float64]) -> NDArray[np.float64]:
        u = np.clip(t / stroke.ramp, 0, 1)
        area: NDArray[np.float64] = stroke.ramp * (0.5 * u - np.sin(np.pi * u) / (2 * np.pi))
        return area

    cruise = np.clip(since - stroke.ramp, 0, stroke.cruise)
    braking = since - stroke.ramp - stroke.cruise
    last = ramp_area(np.full_like(since, stroke.ramp)) - ramp_area(stroke.ramp - np.clip(braking, 0, stroke.ramp))
    covered: NDArray[np.float64] = (ramp_area(since) + cruise + last) / total
    return covered


def upsample(curve: NDArray[np.float64], n_samples: int) -> NDArray[np.float32]:
    """A control curve `(n,)` -> the same curve at the audio rate, float32 `(n_samples,)`."""
    grid = np.arange(n_samples) * (CONTROL_RATE / SAMPLE_RATE)
    audio: NDArray[np.float32] = np.interp(grid, np.arange(curve.size), curve).astype(np.float32)
    return audio
