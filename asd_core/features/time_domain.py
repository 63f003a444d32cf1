"""Representations of the time signal: its level, and the rescaled waveform."""

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from asd_core.features.base import Array, mono
from asd_core.lazy import scipy
from asd_core.sound import Clip


@dataclass(frozen=True)
class Level:
    """Root mean square of the clip in dB re full scale: ``(1,)``."""

    kind: ClassVar[str] = "level"
    sample_rate: int = 16000

    def transform(self, clip: Clip) -> Array:
        samples = mono(clip, self.sample_rate)
        rms = np.sqrt(np.mean(np.square(samples), dtype=np.float64))
        return np.array([20.0 * np.log10(max(rms, 1e-8))], dtype=np.float32)


@dataclass(frozen=True)
class Waveform:
    """The rescaled time signal: the first seconds, low-passed and decimated, of unit RMS: ``(n_points,)`` float32.

    A shorter clip is followed by silence. Recordings of one machine do not line up in time: for experiments only.
    """

    kind: ClassVar[str] = "waveform"
    sample_rate: int = 16000
    seconds: float = 10.0
    n_points: int = 4000

    def transform(self, clip: Clip) -> Array:
        length = round(self.seconds * self.sample_rate)
        samples = mono(clip, self.sample_rate)[:length].astype(np.float64)
        common = math.gcd(self.n_points, length)
        decimated = scipy.signal.resample_poly(
            np.pad(samples, (0, length - len(samples))), self.n_points // common, length // common
        )
        rms = np.sqrt(np.mean(np.square(decimated[: max(1, round(len(samples) * self.n_points / length))])))
        return np.asarray(decimated / max(rms, 1e-8), dtype=np.float32)
