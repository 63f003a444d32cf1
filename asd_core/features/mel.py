"""The mel scale and its filters, equal to librosa's (tested) without its import."""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from asd_core.features.base import Array
from asd_core.sound import Samples, frame_powers


def hz_to_mel(frequency: NDArray[np.float64]) -> NDArray[np.float64]:
    """Hz -> mel on Slaney's scale: linear below 1 kHz, logarithmic above (Auditory Toolbox, 1998)."""
    linear = frequency / (200.0 / 3)
    logarithmic = 15.0 + np.log(np.maximum(frequency, 1e-9) / 1000.0) / (np.log(6.4) / 27.0)
    return np.where(frequency < 1000.0, linear, logarithmic)


def mel_to_hz(mel: NDArray[np.float64]) -> NDArray[np.float64]:
    """The inverse of :func:`hz_to_mel`."""
    return np.where(mel < 15.0, mel * (200.0 / 3), 1000.0 * np.exp((np.log(6.4) / 27.0) * (mel - 15.0)))


@lru_cache(maxsize=8)
def mel_frequencies(n_mels: int, sample_rate: int) -> NDArray[np.float64]:
    """Centre frequencies of the mel bands in Hz, ``(n_mels,)``."""
    edges = np.linspace(0.0, float(hz_to_mel(np.array(sample_rate / 2.0))), n_mels + 2)
    return mel_to_hz(edges)[1:-1]


@lru_cache(maxsize=8)
def mel_filterbank(n_mels: int, n_fft: int, sample_rate: int) -> Array:
    """Triangular filters of equal area (Slaney's norm), ``(n_mels, n_fft // 2 + 1)``.

    Equal to ``librosa.filters.mel`` (tested); written out because importing that takes longer than the first page may.
    """
    edges = mel_to_hz(np.linspace(0.0, float(hz_to_mel(np.array(sample_rate / 2.0))), n_mels + 2))
    bins = np.fft.rfftfreq(n_fft, 1.0 / sample_rate)
    rising = (bins - edges[:-2, None]) / np.diff(edges)[:-1, None]
    falling = (edges[2:, None] - bins) / np.diff(edges)[1:, None]
    area = 2.0 / (edges[2:] - edges[:-2])
    return (np.maximum(0.0, np.minimum(rising, falling)) * area[:, None]).astype(np.float32)


def mel_power(samples: Samples, *, n_fft: int, hop_length: int, n_mels: int, sample_rate: int) -> Array:
    """Mel-filtered squared magnitudes ``(n_frames, n_mels)``, frames centred on multiples of the hop."""
    padded = np.pad(samples, n_fft // 2)
    filters = _transposed_filterbank(n_mels, n_fft, sample_rate)
    mel = [power @ filters for power in frame_powers(padded, n_fft, hop_length)]
    return np.concatenate(mel, dtype=np.float32)


@lru_cache(maxsize=8)
def _transposed_filterbank(n_mels: int, n_fft: int, sample_rate: int) -> Array:
    return np.ascontiguousarray(mel_filterbank(n_mels, n_fft, sample_rate).T)
