"""The factory around the machine: broadband noise, steady tonal lines from a pool of scenes, passing events."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy import fft

from asd_core.datasets.slide_rail.machines import SAMPLE_RATE

RMS = 0.0109
"""Root mean square of the background: recordings are all brought to about this level."""

# Long-term level (dB, arbitrary reference) against frequency (Hz), read off recorded normal clips of id 00.
_LEVEL_HZ = (
    0, 30, 60, 120, 250, 375, 500, 650, 850, 1000,
    1300, 1700, 2200, 2900, 3800, 5000, 6200, 7200, 8000,
)  # fmt: skip
_LEVEL_DB = (
    -30, -20, -17, -18, -18.5, -22, -26, -27.5, -29.5, -31,
    -33, -34.5, -36, -38.5, -40.5, -43, -45, -47, -48.5,
)  # fmt: skip

N_SCENES = 12
_POOL_SEED = 20_200_430  # the factory is the same for every clip and every user


@lru_cache(maxsize=1)
def _scenes() -> tuple[tuple[tuple[float, float, float], ...], ...]:
    """The pool: for each scene, its lines as (Hz, dB over the noise, width in Hz)."""
    rng = np.random.default_rng(_POOL_SEED)
    scenes = []
    for number in range(N_SCENES):
        # A third of the recordings have no neighbour running; in the others one machine gives a family of lines.
        count = 0 if number % 3 == 0 else int(rng.integers(2, 9))
        base = rng.uniform(90, 480)
        lines = [
            (
                min(base * rng.integers(1, 9) * rng.choice([1.0, 1.0, 1.31]), 4200.0),
                float(rng.uniform(3, 16)),
                float(rng.uniform(0.15, 1.0)),
            )
            for _ in range(count)
        ]
        scenes.append(tuple(lines))
    return tuple(scenes)


@lru_cache(maxsize=4)
def _noise_shape(n_samples: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Frequencies (Hz) and level (dB) of the average noise, both `(n_samples // 2 + 1,)`."""
    hz = fft.rfftfreq(n_samples, 1 / SAMPLE_RATE)
    return hz, np.interp(hz, _LEVEL_HZ, _LEVEL_DB)


def background(n_samples: int, rng: np.random.Generator) -> NDArray[np.float32]:
    """Factory noise of RMS `RMS` (give or take the level jitter), float32 `(n_samples,)`."""
    hz, level = _noise_shape(n_samples)
    level = level + _tilt(hz, rng)
    for line_hz, line_db, width in _scenes()[int(rng.integers(N_SCENES))]:
        if rng.random() < 0.2:  # the neighbour runs, but this part of it does not
            continue
        centre = line_hz * (1 + 0.001 * rng.standard_normal())
        peak_db = line_db + 1.5 * rng.standard_normal() + 10 * np.log10(8.0 / width)
        lo, hi = np.searchsorted(hz, (centre - 5 * width, centre + 5 * width))
        bump = np.exp(-0.5 * ((hz[lo:hi] - centre) / width) ** 2) * 10 ** (peak_db / 10)
        level[lo:hi] += 10 * np.log10(1 + bump)
    spectrum = rng.standard_normal((hz.size, 2), dtype=np.float32)
    spectrum *= (10 ** (level / 20)).astype(np.float32)[:, None]
    noise: NDArray[np.float32] = fft.irfft(spectrum.view(np.complex64)[:, 0], n_samples)
    noise *= RMS * np.exp(0.08 * rng.standard_normal()) / noise.std()
    for _ in range(int(rng.poisson(0.6))):
        _add_event(noise, rng)
    return noise


def _tilt(hz: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.float64]:
    """Slow departure (dB) of one clip's noise from the average: other places, doors, loads."""
    octave = np.log2(np.maximum(hz, 60) / 60) / 7  # 0 at 60 Hz, about 1 at 8 kHz
    knots = np.linspace(0, 1.02, 9)
    return np.interp(octave, knots, rng.normal(0, 1.3, knots.size))


def _add_event(noise: NDArray[np.float32], rng: np.random.Generator) -> None:
    """Add one passing event in place: a beep, a clank, a hiss or a rumble."""
    kind = rng.choice(4, p=(0.35, 0.2, 0.25, 0.2))
    seconds = (rng.uniform(0.1, 0.3), rng.uniform(0.15, 0.5), rng.uniform(0.5, 6), rng.uniform(0.5, 2.5))[kind]
    n = min(int(seconds * SAMPLE_RATE), noise.size)
    start = int(rng.integers(0, noise.size - n + 1))
    t = np.arange(n) / SAMPLE_RATE
    fade = np.minimum(1, np.minimum(t, t[::-1]) / 0.05)
    if kind == 0:
        event = np.sin(2 * np.pi * rng.choice([5800, 6150]) * t) * fade * rng.uniform(0.2, 0.8)
    elif kind == 1:
        modes = rng.uniform(300, 5000, 6)
        event = (np.sin(2 * np.pi * modes[:, None] * t) * np.exp(-t * rng.uniform(8, 60, (6, 1)))).sum(0)
        event = event * rng.uniform(0.1, 0.7)
    else:
        low, high = ((1500, 8000), (80, 2500))[kind - 2]
        hz = fft.rfftfreq(n, 1 / SAMPLE_RATE)
        centre = np.exp(rng.uniform(np.log(low), np.log(high)))
        shape = np.exp(-0.5 * (np.log2(np.maximum(hz, 1) / centre) / rng.uniform(0.4, 1)) ** 2)
        event = fft.irfft(shape * np.exp(2j * np.pi * rng.random(hz.size)), n)
        event = event / event.std() * fade * (rng.uniform(0.05, 0.25), rng.uniform(0.1, 0.5))[kind - 2]
    noise[start : start + n] += (0.3 * RMS * event).astype(np.float32)
