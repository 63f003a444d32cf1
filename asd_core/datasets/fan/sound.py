"""What a turning fan sounds like: blade tones, the air's broadband noise, the motor's hum."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import fft

from asd_core.datasets.fan.machines import Fan
from asd_core.datasets.slide_rail import SAMPLE_RATE

MAINS_HZ = 50.0
GUARD_HZ = 7_600.0
"""Tones above are left out, so that none aliases."""
WANDER = 0.003
"""Relative standard deviation of the speed within a clip."""
KNOTS_HZ = 2.0
"""How often the speed's wandering turns: a rotor's inertia allows no faster change."""


def rotation(rpm: float, n_samples: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Turns of the rotor since the clip's start, `(n_samples,)`: the speed wanders slowly about `rpm`."""
    seconds = n_samples / SAMPLE_RATE
    knots = 1 + WANDER * rng.standard_normal(int(np.ceil(seconds * KNOTS_HZ)) + 2)
    times = np.arange(n_samples) / SAMPLE_RATE
    speed = rpm / 60 * np.interp(times * KNOTS_HZ, np.arange(knots.size), knots)
    return np.asarray(rng.random() + np.cumsum(speed) / SAMPLE_RATE)


def blade_tones(fan: Fan, turns: NDArray[np.float64], rpm: float, rng: np.random.Generator) -> NDArray[np.float32]:
    """The blade-pass frequency (blades x turns a second) and its harmonics, of unit RMS, float32 `(n_samples,)`."""
    gains = np.array(fan.blade_gains) * np.exp(0.1 * rng.standard_normal(len(fan.blade_gains)))
    phases = rng.uniform(0, 2 * np.pi, gains.size)
    # float64 until the phase is wrapped: 10 s at kilohertz is more turns than float32 resolves.
    passing = fan.blades * turns
    blade = np.exp(2j * np.pi * (passing - np.floor(passing)).astype(np.float32))
    wave, tones = np.ones(turns.size, np.complex64), np.zeros(turns.size, np.float32)
    for number, (gain, phase) in enumerate(zip(gains, phases, strict=True), start=1):
        wave *= blade
        if number * fan.blades * rpm / 60 < GUARD_HZ:
            tones += (wave * np.complex64(gain * np.exp(1j * phase))).imag
    tones *= np.float32(np.sqrt(2) / np.linalg.norm(fan.blade_gains))
    return tones


def air_noise(fan: Fan, rpm: float, tilt_db: float, n_samples: int, rng: np.random.Generator) -> NDArray[np.float32]:
    """Broadband noise of the air, of unit RMS without tilt, float32 `(n_samples,)`.

    It falls on both sides of a peak that moves with the tip speed, and is coloured by the duct, which does not move.
    `tilt_db` (dB an octave, about the peak) is what a clogged fan adds.
    """
    hz = np.maximum(fft.rfftfreq(n_samples, 1 / SAMPLE_RATE), 1.0)
    peak = fan.air_peak_hz * rpm / fan.nominal_rpm
    octaves = np.log2(hz / peak)
    power = 10 ** (-0.45 * np.abs(octaves))
    for mode in fan.duct_hz:
        power *= 1 + 2.0 / (1 + ((hz - mode) / (0.06 * mode)) ** 2)
    # irfft divides by n, and a bin's real and imaginary parts both have variance 1: E[x^2] = 4 sum(power) / n^2.
    shape = 0.5 * n_samples * np.sqrt(power / power.sum()) * 10 ** (tilt_db * octaves / 20)
    spectrum = rng.standard_normal((hz.size, 2), dtype=np.float32) * shape.astype(np.float32)[:, None]
    noise: NDArray[np.float32] = fft.irfft(spectrum.view(np.complex64)[:, 0], n_samples)
    return noise


def motor_hum(n_samples: int, saturation: float, rng: np.random.Generator) -> NDArray[np.float32]:
    """Twice the mains' frequency and its multiples, of unit RMS without saturation, float32 `(n_samples,)`.

    `saturation` (0 to 1) of the motor's iron, from too high or too low a voltage, raises the multiples.
    """
    period = round(SAMPLE_RATE / (2 * MAINS_HZ))  # in samples, a whole number of them
    turn = 2 * np.pi * np.arange(period) / period
    wave = np.zeros(period)
    for number, phase in enumerate(rng.uniform(0, 2 * np.pi, 6), start=1):
        wave += 0.5 ** (number - 1) * (1 + saturation * number) * np.sin(number * turn + phase)
    wave *= np.sqrt(2 * 0.75)  # the sum of 0.25^k is 4/3
    return np.resize(wave.astype(np.float32), n_samples)


def fan_level_db(fan: Fan, rpm: float, load: float) -> float:
    """Sound power level (dB) against nominal speed and no load: 10 log Q + 20 log P (Madison's law of fans, ASHRAE
    Handbook, HVAC Applications, sound and vibration control), with flow Q ~ speed and pressure P ~ speed squared, and
    with more load (0 to 1) less flow against more pressure."""
    speed = rpm / fan.nominal_rpm
    flow, pressure = speed * (1 - 0.4 * load), speed**2 * (1 + 0.6 * load)
    return float(10 * np.log10(flow) + 20 * np.log10(pressure))
