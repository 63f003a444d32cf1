"""The microphones: one of a measuring kit, and one of a phone in a corner."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import fft

from asd_core.datasets.slide_rail import SAMPLE_RATE

# Response (dB) at frequencies (Hz), between which it is straight over the frequency's logarithm.
_RESPONSES: dict[str, tuple[tuple[float, ...], tuple[float, ...]]] = {
    "a": ((20.0, 8000.0), (0.0, 0.0)),
    "b": (
        (20.0, 90.0, 180.0, 500.0, 1200.0, 2600.0, 4000.0, 6500.0, 8000.0),
        (-14.0, -6.0, -2.0, 0.0, 1.5, 5.0, 2.0, -4.0, -8.0),
    ),
}
MICROPHONES = tuple(_RESPONSES)


def heard_by(microphone: str, sound: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.float32]:
    """What a microphone makes of a sound `(n_samples,)`, float32; its place, and so its response, is never quite the same
    (0.4 dB of standard deviation an octave)."""
    at, response = _RESPONSES[microphone]
    hz = np.maximum(fft.rfftfreq(sound.size, 1 / SAMPLE_RATE), 20.0)
    octave = np.log2(hz / 20.0)
    place = np.interp(octave, np.arange(10), 0.4 * rng.standard_normal(10))
    decibels = np.interp(np.log(hz), np.log(at), response) + place
    heard: NDArray[np.float32] = fft.irfft(fft.rfft(sound) * (10 ** (decibels / 20)).astype(np.float32), sound.size)
    return heard
