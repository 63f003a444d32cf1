"""What the moving carriage sounds like: motor harmonics, rolling noise through the rail, end-stop impacts."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy import fft

from asd_core.datasets.slide_rail.machines import SAMPLE_RATE, Machine
from asd_core.datasets.slide_rail.motion import CONTROL_RATE, Motion, upsample

NYQUIST_GUARD = 7_600.0
"""Harmonics fade out before this frequency (Hz), so that chirps do not alias."""


def motor(machine: Machine, speed: NDArray[np.float64], n_samples: int, phase: float) -> NDArray[np.float32]:
    """Harmonics that chirp with the speed, float32 `(n_samples,)`; `phase` (rad) is where the rotor starts."""
    # float64 until the phase is wrapped: 10 s at kilohertz is more turns than float32 resolves.
    turns = np.cumsum(speed) * (machine.motor_hz / CONTROL_RATE)
    grid = np.arange(n_samples) * (CONTROL_RATE / SAMPLE_RATE)
    angle = np.interp(grid, np.arange(turns.size), turns)
    angle -= np.floor(angle)
    rotor = np.exp(1j * (2 * np.pi * angle.astype(np.float32) + np.float32(phase)))
    total = np.zeros(n_samples, np.float32)
    wave = np.ones(n_samples, np.complex64)
    for number, gain in enumerate(machine.harmonics, start=1):
        wave *= rotor
        hz = number * machine.motor_hz * speed
        fade = np.clip((NYQUIST_GUARD - hz) / 400, 0, 1)
        total += wave.imag * upsample(gain * np.sqrt(speed) * fade, n_samples)
    return total


@lru_cache(maxsize=16)
def _rail_response(machine: Machine, n_samples: int) -> NDArray[np.float32]:
    """Magnitude of the rail's response to rolling, `(n_samples // 2 + 1,)`, for unit-RMS noise."""
    hz = fft.rfftfreq(n_samples, 1 / SAMPLE_RATE)
    power = np.full_like(hz, 0.02)
    for mode, gain in zip(machine.modes_hz, machine.mode_gains, strict=True):
        power += gain**2 / (1 + ((hz - mode) / (0.09 * mode)) ** 2)
    # Wheels excite the rail little below some hundred hertz.
    power *= hz**2 / (hz**2 + 300.0**2)
    # irfft divides by n, and a bin's real and imaginary parts both have variance 1: E[x^2] = 4 sum(power) / n^2.
    magnitude: NDArray[np.float32] = (0.5 * n_samples * np.sqrt(power / power.sum())).astype(np.float32)
    return magnitude


def rail_noise(machine: Machine, n_samples: int, rng: np.random.Generator) -> NDArray[np.float32]:
    """Steady unit-RMS noise with the rail's colour, float32 `(n_samples,)`: to be shaped in time by the caller."""
    response = _rail_response(machine, n_samples)
    spectrum = rng.standard_normal((response.size, 2), dtype=np.float32) * response[:, None]
    noise: NDArray[np.float32] = fft.irfft(spectrum.view(np.complex64)[:, 0], n_samples)
    return noise


def ring(
    modes_hz: NDArray[np.float64], gains: NDArray[np.float64], decay: float, rng: np.random.Generator
) -> NDArray[np.float32]:
    """One knock: modes that ring down together, float32 `(n,)`, of unit energy over 10 ms; `decay` in s."""
    t = np.arange(int(6 * decay * SAMPLE_RATE)) / SAMPLE_RATE
    modes = modes_hz * (1 + 0.01 * rng.standard_normal(modes_hz.size))
    phases = rng.uniform(0, 2 * np.pi, modes.size)
    # Higher modes die sooner.
    rates = (modes / modes.mean()) ** 0.5 / decay
    waves = np.sin(2 * np.pi * modes[:, None] * t + phases[:, None]) * np.exp(-rates[:, None] * t)
    knock = gains @ waves
    knock *= np.minimum(1, t / 0.0005)  # contact takes half a millisecond
    energy = np.sum(knock**2) / (0.01 * SAMPLE_RATE)
    unit: NDArray[np.float32] = (knock / np.sqrt(energy + 1e-12)).astype(np.float32)
    return unit


def add_at(target: NDArray[np.float32], wave: NDArray[np.float32], seconds: float, gain: float) -> None:
    """Add `gain * wave` to `target` in place from `seconds` on; what lies outside the clip is cut."""
    start = round(seconds * SAMPLE_RATE)
    lo, hi = max(start, 0), min(start + wave.size, target.size)
    if lo < hi:
        target[lo:hi] += np.float32(gain) * wave[lo - start : hi - start]


def machine_sound(
    machine: Machine,
    motion: Motion,
    speed: NDArray[np.float64],
    n_samples: int,
    rng: np.random.Generator,
) -> NDArray[np.float32]:
    """The healthy machine (motor + rolling + end stops), float32 `(n_samples,)`, unit level at cruise.

    `speed` is `motion.speed`, or the speed that a loose belt makes of it.
    """
    total = motor(machine, speed, n_samples, rng.uniform(0, 2 * np.pi))
    total *= np.float32(np.sqrt(2) / np.linalg.norm(machine.harmonics) * np.exp(0.15 * rng.standard_normal()))
    rolling = rail_noise(machine, n_samples, rng)
    # Out and back do not sound quite alike, and no two strokes are equally loud.
    loudness = np.ones_like(motion.times)
    for stroke in motion.strokes:
        inside = (motion.times >= stroke.start) & (motion.times < stroke.end)
        loudness[inside] = np.exp(0.15 * rng.standard_normal()) * (1.0 if stroke.outward else 0.85)
    envelope = upsample(np.maximum(speed, 0) ** 1.2 * loudness, n_samples)
    rolling *= envelope * np.float32(machine.roughness * np.exp(0.2 * rng.standard_normal()))
    total += rolling
    modes, gains = np.array(machine.modes_hz), np.array(machine.mode_gains)
    for stroke in motion.strokes:
        knock = ring(modes, gains, 0.02, rng)
        gain = machine.impact * float(np.exp(0.35 * rng.standard_normal()))
        add_at(total, knock, stroke.end - 0.3 * stroke.ramp, gain)
    return total
