"""A clip's spectrum: its FFT, whole and folded into bands, and its steadier long-term spectrum by Welch's method."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from asd_core.features.base import Array, mono
from asd_core.lazy import scipy
from asd_core.sound import NOISE_BANDWIDTH, Clip, Samples, welch


def spectrum_db(samples: Samples, sample_rate: int) -> tuple[Array, Array]:
    """Magnitude of the whole signal's FFT in dB: frequencies in Hz and levels, each ``(n_samples // 2 + 1,)``.

    0 dB is a full-scale sine: magnitudes are divided by half the number of samples.
    """
    magnitude = np.abs(scipy.fft.rfft(samples)) / (len(samples) / 2.0)
    levels = 20.0 * np.log10(np.maximum(magnitude, 1e-7))
    return scipy.fft.rfftfreq(len(samples), 1.0 / sample_rate).astype(np.float32), levels.astype(np.float32)


@dataclass(frozen=True)
class BandSpectrum:
    """The clip's FFT folded into equal bands: mean power a band in dB, ``(n_bands,)`` float32, 0 dB full scale.

    Averaging over a band makes clips comparable: single FFT bins of two recordings never line up.
    """

    kind: ClassVar[str] = "FFT bands"
    sample_rate: int = 16000
    n_bands: int = 256

    def transform(self, clip: Clip) -> Array:
        samples = mono(clip, self.sample_rate)
        power = np.square(np.abs(scipy.fft.rfft(samples)) / (len(samples) / 2.0)) * len(samples)
        edges = np.linspace(0, len(power), self.n_bands + 1).astype(int)
        means = np.add.reduceat(power, edges[:-1]) / np.diff(edges)
        return np.asarray(10.0 * np.log10(np.maximum(means, 1e-14)), dtype=np.float32)

    def frequencies(self) -> NDArray[np.float64]:
        """Centres of the bands in Hz."""
        return (np.arange(self.n_bands) + 0.5) * self.sample_rate / 2 / self.n_bands


@dataclass(frozen=True)
class WelchSpectrum:
    """Mean power spectrum of overlapping Hann frames in dB, ``(n_fft // 2 + 1,)`` (Welch, IEEE Trans. Audio 15, 1967).

    0 dB is a full-scale sine at a bin's centre, as in :func:`spectrum_db`.
    """

    kind: ClassVar[str] = "Welch spectrum"
    sample_rate: int = 16000
    n_fft: int = 1024
    hop_length: int = 512

    def transform(self, clip: Clip) -> Array:
        samples = mono(clip, self.sample_rate)
        _, density = welch(samples, self.sample_rate, self.n_fft, hop_length=self.hop_length, remove_means=False)
        power = density * NOISE_BANDWIDTH * self.sample_rate / self.n_fft
        # A sine of amplitude 1 has a power of 1/2.
        return np.asarray(10.0 * np.log10(np.maximum(2.0 * power, 1e-14)), dtype=np.float32)

    def frequencies(self) -> NDArray[np.float64]:
        """Centres of the bins in Hz."""
        return np.asarray(np.fft.rfftfreq(self.n_fft, 1.0 / self.sample_rate), dtype=np.float64)
