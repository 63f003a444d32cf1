"""Machine-id classifier: other machines of the type stand in for anomalies (outlier exposure)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np

from asd_core.detectors.base import DetectorInfo, parameter
from asd_core.detectors.common.crops import crops_of, fixed_crops, merge_crops
from asd_core.detectors.common.network import NetworkDetector, Normals, saliency, to_tensor, train_network
from asd_core.errors import TrainingError
from asd_core.features import Array
from asd_core.lazy import Tensor, nn, torch
from asd_core.progress import Progress, silent

CROP = 64  # frames: 2 s
HOP = 50
CHANNELS = (12, 24, 32, 48)
N_EMBEDDING = 32


def cosine_classifier(n_ids: int) -> nn.Module:
    """Crops ``(n, 1, 128, 64)`` -> cosines to each machine id's direction, ``(n, n_ids)``."""

    class CosineClassifier(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            layers: list[nn.Module] = []
            for a, b in zip((1, *CHANNELS[:-1]), CHANNELS, strict=True):
                layers += [nn.Conv2d(a, b, 3, stride=2, padding=1, bias=False), nn.BatchNorm2d(b), nn.ReLU()]
            self.convolutions = nn.Sequential(*layers)
            self.embed = nn.Linear(2 * CHANNELS[-1] * 8, N_EMBEDDING)
            self.directions = nn.Parameter(torch.randn(n_ids, N_EMBEDDING))

        def embedding(self, x: Tensor) -> Tensor:
            """Directions of unit length, ``(n, N_EMBEDDING)``."""
            maps = self.convolutions(x).flatten(1, 2)  # (n, channels x 8 bands, 4 times)
            pooled = torch.cat([maps.mean(dim=2), maps.amax(dim=2)], dim=1)  # steady sound, and short events
            return nn.functional.normalize(self.embed(pooled))

        def forward(self, x: Tensor) -> Tensor:
            cosines: Tensor = self.embedding(x) @ nn.functional.normalize(self.directions).T
            return cosines

    return CosineClassifier()


def arcface(cosines: Tensor, labels: Tensor, margin: float, scale: float) -> Tensor:
    """Logits ``scale * cos(angle + margin)`` for the labelled id, ``scale * cos(angle)`` for the others (Deng et al., 2019).

    Past angle + margin = pi the cosine would rise again; there it goes on falling in a straight line.
    """
    subset = cosines.gather(1, labels[:, None]).clamp(-1.0 + 1e-6, 1.0 - 1e-6)
    widened = torch.where(
        subset > math.cos(math.pi - margin), torch.cos(torch.acos(subset) + margin), subset - margin * math.sin(margin)
    )
    return scale * cosines.scatter(1, labels[:, None], widened)


def log_odds(cosines: Tensor, labels: Tensor, scale: float) -> Tensor:
    """log(p(other ids) / p(own id)) of every sample, ``(n,)``: as odds, for p(own) of a sure crop is rounded to 1."""
    logits = scale * cosines.double()
    subset = logits.gather(1, labels[:, None])[:, 0]
    others = logits.scatter(1, labels[:, None], float("-inf"))
    return torch.logsumexp(others, dim=1) - subset


def hide_runs(batch: Tensor) -> Tensor:
    """SpecAugment (Park et al., 2019): up to 16 neighbouring bands and up to 8 frames of each crop are set to 0."""
    n, _, n_mels, n_frames = batch.shape

    def run(size: int, longest: int) -> Tensor:
        first = torch.rand(n, 1) * (size - longest)
        at = torch.arange(size)
        return (at >= first) & (at < first + torch.rand(n, 1) * longest)

    hidden = run(n_mels, 16)[:, None, :, None] | run(n_frames, 8)[:, None, None, :]
    return batch * ~hidden


@dataclass
class IdClassifier(NetworkDetector):
    """A small CNN that tells the machines of one type apart by angle."""

    epochs: int = parameter(30, low=0, high=1000, help="Passes over the training clips.")
    crops_per_clip: int = parameter(2, low=1, high=64, help="Random crops drawn from a clip in a pass.")
    batch_size: int = parameter(64, low=8, high=512, help="Crops in a step.")
    learning_rate: float = parameter(1e-3, low=1e-6, high=1e-1, help="Adam's first rate; it decays to a twentieth.")
    patience: int = parameter(1000, low=1, high=1000, help="Epochs without a better held-out loss before it stops.")
    margin: float = parameter(0.5, low=0.0, high=1.5, help="Angle in radians that the own id must win by.")
    scale: float = parameter(30.0, low=1.0, high=100.0, help="Logit of a cosine of 1.")

    map_shows: ClassVar[str] = "the score's sensitivity"
    info: ClassVar[DetectorInfo] = DetectorInfo(
        key="id_classifier",
        title="Machine-id classifier",
        origin="beyond",
        scope="machine type",
        paper="Deng et al., ArcFace, CVPR 2019; Giri et al., Self-supervised classification for detecting anomalous "
        "sounds, DCASE Workshop 2020.",
        decides="Learns to tell machine ids apart; a clip that no longer sounds like its own id is an anomaly.",
        catches="Catches a machine that stops sounding like itself; misses faults where ids differ by their rooms.",
        how_it_scores="-log p(own machine id), averaged over overlapping crops: a machine that no longer sounds like "
        "itself.",
        when_not_to_use="With one machine id (it refuses), or where ids differ by recording site rather than by "
        "machine: it then learns the rooms. The embedding by auxiliary classes has replaced it.",
        presets={"quick": {"epochs": 8}, "paper": {"epochs": 200, "crops_per_clip": 4}},
    )

    def fit(
        self, features: Sequence[Array], machine_ids: Sequence[str], *, seed: int = 0, progress: Progress = silent
    ) -> Self:
        if len(set(machine_ids)) < 2:
            raise TrainingError(
                f"{self.info.title} learns by telling machines apart and there is only machine id "
                f"{', '.join(sorted(set(machine_ids))) or 'none'}: add another machine of this type, or choose another "
                "detector."
            )
        return super().fit(features, machine_ids, seed=seed, progress=progress)

    def build(self) -> nn.Module:
        return cosine_classifier(len(self.machine_ids_))

    def labels(self, machine_ids: Sequence[str]) -> Tensor:
        return torch.tensor([self.machine_ids_.index(i) for i in machine_ids])

    def learn(self, normals: Normals, *, seed: int, progress: Progress) -> None:
        rng = np.random.default_rng(seed)
        train, train_labels = normals.train, self.labels(normals.train_ids)
        held_crops = [fixed_crops(s, CROP, CROP) for s in normals.held_out]
        checks = to_tensor(np.concatenate(held_crops))[:, None]
        check_labels = self.labels(normals.held_out_ids).repeat_interleave(torch.tensor([len(c) for c in held_crops]))

        def next_batch() -> tuple[Tensor, Tensor]:
            chosen = rng.integers(len(train), size=self.batch_size)
            return hide_runs(to_tensor(crops_of(train, chosen, CROP, rng))[:, None]), train_labels[chosen]

        def loss(batch: tuple[Tensor, Tensor]) -> Tensor:
            images, labels = batch
            return nn.functional.cross_entropy(arcface(self.net_(images), labels, self.margin, self.scale), labels)

        history = train_network(
            self.net_,
            next_batch=next_batch,
            loss=loss,
            validate=lambda: float(loss((checks, check_labels))),
            steps_per_epoch=max(1, round(len(train) * self.crops_per_clip / self.batch_size)),
            epochs=self.epochs,
            learning_rate=self.learning_rate,
            patience=self.patience,
            progress=progress,
        )
        self.net_.eval()
        with torch.inference_mode():
            right = self.net_(checks).argmax(dim=1) == check_labels
        self.diagnostics_ = {**history, "held_out_accuracy": round(float(right.double().mean()), 4)}

    def odds(self, images: Tensor, machine_id: str) -> Tensor:
        """log(p(others) / p(own)) of crops ``(n, 1, 128, 64)``."""
        return log_odds(self.net_(images), self.labels([machine_id]).expand(len(images)), self.scale)

    def score_clip(self, log_mel: Array, machine_id: str) -> float:
        crops = to_tensor(fixed_crops(self.standardise(log_mel), CROP, HOP))[:, None]
        # -log p(id) = log(1 + p(others) / p(id)); beyond 1e4 softplus is the identity
        return float(nn.functional.softplus(self.odds(crops, machine_id), threshold=1e4).mean())

    def embedding(self, spectrogram: Array) -> Tensor:
        """The embedding whose angle to a machine id's direction is scored, averaged over a clip's crops."""
        net: Any = self.net_
        mean: Tensor = net.embedding(to_tensor(fixed_crops(spectrogram, CROP, HOP))[:, None]).mean(dim=0)
        return mean

    def explain(self, features: Array, machine_id: str) -> Array | None:
        """|input x gradient| of the log odds against the own id, averaged over overlapping crops."""
        self._known([machine_id])
        crops = fixed_crops(self.standardise(features), CROP, HOP)[:, None]
        hot = saliency(lambda images: self.odds(images, machine_id), crops)[:, 0]
        return merge_crops(hot, features.shape[1], CROP, HOP)
