"""The official DCASE 2020 Task 2 baseline: a dense autoencoder on five stacked frames. The yardstick of every table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from asd_core.detectors.base import DetectorInfo, parameter
from asd_core.detectors.common.crops import StackSampler, merge_stacks, stacks
from asd_core.detectors.common.network import NetworkDetector, Normals, to_tensor, train_network
from asd_core.features import Array
from asd_core.lazy import Tensor, nn, torch
from asd_core.progress import Progress

N_MELS = 128
FRAMES = 5
HIDDEN = (128, 128, 128, 128, 8, 128, 128, 128, 128)


@dataclass
class DcaseAe(NetworkDetector):
    """640-128-128-128-128-8-128-128-128-128-640, BatchNorm and ReLU after every hidden layer."""

    epochs: int = parameter(100, low=0, high=1000, help="Passes over the training clips.")
    stacks_per_clip: int = parameter(32, low=1, high=309, help="Five-frame stacks drawn from a clip in an epoch.")
    batch_size: int = parameter(512, low=8, high=4096, help="Stacks in a step.")
    learning_rate: float = parameter(1e-3, low=1e-6, high=1e-1, help="Adam's rate, constant.")
    patience: int = parameter(1000, low=1, high=1000, help="Epochs without a better held-out loss before it stops.")

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

    def input_scale(self, frames: Array) -> Array:
        """1: levels stay in dB, as in the official baseline."""
        return np.ones(len(frames), dtype=np.float32)

    def learn(self, normals: Normals, *, seed: int, progress: Progress) -> None:
        sampler = StackSampler(normals.train, FRAMES, np.random.default_rng(seed))
        checks = to_tensor(np.concatenate([stacks(s, FRAMES)[::FRAMES] for s in normals.held_out]))

        def loss(batch: Tensor) -> Tensor:
            error: Tensor = (self.net_(batch) - batch).square().mean()
            return error

        self.diagnostics_ = train_network(
            self.net_,
            next_batch=lambda: to_tensor(sampler.draw(self.batch_size)),
            loss=loss,
            validate=lambda: float(loss(checks)),
            steps_per_epoch=max(1, round(len(normals.train) * self.stacks_per_clip / self.batch_size)),
            epochs=self.epochs,
            learning_rate=self.learning_rate,
            patience=self.patience,
            rate=lambda epoch: 1.0,
            progress=progress,
        )

    def errors(self, log_mel: Array) -> Array:
        """Squared error in dB² of every point of every stack, ``(n_stacks, 640)``."""
        inputs = stacks(self.standardise(log_mel), FRAMES)
        with torch.inference_mode():
            rebuilt: Array = self.net_(to_tensor(inputs)).numpy()
        return np.asarray(np.square(rebuilt - inputs), dtype=np.float32)

    def score_clip(self, log_mel: Array, machine_id: str) -> float:
        return float(self.errors(log_mel).mean(dtype=np.float64))

    def embedding(self, spectrogram: Array) -> Tensor:
        """The bottleneck, averaged over a clip's stacks: ``(8,)``."""
        # Each hidden layer is three modules: linear, BatchNorm, ReLU.
        encoder = nn.Sequential(*list(self.net_.children())[: 3 * (HIDDEN.index(min(HIDDEN)) + 1)])
        mean: Tensor = encoder(to_tensor(stacks(spectrogram, FRAMES))).mean(dim=0)
        return mean

    def explain(self, features: Array, machine_id: str) -> Array | None:
        """Squared error of every point, averaged over the stacks it is in."""
        return merge_stacks(self.errors(features), FRAMES, len(features))
