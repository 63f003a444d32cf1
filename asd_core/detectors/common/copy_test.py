"""The copy test: does an autoencoder rebuild a fault it never saw? One that copies its input detects nothing."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from asd_core.features import Array

LEVEL = 4.0  # standard deviations: far outside normal sound, as a fault that should be detected is
FAULTS = {"tone": (8, 10), "knock": (128, 3)}  # name -> height in bands, length in frames


def copy_test(residual: Callable[[Array], Array], spectrograms: Sequence[Array]) -> dict[str, float]:
    """How much of a synthetic fault's energy stays in the residual: 0 = it is copied, 1 = it is refused.

    To every standardised normal clip ``(n_mels, n_frames)`` a tone burst (8 bands x 10 frames) and a knock (all bands x
    3 frames) are added in turn, in the middle. The ratio is ``|r1 - r0|^2 / |fault|^2`` on the fault's points, with
    r0 and r1 the residuals without and with it: what the network cannot rebuild of the clip itself cancels.
    Above 1, the network answers the fault with something else.

    Args:
        residual: standardised spectrogram -> rebuilt minus true, of the same shape.
    """
    ratios: dict[str, float] = {}
    for name, (height, length) in FAULTS.items():
        left, energy = 0.0, 0.0
        for spectrogram in spectrograms:
            n_mels, n_frames = spectrogram.shape
            row, column = max(0, (n_mels - height) // 2), (n_frames - length) // 2
            region = np.s_[row : row + height, column : column + length]
            faulty = spectrogram.copy()
            faulty[region] += LEVEL
            change = (residual(faulty) - residual(spectrogram))[region]
            left += float(np.square(change).sum())
            energy += LEVEL**2 * change.size
        ratios[name] = round(left / energy, 4)
    return ratios
