"""What the networks on stacks of neighbouring frames share: how they are trained, and that their mean squared error is the score."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from asd_core.detectors.base import parameter
from asd_core.detectors.common.crops import StackSampler, stacks
from asd_core.detectors.common.network import NetworkDetector, Normals, to_tensor, train_network
from asd_core.features import Array
from asd_core.lazy import Tensor, torch
from asd_core.progress import Progress

N_MELS = 128
FRAMES = 5


@dataclass
class StackNetwork(NetworkDetector):
    """A network that predicts points of five stacked frames; trained as the DCASE 2020 baseline is."""

    epochs: int = parameter(100, low=0, high=1000, help="Passes over the training clips.")
    stacks_per_clip: int = parameter(32, low=1, high=309, help="Five-frame stacks drawn from a clip in an epoch.")
    batch_size: int = parameter(512, low=8, high=4096, help="Stacks in a step.")
    learning_rate: float = parameter(1e-3, low=1e-6, high=1e-1, help="Adam's rate, constant.")
    patience: int = parameter(1000, low=1, high=1000, help="Epochs without a better held-out loss before it stops.")

    def residual(self, batch: Tensor) -> Tensor:
        """Predicted minus true of the points that the network predicts of stacks ``(n, 640)``: ``(n, n_points)``."""
        raise NotImplementedError(type(self).__name__)

    def loss(self, batch: Tensor) -> Tensor:
        """Mean squared error."""
        error: Tensor = self.residual(batch).square().mean()
        return error

    def learn(self, normals: Normals, *, seed: int, progress: Progress) -> None:
        sampler = StackSampler(normals.train, FRAMES, np.random.default_rng(seed))
        checks = to_tensor(np.concatenate([stacks(s, FRAMES)[::FRAMES] for s in normals.held_out]))
        self.diagnostics_ = train_network(
            self.net_,
            next_batch=lambda: to_tensor(sampler.draw(self.batch_size)),
            loss=self.loss,
            validate=lambda: float(self.loss(checks)),
            steps_per_epoch=max(1, round(len(normals.train) * self.stacks_per_clip / self.batch_size)),
            epochs=self.epochs,
            learning_rate=self.learning_rate,
            patience=self.patience,
            rate=lambda epoch: 1.0,
            progress=progress,
        )

    def errors(self, log_mel: Array) -> Array:
        """Squared error of every predicted point of every stack, ``(n_stacks, n_points)``."""
        with torch.inference_mode():
            residual: Array = self.residual(to_tensor(stacks(self.standardise(log_mel), FRAMES))).numpy()
        return np.asarray(np.square(residual), dtype=np.float32)

    def score_clip(self, log_mel: Array, machine_id: str) -> float:
        return float(self.errors(log_mel).mean(dtype=np.float64))
