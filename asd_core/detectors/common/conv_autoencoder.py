"""What the convolutional autoencoders share: layers, crops in and out, their loss and their score."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, ClassVar

import numpy as np

from asd_core.detectors.base import parameter
from asd_core.detectors.common.copy_test import copy_test
from asd_core.detectors.common.crops import fixed_crops, mean_and_top, merge_crops, random_crops
from asd_core.detectors.common.network import NetworkDetector, Normals, channels_last, to_tensor, train_network
from asd_core.features import Array
from asd_core.lazy import Tensor, nn, torch
from asd_core.progress import Progress

CROP = 128  # frames: four 5x5 convolutions of stride 2 take 128 to 62, 29, 13 and 5
HOP = 64


def encoder(channels: Sequence[int], dropout: float) -> nn.Sequential:
    """Four convolutions, 5x5 with stride 2: ``(n, 1, 128, 128) -> (n, channels[-1], 5, 5)``."""
    layers: list[nn.Module] = []
    previous = 1
    for width in channels:
        layers += [nn.Conv2d(previous, width, 5, stride=2), nn.Dropout(dropout), nn.ReLU(inplace=True)]
        previous = width
    return nn.Sequential(*layers)


def last_layer(channels: int) -> nn.Module:
    """The decoder's last, a transposed 5x5 convolution of stride 2 to one channel: ``(n, channels, h, w) -> (n, 1, 2 h + 4, 2 w + 4)``.

    Where nothing is learned it is one matrix product whose columns are added up in place: with one output channel, oneDNN's
    transposed convolution takes twice the time, a third of the whole network's.
    """

    class LastLayer(nn.ConvTranspose2d):
        def forward(self, x: Tensor, output_size: list[int] | None = None) -> Tensor:
            if torch.is_grad_enabled() or self.bias is None:
                return super().forward(x, output_size)
            n, c, height, width = x.shape
            points = x.permute(0, 2, 3, 1).reshape(n, height * width, c)  # channels last: no copy
            columns = self.weight.reshape(c, -1).t() @ points.transpose(1, 2)
            rebuilt: Tensor = nn.functional.fold(columns, (2 * height + 4, 2 * width + 4), 5, stride=2)
            return rebuilt.add_(self.bias)

    return LastLayer(channels, 1, 5, stride=2, output_padding=1)


def decoder(channels: Sequence[int], dropout: float) -> nn.Sequential:
    """The encoder's mirror image; the output padding restores the odd rows lost at 62 and 128."""
    layers: list[nn.Module] = []
    for (a, b), padding in zip(pairwise(reversed(channels)), (0, 0, 1), strict=True):
        layers += [
            nn.ConvTranspose2d(a, b, 5, stride=2, output_padding=padding),
            nn.Dropout(dropout),
            nn.ReLU(inplace=True),
        ]
    return nn.Sequential(*layers, last_layer(channels[0]))  # linear: standardised levels have no bounds


