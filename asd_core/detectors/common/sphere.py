"""The sphere of Deep SVDD: encoders, several side by side or one, trained to map normal vectors close to a fixed centre."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from asd_core.detectors.common.network import train_network
from asd_core.lazy import Tensor, nn, torch
from asd_core.progress import Progress, silent, stage

CENTRE_FLOOR = 0.1
WARM_UP = 10  # epochs before the soft boundary's radius is first set


def first_centre(encoder: nn.Module, train: Tensor) -> Tensor:
    """c: the mean output of the network as pretraining left it, with |c_i| < 0.1 moved to +-0.1."""
    encoder.eval()
    with torch.inference_mode():
        mean = encoder(train).mean(dim=0)
    near = mean.abs() < CENTRE_FLOOR
    sign = torch.where(mean < 0, -1.0, 1.0)
    return torch.where(near, CENTRE_FLOOR * sign, mean).clone()


@dataclass(frozen=True)
class Sphere:
    """What training gives: the centre, the members' radii (0 for one-class), and the curves."""

    centre: Tensor  # (members * n_outputs,)
    radii: NDArray[np.float64]  # (members,)
    diagnostics: dict[str, Any]

    @property
    def radius(self) -> float:
        """The first member's, which is the only one of a sound detector."""
        return float(self.radii[0])


def train_sphere(
    encoder: nn.Module,
    decoder: nn.Module,
    *,
    train: Tensor,
    held_out: Tensor,
    members: int = 1,
    inputs: int = 1,
    soft: bool,
    nu: float,
    pretrain_epochs: int,
    epochs: int,
    steps_per_epoch: int,
    batch_size: int = 32,
    learning_rate: float = 1e-4,
    weight_decay: float = 1e-6,
    rng: np.random.Generator,
    progress: Progress = silent,
) -> Sphere:
    """Pretrain encoder and decoder as an autoencoder, fix the centre, then shrink the sphere around it.

    The centre and the radius come from the vectors that are trained on, ``train (n, d)``. One-class: mean d². Soft boundary:
    R² + 1/(nu n) sum max(0, d² - R²), where R is the (1 - nu) quantile of d, set after ten warm-up epochs (until then it is 0) and again in each epoch.

    ``members`` networks side by side in ``encoder`` and ``decoder`` (outputs ``(n, members * k)``) each have a sphere: the
    losses are added, so each learns as it would alone. ``inputs``: in how many forms, one beside the other, a row of
    ``train`` holds its vector; members share them out in turn.
    """
    whole = nn.Sequential(encoder, decoder)
    batch_size = min(batch_size, len(train))

    def next_batch() -> Tensor:
        return train[rng.choice(len(train), batch_size, replace=False)]

    def error(batch: Tensor) -> Tensor:
        wanted = batch.reshape(len(batch), inputs, 1, -1)
        rebuilt = whole(batch).reshape(len(batch), inputs, members // inputs, -1)
        value: Tensor = (rebuilt - wanted).square().mean(dim=(0, 3)).sum()
        return value

    pretraining = train_network(
        whole,
        next_batch=next_batch,
        loss=error,
        validate=lambda: float(error(held_out)),
        steps_per_epoch=steps_per_epoch,
        epochs=pretrain_epochs if epochs else 0,
        learning_rate=1e-3,
        weight_decay=weight_decay,
        patience=pretrain_epochs + 1,
        keep_best=False,  # a start, not a result
        progress=stage(progress, 0.0, 0.4, "pretraining"),
    )
    centre, radius = first_centre(encoder, train), torch.zeros(members)

    def squared_distances(vectors: Tensor) -> Tensor:
        """d² of every vector from each member's centre, ``(n, members)``."""
        squared: Tensor = (encoder(vectors) - centre).square().reshape(len(vectors), members, -1).sum(dim=2)
        return squared

    def distances(vectors: Tensor) -> Tensor:
        """The same in eval mode."""
        encoder.eval()
        with torch.inference_mode():
            return squared_distances(vectors)

    def new_radius() -> Tensor:
        return torch.quantile(distances(train).sqrt(), 1.0 - nu, dim=0).clone()

    radii: list[float] = []

    def before_epoch(epoch: int) -> None:
        nonlocal radius
        if soft and epoch >= WARM_UP:
            radius = new_radius()
        radii.append(round(float(radius.mean()), 6))

    def objective(squared: Tensor) -> Tensor:
        if not soft:
            return squared.mean(dim=0).sum()
        return (radius**2 + (squared - radius**2).clamp(min=0.0).mean(dim=0) / nu).sum()

    milestone = round(0.7 * epochs)
    training = train_network(
        encoder,
        next_batch=next_batch,
        loss=lambda batch: objective(squared_distances(batch)),
        validate=lambda: float(objective(distances(held_out))),
        steps_per_epoch=steps_per_epoch,
        epochs=epochs,
        learning_rate=learning_rate,
        weight_decay=weight_decay,
        patience=epochs + 1,
        before_epoch=before_epoch,
        rate=lambda epoch: 1.0 if epoch < milestone else 0.1,
        keep_best=False,  # the soft objective's R moves, so its losses do not compare; the one-class has no best epoch
        progress=stage(progress, 0.4, 1.0, "sphere"),
    )
    if soft and epochs > WARM_UP:
        radius = new_radius()
    with torch.inference_mode():
        spread = encoder(held_out).std(dim=0)
    diagnostics = {
        **training,
        "pretraining": pretraining,
        "radius": radii,
        "embedding_spread": round(float(spread.mean()), 6),  # next to 0: the network has collapsed
        "centre_norm": round(float(centre.norm()), 6),
    }
    return Sphere(centre, radius.double().numpy(), diagnostics)
