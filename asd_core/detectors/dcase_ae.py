"""The official DCASE 2020 Task 2 baseline: a dense autoencoder on five stacked frames. The yardstick of every table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from asd_core.detectors.base import DetectorInfo
from asd_core.detectors.common.crops import merge_stacks, stacks
from asd_core.detectors.common.network import to_tensor
from asd_core.detectors.common.stack_network import FRAMES, N_MELS, StackNetwork
from asd_core.features import Array
from asd_core.lazy import Tensor, nn

HIDDEN = (128, 128, 128, 128, 8, 128, 128, 128, 128)


@dataclass
class DcaseAe(StackNetwork):
    """640-128-128-128-128-8-128-128-128-128-640, BatchNorm and ReLU after every hidden layer."""

    info: ClassVar[DetectorInfo] = DetectorInfo(
        key="dcase_ae",
        title="DCASE autoencoder",
        origin="beyond",
        scope="machine type",
        paper="Koizumi et al., Description and discussion on DCASE2020 Challenge Task 2, DCASE Workshop 2020.",
        decides="Rebuilds stretches of five frames as the DCASE 2020 baseline does; the mean error counts.",
        catches="Catches faults that last; misses those of a few frames.",
        how_it_scores="Mean squared error in dB² over the clip's five-frame stacks. As in the official baseline "
        "levels are not scaled; they are centred band by band, which only gives the last layer its bias from the start "
        "(BatchNorm takes it out behind the first). The weights are those of the epoch with the lowest held-out error; "
        "the official baseline takes the last.",
        when_not_to_use="For faults of a few frames: it averages over the clip. It is the yardstick, not the best.",
        presets={
            "quick": {"epochs": 10, "stacks_per_clip": 16},
            "paper": {"epochs": 100, "stacks_per_clip": 309},
        },
    )

    def build(self) -> nn.Module:
        layers: list[nn.Module] = []
        previous = FRAMES * N_MELS
        for width in HIDDEN:
            layers += [nn.Linear(previous, width), nn.BatchNorm1d(width), nn.ReLU()]
            previous = width
        return nn.Sequential(*layers, nn.Linear(previous, FRAMES * N_MELS))

    def input_scale(self, band: Array) -> float:
        """1: levels stay in dB, as in the official baseline."""
        return 1.0

    def residual(self, batch: Tensor) -> Tensor:
        """In dB, of every point: ``(n, 640)``."""
        rebuilt: Tensor = self.net_(batch)
        return rebuilt - batch

    def embedding(self, spectrogram: Array) -> Tensor:
        """The bottleneck, averaged over a clip's stacks: ``(8,)``."""
        # Each hidden layer is three modules: linear, BatchNorm, ReLU.
        encoder = nn.Sequential(*list(self.net_.children())[: 3 * (HIDDEN.index(min(HIDDEN)) + 1)])
        mean: Tensor = encoder(to_tensor(stacks(spectrogram, FRAMES))).mean(dim=0)
        return mean

    def explain(self, features: Array, machine_id: str) -> Array | None:
        """Squared error of every point, averaged over the stacks it is in."""
        return merge_stacks(self.errors(features), FRAMES, len(features))