def skip_network(channels: Sequence[int], dropout: float) -> nn.Module:
    """The CNN autoencoder's eight layers; each of the decoder's first three outputs is stacked on the encoder's output
    of the same size, and a 1x1 convolution merges the two."""

    class SkipAutoencoder(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            inputs, mirrored = [1, *channels[:-1]], list(reversed(channels))
            self.down = nn.ModuleList(nn.Conv2d(a, b, 5, stride=2) for a, b in zip(inputs, channels, strict=True))
            self.up = nn.ModuleList(
                nn.ConvTranspose2d(a, b, 5, stride=2, output_padding=padding)
                for (a, b), padding in zip(pairwise(mirrored), (0, 0, 1), strict=True)
            )
            self.up.append(last_layer(channels[0]))
            self.merge = nn.ModuleList(nn.Conv2d(2 * width, width, 1) for width in mirrored[1:])
            self.active = nn.Sequential(nn.Dropout(dropout), nn.ReLU(inplace=True))

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


@dataclass
class ConvAutoencoder(NetworkDetector):
    """Random 128x128 crops of the standardised log-mel in training, fixed overlapping ones in scoring.

    A subclass gives the network (``build``) and where its bottleneck is.
    """

    epochs: int = parameter(60, low=0, high=1000, help="Passes over the training clips, one random crop of each.")
    batch_size: int = parameter(64, low=1, high=512, help="Crops in a step.")
    learning_rate: float = parameter(1e-3, low=1e-6, high=1e-1, help="Adam's first rate; it decays to a twentieth.")
    dropout: float = parameter(0.05, low=0.0, high=0.9, help="Dropout after each convolution, in training only.")
    patience: int = parameter(15, low=1, high=1000, help="Epochs without a better held-out loss before it stops.")
    width: int = parameter(40, low=4, high=256, help="Channels of the latent representation.")

    map_shows: ClassVar[str] = "the reconstruction error"

    def channels(self) -> list[int]:
        """Of the four convolutions: 16, 24, 32 and 40 for a width of 40."""
        return [max(4, self.width * k // 5) for k in (2, 3, 4, 5)]

    def learn(self, normals: Normals, *, seed: int, progress: Progress) -> None:
        rng = np.random.default_rng(seed)
        train = normals.train
        checks = to_tensor(np.concatenate([fixed_crops(s, CROP, CROP) for s in normals.held_out]))[:, None]

        def next_batch() -> Tensor:
            return to_tensor(random_crops(train, self.batch_size, CROP, rng))[:, None]

        history = train_network(
            self.net_,
            next_batch=next_batch,
            loss=self.loss,
            validate=lambda: float(np.mean([float(self.held_out_loss(part)) for part in torch.split(checks, 64)])),
            steps_per_epoch=max(1, round(len(train) / self.batch_size)),
            epochs=self.epochs,
            learning_rate=self.learning_rate,
            patience=self.patience,
            progress=progress,
        )
        self.diagnostics_ = {**history, "copy_test": copy_test(self.residual, normals.held_out)}

    def loss(self, batch: Tensor) -> Tensor:
        """Mean squared error of crops ``(n, 1, n_mels, CROP)``."""
        error: Tensor = (self.net_(batch) - batch).square().mean()
        return error

    def held_out_loss(self, batch: Tensor) -> Tensor:
        """The loss that chooses the epoch."""
        return self.loss(batch)

    def crop_residuals(self, spectrogram: Array) -> Array:
        """Rebuilt minus true, for the fixed crops of a standardised clip: ``(n_crops, n_mels, CROP)``."""
        crops = fixed_crops(spectrogram, CROP, HOP)
        with torch.inference_mode():
            rebuilt: Array = self.net_(to_tensor(crops)[:, None])[:, 0].numpy()
        return rebuilt - crops

    def residual(self, spectrogram: Array) -> Array:
        """Rebuilt minus true, ``(n_mels, n_frames)`` standardised, averaged over overlapping crops."""
        return merge_crops(self.crop_residuals(spectrogram), spectrogram.shape[1], CROP, HOP)

    def error_map(self, log_mel: Array) -> Array:
        """Squared error of every standardised point, ``(n_mels, n_frames)``, averaged over overlapping crops."""
        errors = np.square(self.crop_residuals(self.standardise(log_mel)))
        return merge_crops(errors, log_mel.shape[1], CROP, HOP)

    def score_clip(self, log_mel: Array, machine_id: str) -> float:
        return mean_and_top(self.error_map(log_mel).mean(axis=0))

    def explain(self, features: Array, machine_id: str) -> Array | None:
        """The error map itself."""
        return self.error_map(features)

    def bottleneck(self, crops: Tensor) -> Tensor:
        """Crops ``(n, 1, n_mels, CROP)`` -> what the decoder is given, ``(n, width, 5, 5)``."""
        raise NotImplementedError(type(self).__name__)

    def embedding(self, spectrogram: Array) -> Tensor:
        """The bottleneck's channels, averaged over crops, bands and times: ``(width,)``."""
        return self.bottleneck(to_tensor(fixed_crops(spectrogram, CROP, HOP))[:, None]).mean(dim=(0, 2, 3))


@dataclass
class SkipAutoencoder(ConvAutoencoder):
    """A convolutional autoencoder on the skip network."""

    def build(self) -> nn.Module:
        return channels_last(skip_network(self.channels(), self.dropout))

    def bottleneck(self, crops: Tensor) -> Tensor:
        """What the decoder is given beside the skips, of crops with nothing hidden."""
        net: Any = self.net_
        latent: Tensor = net.encode(crops)[-1]
        return latent
