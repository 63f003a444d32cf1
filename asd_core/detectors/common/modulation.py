"""How a clip's bands rise and fall: the modulation spectrum of a log-mel, and the autocorrelation of an envelope."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from asd_core.lazy import Tensor, torch

CROP = 128  # frames: 4 s, the slowest modulation is a quarter of a hertz
HOP = 64
POOL = 2  # neighbouring mel bands averaged
# Edges of eight modulation bands, in quarters of a hertz: 0.24 to 15.6 Hz.
MODULATIONS = (1, 2, 3, 5, 8, 14, 23, 39, 65)


def modulation_spectrum(crops: Tensor, pool: int = POOL) -> Tensor:
    """How fast and how strongly each band's level changes: a clip's crops ``(n_crops, n_mels, 128) -> (n_mels / pool * 8,)``
    in dB; 512 values of 128 mel bands in pairs.

    The power of each band's fluctuation in eight modulation bands, averaged over the crops (Welch, 1967). It keeps the
    rhythm of strokes and knocks and drops when they happened; on the log-mel itself, whose every point is noisy, the
    sphere closes around the noise, and what a fault does is lost in it.
    """
    n, n_mels, n_frames = crops.shape
    bands = crops.reshape(n, n_mels // pool, pool, n_frames).mean(dim=2)
    power = torch.fft.rfft(bands, dim=2).abs().square().mean(dim=0)
    modulations = torch.stack([power[:, first:last].mean(dim=1) for first, last in pairwise(MODULATIONS)], dim=1)
    return 10.0 * torch.log10(modulations.flatten() + 1e-6)


def modulation_power(envelopes: NDArray[Any]) -> NDArray[np.float64]:
    """When each modulation is strong: the squared amplitude of every band's fluctuation within each of the eight modulation
    bands, ``(n_bands, n_frames) -> (8, n_bands, n_frames)``.

    That of the analytic signal (Gabor, 1946), so that it does not swing with the modulation itself.
    """
    n_frames = envelopes.shape[1]
    spectrum = np.fft.fft(envelopes, axis=1)
    places = np.arange(n_frames) * (
        CROP / n_frames
    )  # in the units of MODULATIONS; above the last edge: negative frequencies
    parts = [
        np.square(np.abs(np.fft.ifft(np.where((places >= low - 0.5) & (places < high - 0.5), spectrum, 0.0), axis=1)))
        for low, high in pairwise(MODULATIONS)
    ]
    return np.asarray(parts, dtype=np.float64)


def autocorrelation(envelope: NDArray[Any], longest: int) -> NDArray[np.float64]:
    """How alike an envelope ``(n_frames,)`` is to itself ``0..longest`` frames later, -1 to 1: ``(longest + 1,)``.

    Unbiased: each lag's products are averaged over as many as there are; 0 for a constant envelope.

    Raises:
        ValueError: for an envelope that is no longer than the longest lag.
    """
    n_frames = len(envelope)
    if n_frames <= longest:
        raise ValueError(f"{n_frames} frames have no lag of {longest}.")
    centred = np.asarray(envelope, dtype=np.float64) - np.mean(envelope, dtype=np.float64)
    spectrum = np.fft.rfft(centred, 2 * n_frames)  # zeros behind it: the end must not be compared with the start
    products = np.fft.irfft(np.square(np.abs(spectrum)))[: longest + 1] / (n_frames - np.arange(longest + 1))
    if products[0] < 1e-12:
        return np.zeros(longest + 1)
    return np.asarray(np.clip(products / products[0], -1.0, 1.0))
