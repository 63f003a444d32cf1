"""How a clip's bands fluctuate: the modulation spectrum of a log-mel."""

from __future__ import annotations

from itertools import pairwise

from asd_core.lazy import Tensor, torch

CROP = 128  # frames: 4 s, the slowest modulation is a quarter of a hertz
HOP = 64
POOL = 2  # neighbouring mel bands averaged
# Edges of eight modulation bands, in quarters of a hertz: 0.24 to 15.6 Hz.
MODULATIONS = (1, 2, 3, 5, 8, 14, 23, 39, 65)


def modulation_spectrum(crops: Tensor) -> Tensor:
    """How fast and how strongly each band's level changes: a clip's crops ``(n_crops, 128, 128) -> (512,)`` in dB.

    The power of each band's fluctuation in eight modulation bands, averaged over the crops (Welch, 1967). It keeps the
    rhythm of strokes and knocks and drops when they happened; on the log-mel itself, whose every point is noisy, the
    sphere closes around the noise, and what a fault does is lost in it.
    """
    n, n_mels, n_frames = crops.shape
    bands = crops.reshape(n, n_mels // POOL, POOL, n_frames).mean(dim=2)
    power = torch.fft.rfft(bands, dim=2).abs().square().mean(dim=0)
    modulations = torch.stack([power[:, first:last].mean(dim=1) for first, last in pairwise(MODULATIONS)], dim=1)
    return 10.0 * torch.log10(modulations.flatten() + 1e-6)
