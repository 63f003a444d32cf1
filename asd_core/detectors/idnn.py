"""IDNN: the middle one of five frames, predicted from the four around it."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import ClassVar

import numpy as np

from asd_core.detectors.base import DetectorInfo
from asd_core.detectors.common.crops import stacks
from asd_core.detectors.common.network import to_tensor
from asd_core.detectors.common.stack_network import FRAMES, N_MELS, StackNetwork
from asd_core.features import Array
from asd_core.lazy import Tensor, nn, torch

HIDDEN = (64, 32, 16, 32, 64)
MIDDLE = FRAMES // 2


def around(batch: Tensor) -> Tensor:
    """The frames before and after the middle one: ``(n, 640) -> (n, 512)``. It is cut out, not zeroed: nothing of it is left."""
    return torch.cat([batch[:, : MIDDLE * N_MELS], batch[:, (MIDDLE + 1) * N_MELS :]], dim=1)


def middle(batch: Tensor) -> Tensor:
    """The middle frame: ``(n, 640) -> (n, 128)``."""
    return batch[:, MIDDLE * N_MELS : (MIDDLE + 1) * N_MELS]


@dataclass
class Idnn(StackNetwork):
    """512-64-32-16-32-64-128, ReLU after every hidden layer (the paper's layers, for 128 mel bands instead of 64)."""

    info: ClassVar[DetectorInfo] = DetectorInfo(
        key="idnn",
        title="IDNN",
        origin="beyond",
        scope="machine type",
        paper="Suefusa, Nishida, Purohit, Tanabe, Endo and Kawaguchi, Anomalous sound detection based on interpolation deep "
        "neural network, ICASSP 2020.",
        decides="Predicts each frame from the two before and the two after it; the mean error counts.",
        catches="Catches added and unsteady sounds, knocks among them; misses missing strokes and sounds that got quieter.",
        how_it_scores="Mean squared error of each frame's standardised log-mel, predicted from the two frames before and the two "
        "after it. The frame itself is not among the inputs, so it cannot be copied, and no frame at the edge of a stack is "
        "predicted, which an autoencoder does worst. The layers are the paper's; epochs and batches are the DCASE "
        "baseline's, and the weights are those of the epoch with the lowest held-out error.",
        when_not_to_use="Where a fault takes sound away (a missing stroke, a quieter band): what is left is as predictable as "
        "before. It sees 0.16 s at a time, so no slower rhythm, and averages over the clip.",
        presets={
            "quick": {"epochs": 10, "stacks_per_clip": 16},
            "paper": {"epochs": 100, "stacks_per_clip": 309},
        },
    )

    def build(self) -> nn.Module:
        layers: list[nn.Module] = []
        for a, b in pairwise([(FRAMES - 1) * N_MELS, *HIDDEN]):
            layers += [nn.Linear(a, b), nn.ReLU()]
        return nn.Sequential(*layers, nn.Linear(HIDDEN[-1], N_MELS))

    def residual(self, batch: Tensor) -> Tensor:
        """Of the middle frame's points, ``(n, 128)``."""
        predicted: Tensor = self.net_(around(batch))
        return predicted - middle(batch)

    def embedding(self, spectrogram: Array) -> Tensor:
        """The bottleneck, averaged over a clip's stacks: ``(16,)``."""
        encoder = nn.Sequential(*list(self.net_.children())[: 2 * (HIDDEN.index(min(HIDDEN)) + 1)])
        mean: Tensor = encoder(around(to_tensor(stacks(spectrogram, FRAMES)))).mean(dim=0)
        return mean

    def explain(self, features: Array, machine_id: str) -> Array | None:
        """Squared error of every point; 0 in the two frames at either end, which are never predicted."""
        errors = self.errors(features).T
        return np.ascontiguousarray(np.pad(errors, ((0, 0), (MIDDLE, MIDDLE)))[:, : features.shape[1]])
