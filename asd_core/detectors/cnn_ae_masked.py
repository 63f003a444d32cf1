"""Convolutional autoencoder with skips and masked input: each point is predicted from what is around it, not copied."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from asd_core.detectors.base import DetectorInfo, parameter
from asd_core.detectors.common.conv_autoencoder import CROP, SkipAutoencoder
from asd_core.detectors.common.crops import at_least
from asd_core.detectors.common.network import to_tensor
from asd_core.features import Array
from asd_core.lazy import Tensor, torch

PATCH_BANDS = 16
PATCH_FRAMES = 8  # a quarter of a second: a knock is hidden whole


def random_masks(n: int, n_mels: int, n_frames: int, fraction: float) -> Tensor:
    """What to hide, ``(n, 1, n_mels, n_frames)`` bool: in half of the crops patches, in the others whole time bands.

    The grid of patches is shifted at random, so that no place is an edge more often than another.
    """
    blocks = torch.rand(n, 1, n_mels // PATCH_BANDS + 2, n_frames // PATCH_FRAMES + 2) < fraction
    bands = torch.rand(n, 1, 1, 1) < 0.5
    blocks = torch.where(bands, blocks[:, :, :1], blocks)
    points = blocks.repeat_interleave(PATCH_BANDS, dim=2).repeat_interleave(PATCH_FRAMES, dim=3)
    row, column = int(torch.randint(PATCH_BANDS, ())), int(torch.randint(PATCH_FRAMES, ()))
    return points[:, :, row : row + n_mels, column : column + n_frames]


@lru_cache(maxsize=64)
def complementary_masks(n_mels: int, n_frames: int) -> NDArray[np.bool_]:
    """The masks of the scoring, ``(4, n_mels, n_frames)``: two combs of time bands, two checkerboards of patches.

    Each pair covers every point exactly once, so every point is hidden twice: once with its whole frame, once alone.
    """
    row, column = np.arange(n_mels)[:, None] // PATCH_BANDS, np.arange(n_frames) // PATCH_FRAMES
    comb = np.broadcast_to(column % 2 == 0, (n_mels, n_frames))
    checkerboard = (row + column) % 2 == 0
    return np.stack([comb, ~comb, checkerboard, ~checkerboard])


@dataclass
class CnnAeMasked(SkipAutoencoder):
    """The skip network, trained to fill in what is hidden from it."""

    epochs: int = parameter(40, low=0, high=1000, help="Passes over the training clips, one random crop of each.")
    width: int = parameter(30, low=4, high=256, help="Channels of the innermost representation.")
    fraction: float = parameter(0.5, low=0.05, high=0.95, help="Share of the input that is hidden in training.")

    info: ClassVar[DetectorInfo] = DetectorInfo(
        key="cnn_ae_masked",
        title="Masked CNN autoencoder",
        origin="beyond",
        scope="machine type",
        paper="Zavrtanik, Kristan and Skočaj, Reconstruction by inpainting for visual anomaly detection, Pattern "
        "Recognition 2021.",
        decides="Hides parts of the spectrogram and predicts them from what is around them; the error counts.",
        catches="Catches short and irregular sounds; misses steady ones, which their surroundings give away.",
        how_it_scores="Squared error of every point as predicted from its surroundings alone (it is hidden, with its "
        "patch and then with its whole quarter of a second): the mean over the clip and the mean of its worst tenth of "
        "frames.",
        when_not_to_use="Where normal sound itself cannot be foretold from what is around it, or where a fault is "
        "steady: its surroundings then give it away.",
        presets={"quick": {"epochs": 8, "patience": 8}, "paper": {"epochs": 300, "patience": 40}},
    )

    def masked_error(self, batch: Tensor, hidden: Tensor) -> Tensor:
        """Mean squared error on the hidden points; the network sees 0, the mean, in their place."""
        error: Tensor = (self.net_(batch * ~hidden) - batch).square()
        return (error * hidden).sum() / hidden.sum()

    def loss(self, batch: Tensor) -> Tensor:
        n, _, n_mels, n_frames = batch.shape
        return self.masked_error(batch, random_masks(n, n_mels, n_frames, self.fraction))

    def held_out_loss(self, batch: Tensor) -> Tensor:
        """With the masks of the scoring, the same in every epoch."""
        masks = torch.from_numpy(complementary_masks(batch.shape[2], batch.shape[3]))
        return torch.stack([self.masked_error(batch, mask.expand(batch.shape)) for mask in masks]).mean()

    def masked_residuals(self, spectrogram: Array) -> tuple[Array, NDArray[np.bool_]]:
        """Predicted minus true of a standardised clip, and what was hidden: each ``(4, n_mels, n_frames)``.

        The network has no fixed width, so the clip goes through whole, padded to a width that comes out as it went in.
        """
        n_frames = spectrogram.shape[1]
        padded = at_least(spectrogram, max(CROP, -(-n_frames // 16) * 16))
        masks = complementary_masks(*padded.shape)
        with torch.inference_mode():
            predicted: Array = self.net_(to_tensor(padded * ~masks)[:, None])[:, 0].numpy()
        return (predicted - padded)[:, :, :n_frames], masks[:, :, :n_frames]

    def residual(self, spectrogram: Array) -> Array:
        """Predicted minus true where it was hidden, averaged over the two masks that hide a point."""
        residuals, masks = self.masked_residuals(spectrogram)
        return np.asarray((residuals * masks).sum(axis=0) / 2.0, dtype=np.float32)

    def error_map(self, log_mel: Array) -> Array:
        residuals, masks = self.masked_residuals(self.standardise(log_mel))
        return np.asarray((np.square(residuals) * masks).sum(axis=0) / 2.0, dtype=np.float32)
