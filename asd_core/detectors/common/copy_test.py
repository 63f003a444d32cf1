"""The copy test: does an autoencoder rebuild a fault it never saw? One that copies its input detects nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np

from asd_core.features import Array

LEVEL = 4.0  # standard deviations: far outside normal sound, as a fault that should be found is
PLANTS = {"tone": (8, 10), "knock": (128, 3)}  # name -> height in bands, length in frames


class Rebuilder(Protocol):
    """A detector that rebuilds its input."""

    def residual(self, spectrogram: Array) -> Array:
        """Rebuilt minus true, both standardised, ``(n_mels, n_frames)``."""
        ...


def copy_test(detector: Rebuilder, spectrograms: Sequence[Array]) -> dict[str, float]:
    """How much of a planted fault's energy stays in the residual: 0 = it is copied, 1 = it is refused.

    In every standardised normal clip ``(n_mels, n_frames)`` a tone burst (8 bands x 10 frames) and a knock (all bands x
    3 frames) are planted in turn, in the middle. The ratio is ``|r1 - r0|^2 / |plant|^2`` on the planted points, with
    r0 and r1 the residuals without and with the plant: what the network cannot rebuild of the clip itself cancels.
    Above 1, the network answers the plant with something else.
    """
    ratios: dict[str, float] = {}
    for name, (height, length) in PLANTS.items():
        left, energy = 0.0, 0.0
        for spectrogram in spectrograms:
            n_mels, n_frames = spectrogram.shape
            row, column = max(0, (n_mels - height) // 2), (n_frames - length) // 2
            region = np.s_[row : row + height, column : column + length]
            planted = spectrogram.copy()
            planted[region] += LEVEL
            change = (detector.residual(planted) - detector.residual(spectrogram))[region]
            left += float(np.square(change).sum())
            energy += LEVEL**2 * change.size
        ratios[name] = round(left / energy, 4)
    return ratios
