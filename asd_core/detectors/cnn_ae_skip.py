"""Convolutional autoencoder with skip connections, as the report built it. It copies its input, and stands here to show that."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from asd_core.detectors.base import DetectorInfo, parameter
from asd_core.detectors.common.conv_autoencoder import SkipAutoencoder


@dataclass
class CnnAeSkip(SkipAutoencoder):
    """The report's skip variant: the first skip holds four times as many numbers as the crop, so nothing is lost."""

    epochs: int = parameter(20, low=0, high=1000, help="Passes over the training clips, one random crop of each.")

    info: ClassVar[DetectorInfo] = DetectorInfo(
        key="cnn_ae_skip",
        title="CNN autoencoder (skips)",
        origin="report",
        scope="machine type",
        paper="Ronneberger, Fischer and Brox, U-Net, MICCAI 2015 (the skips); the report (1x1 merge, as an "
        "autoencoder).",
        decides="As the CNN autoencoder, with connections that go round its bottleneck.",
        catches="Catches little: it copies its input, faults too; the masked one is the fix.",
        how_it_scores="As the CNN autoencoder: squared reconstruction error, the mean over the clip and the mean of "
        "its worst tenth of frames in equal parts.",
        when_not_to_use="To detect faults: through its skips it copies its input, faults too (its copy test, next to "
        "0, shows it). It stands here as reported; the masked one beside it is the fix.",
        presets={"quick": {"epochs": 5, "patience": 5}, "paper": {"epochs": 300, "patience": 40}},
    )
