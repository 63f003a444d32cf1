"""Convolutional autoencoder with skip connections, as the report built it. It copies its input: kept to show that."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from asd_core.detectors.base import DetectorInfo, parameter
from asd_core.detectors.cnn_ae import CnnAe
from asd_core.detectors.network import channels_last
from asd_core.features import LogMel

if TYPE_CHECKING:
    from torch import Tensor, nn


def skip_network(channels: Sequence[int], dropout: float) -> nn.Module:
    """The CNN autoencoder's eight layers; each of the decoder's first three outputs is stacked on the encoder's output
    of the same size, and a 1x1 convolution merges the two."""
    import torch
    from torch import nn

    class SkipAutoencoder(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            inputs, mirrored = [1, *channels[:-1]], list(reversed(channels))
            self.down = nn.ModuleList(nn.Conv2d(a, b, 5, stride=2) for a, b in zip(inputs, channels, strict=True))
            self.up = nn.ModuleList(
                nn.ConvTranspose2d(a, b, 5, stride=2, output_padding=padding)
                for a, b, padding in zip(mirrored, [*mirrored[1:], 1], (0, 0, 1, 1), strict=True)
            )
            self.merge = nn.ModuleList(nn.Conv2d(2 * width, width, 1) for width in mirrored[1:])
            self.active = nn.Sequential(nn.Dropout(dropout), nn.ReLU())

        def encode(self, x: Tensor) -> list[Tensor]:
            """Outputs of the encoder's layers, the latent last."""
            outputs = [x]
            for layer in self.down:
                outputs.append(self.active(layer(outputs[-1])))
            return outputs[1:]

        def forward(self, x: Tensor) -> Tensor:
            skipped = self.encode(x)
            x = skipped.pop()
            for layer, merge in zip(self.up, self.merge, strict=False):  # the last layer, linear, has no skip
                x = self.active(merge(torch.cat([layer(x), skipped.pop()], dim=1)))
            rebuilt: Tensor = self.up[-1](x)
            return rebuilt

    return SkipAutoencoder()


def innermost(net: Any, crops: Tensor) -> Tensor:
    """What a skip network's decoder is given beside the skips, ``(n, channels[-1], 5, 5)``."""
    latent: Tensor = net.encode(crops)[-1]
    return latent


@dataclass
class CnnAeSkip(CnnAe):
    """The report's skip variant: the first skip holds four times as many numbers as the crop, so nothing is lost."""

    epochs: int = parameter(20, low=0, high=1000, help="Passes over the training clips, one random crop of each.")

    info: ClassVar[DetectorInfo] = DetectorInfo(
        key="cnn_ae_skip",
        title="CNN autoencoder, skips",
        origin="report",
        scope="machine type",
        representation=LogMel(),
        paper="Ronneberger, Fischer and Brox, U-Net, MICCAI 2015 (the skips); the report (1x1 merge, as an "
        "autoencoder).",
        how_it_scores="As the CNN autoencoder: squared reconstruction error, the mean over the clip and the mean of "
        "its worst tenth of frames in equal parts.",
        when_not_to_use="To detect faults: through its skips it copies whatever it hears, faults too (its copy test, "
        "next to 0, says so). It stands here as reported; the masked one beside it is the fix.",
        presets={"quick": {"epochs": 5, "patience": 5}, "paper": {"epochs": 300, "patience": 40}},
    )

    def build(self) -> nn.Module:
        return channels_last(skip_network(self.channels(), self.dropout))

    def bottleneck(self, crops: Tensor) -> Tensor:
        return innermost(self.net_, crops)
