"""Powers of overlapping Hann frames, and Welch's spectrum, their mean (IEEE Trans. Audio 15, 1967).

Welch's is equal to SciPy's (tested), which takes frame by frame: nine times as long, and it is measured of every recording that is read.
"""

from collections.abc import Iterator
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from asd_core.lazy import scipy

BLOCK = 64  # frames transformed at once: they stay in the processor's cache, and a long recording needs no more memory
NOISE_BANDWIDTH = 1.5  # bins: a line's power is its bin's density times this and the bins' distance


@lru_cache(maxsize=8)
def _hann(n: int) -> NDArray[np.float32]:
    """Periodic Hann window, as every analysis program uses it."""
    return (0.5 - 0.5 * np.cos(2.0 * np.pi * np.arange(n) / n)).astype(np.float32)


def frame_powers(
    samples: NDArray[np.floating], n: int, hop_length: int, *, remove_means: bool = False
) -> Iterator[NDArray[np.floating]]:
    """Squared magnitudes of the Hann frames of samples ``(n_samples,)``, block after block, each ``(n_frames, n // 2 + 1)``.

    Args:
        n: samples a frame.
        hop_length: samples from one to the next.
        remove_means: of each frame, before.
    """
    frames = np.lib.stride_tricks.sliding_window_view(samples, n)[::hop_length]
    for first in range(0, len(frames), BLOCK):
        block = frames[first : first + BLOCK]
        if remove_means:
            block = block - block.mean(axis=1, keepdims=True)
        spectrum = scipy.fft.rfft(block * _hann(n), axis=1, overwrite_x=True)
        yield np.square(spectrum.real) + np.square(spectrum.imag)


def welch(
    samples: NDArray[np.floating], sample_rate: int, n: int, *, hop_length: int | None = None, remove_means: bool = True
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Mean power density of overlapping Hann frames: frequencies in Hz and densities per Hz, each ``(n // 2 + 1,)``.

    Args:
        samples: ``(n_samples,)``, no fewer than ``n``.
        n: samples a frame.
        hop_length: samples from one to the next; half a frame by default.
        remove_means: of each frame, as SciPy does by default.
    """
    power, n_frames = np.zeros(n // 2 + 1), 0
    for block in frame_powers(samples, n, hop_length or n - n // 2, remove_means=remove_means):
        power += block.sum(axis=0, dtype=np.float64)
        n_frames += len(block)
    power[1 : -1 if n % 2 == 0 else None] *= 2.0  # negative frequencies
    scale = n_frames * sample_rate * np.square(_hann(n), dtype=np.float64).sum()
    return np.arange(n // 2 + 1) * sample_rate / n, power / scale
