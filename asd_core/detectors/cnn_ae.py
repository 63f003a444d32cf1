"""Convolutional autoencoder: what cannot be rebuilt from a bottleneck learned on normal sound is anomalous."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from asd_core.detectors.base import DetectorInfo
from asd_core.detectors.common.conv_autoencoder import ConvAutoencoder, decoder, encoder
from asd_core.detectors.common.network import channels_last
from asd_core.lazy import Tensor, nn


@dataclass
class CnnAe(ConvAutoencoder):
    """The report's best system: random 128x128 crops of the log-mel, latent 40x5x5."""

    info: ClassVar[DetectorInfo] = DetectorInfo(
        key="cnn_ae",
        title="CNN autoencoder",
        origin="report",
        scope="machine type",
        paper="Masci et al., Stacked convolutional auto-encoders for hierarchical feature extraction, ICANN 2011.",
        decides="Rebuilds the spectrogram with a network that learned normal sound; the error counts, the worst moments most.",
        catches="Catches added sounds, short ones too; misses sounds that are gone or simpler than normal ones.",
        how_it_scores="Squared reconstruction error of the standardised log-mel: the mean over the clip and the mean "
        "of its worst tenth of frames, in equal parts.",
        when_not_to_use="Where a fault only removes sound, or is simpler than normal sound: it is rebuilt well.",
        presets={"quick": {"epochs": 8, "patience": 8}, "paper": {"epochs": 300, "patience": 40}},
    )

    def build(self) -> nn.Module:
        channels = self.channels()
        return channels_last(nn.Sequential(encoder(channels, self.dropout), decoder(channels, self.dropout)))

    def bottleneck(self, crops: Tensor) -> Tensor:
        """Crops ``(n, 1, n_mels, CROP)`` -> what the decoder is given, ``(n, width, 5, 5)``."""
        result: Tensor = self.net_.get_submodule("0")(crops)
        return result
