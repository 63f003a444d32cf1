"""Variational autoencoder on five stacked frames: a density on its latent space, or its own bound on the likelihood."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from asd_core.detectors.base import Density, DetectorInfo, Scores, State, parameter, with_prefix
from asd_core.detectors.common.crops import StackSampler, mean_and_top, merge_stacks, stacks
from asd_core.detectors.common.kde import Kde
from asd_core.detectors.common.network import (
    NetworkDetector,
    Normals,
    net_arrays,
    net_weights,
    saliency,
    seeded,
    to_tensor,
    train_network,
)
from asd_core.detectors.common.shrinkage import shrunk_whitening
from asd_core.features import Array
from asd_core.lazy import Tensor, nn, torch
from asd_core.on_disk import taken
from asd_core.progress import Progress

N_MELS = 128
FRAMES = 5
ACTIVE_KL = 0.01  # nats: a latent dimension below this says nothing about its input (Burda et al., 2016)


def vae_network(n_inputs: int, hidden: Sequence[int], n_latent: int) -> nn.ModuleDict:
    """Encoder to (mean, log variance) and decoder, dense with ReLU."""

    def dense(widths: Sequence[int]) -> list[nn.Module]:
        layers: list[nn.Module] = []
        for a, b in pairwise(widths):
            layers += [nn.Linear(a, b), nn.ReLU()]
        return layers[:-1]

    encoder = nn.Sequential(*dense([n_inputs, *hidden, 2 * n_latent]))
    decoder = nn.Sequential(*dense([n_latent, *reversed(hidden), n_inputs]))
    return nn.ModuleDict({"encoder": encoder, "decoder": decoder})


def posterior(net: Any, x: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and log variance of q(z|x), each ``(n, n_latent)``."""
    mean, log_variance = net["encoder"](x).chunk(2, dim=1)
    return mean, log_variance.clamp(-12.0, 12.0)


def kl(mean: Tensor, log_variance: Tensor) -> Tensor:
    """KL(q(z|x) || N(0, 1)) of every sample and dimension, ``(n, n_latent)``, in nats; it is never below 0."""
    return 0.5 * (mean.square() + log_variance.exp() - 1.0 - log_variance)


def negative_elbo(net: Any, x: Tensor, beta: float, *, sample: bool) -> Tensor:
    """-log p(x|z) + beta KL of every sample, ``(n,)``, up to a constant; p(x|z) is Gaussian with unit variance.

    Both terms are *summed* over a sample's dimensions: with one averaged, beta would mean something else for every
    input size. z is drawn from q(z|x), or its mean when scores must repeat.
    """
    mean, log_variance = posterior(net, x)
    z = mean + (0.5 * log_variance).exp() * torch.randn_like(mean) if sample else mean
    reconstruction = 0.5 * (net["decoder"](z) - x).square().sum(dim=1)
    bound: Tensor = reconstruction + beta * kl(mean, log_variance).sum(dim=1)
    return bound


def latent_diagnostics(net: Any, x: Tensor) -> dict[str, Any]:
    """KL of each latent dimension on normal samples, and how many of them are in use."""
    with torch.inference_mode():
        per_dimension = kl(*posterior(net, x)).mean(dim=0).numpy()
    return {
        "kl_per_dimension": [round(float(v), 4) for v in per_dimension],
        "active_units": int((per_dimension > ACTIVE_KL).sum()),
    }


@dataclass
class FrameVae(NetworkDetector):
    """The VAE that both detectors below train: 640-128-128-16 and back, on five frames of 128 mels.

    Dense on frames and not convolutional on crops: the latent of a two-second crop says where in its stroke the machine
    is, and that drowns a knock of two frames; a frame stack costs a hundredth, so a clip gives 309 of them.
    """

    epochs: int = parameter(40, low=0, high=1000, help="Passes over the training clips.")
    stacks_per_clip: int = parameter(32, low=1, high=309, help="Five-frame stacks drawn from a clip in an epoch.")
    batch_size: int = parameter(256, low=8, high=4096, help="Stacks in a step.")
    learning_rate: float = parameter(1e-3, low=1e-6, high=1e-1, help="Adam's first rate; it decays to a twentieth.")
    patience: int = parameter(10, low=1, high=1000, help="Epochs without a better held-out bound before it stops.")
    n_latent: int = parameter(16, low=1, high=128, help="Latent dimensions; those it does not need stay unused.")
    beta: float = parameter(1.0, low=0.0, high=100.0, help="Weight of the KL; 1 is the bound on the likelihood.")
    warm_up: int = parameter(5, low=0, high=1000, help="Epochs in which beta rises, so the latent is not lost.")

    def build(self) -> nn.Module:
        return vae_network(FRAMES * N_MELS, (128, 128), self.n_latent)

    def learn(self, normals: Normals, *, seed: int, progress: Progress) -> None:
        sampler = StackSampler(normals.train, FRAMES, np.random.default_rng(seed))
        checks = to_tensor(np.concatenate([stacks(s, FRAMES)[::FRAMES] for s in normals.held_out]))
        betas: list[float] = []  # of each epoch so far

        def warm(epoch: int) -> None:
            betas.append(self.beta * min(1.0, (epoch + 1) / (self.warm_up + 1)))

        history = train_network(
            self.net_,
            next_batch=lambda: to_tensor(sampler.draw(self.batch_size)),
            loss=lambda batch: negative_elbo(self.net_, batch, betas[-1], sample=True).mean(),
            validate=lambda: float(negative_elbo(self.net_, checks, self.beta, sample=False).mean()),
            steps_per_epoch=max(1, round(len(normals.train) * self.stacks_per_clip / self.batch_size)),
            epochs=self.epochs,
            learning_rate=self.learning_rate,
            patience=self.patience,
            before_epoch=warm,
            progress=progress,
        )
        self.net_.eval()
        curve = [round(b, 4) for b in betas]
        self.diagnostics_ = {**history, "beta": curve, **latent_diagnostics(self.net_, checks)}

    def embedding(self, spectrogram: Array) -> Tensor:
        """Posterior means, averaged over a clip's stacks: ``(n_latent,)``."""
        return posterior(self.net_, to_tensor(stacks(spectrogram, FRAMES)))[0].mean(dim=0)


@dataclass
class VaeElbo(FrameVae):
    """The VAE's own score."""

    map_shows: ClassVar[str] = "the reconstruction error"
    info: ClassVar[DetectorInfo] = DetectorInfo(
        key="vae_elbo",
        title="VAE (likelihood bound)",
        origin="beyond",
        scope="machine type",
        paper="Kingma and Welling, Auto-encoding variational Bayes, ICLR 2014; An and Cho, Variational autoencoder "
        "based anomaly detection using reconstruction probability, 2015.",
        decides="Asks how likely each stretch of five frames is under a model of normal sound, on average over the clip.",
        catches="Catches faults that last; misses those of a few frames and quiet, simple sounds.",
        how_it_scores="Negative evidence lower bound of each five-frame stack (half the squared error plus the KL, "
        "both summed; z at its posterior mean), averaged over the clip.",
        when_not_to_use="For faults of a few frames: it averages over the clip. Quiet, simple sounds have a high "
        "likelihood.",
        presets={"quick": {"epochs": 8}, "paper": {"epochs": 100, "stacks_per_clip": 309}},
    )

    def score_clip(self, log_mel: Array, machine_id: str) -> float:
        inputs = to_tensor(stacks(self.standardise(log_mel), FRAMES))
        return float(negative_elbo(self.net_, inputs, 1.0, sample=False).numpy().mean(dtype=np.float64))

    def explain(self, features: Array, machine_id: str) -> Array | None:
        """The reconstruction's part: squared error of every point (the KL belongs to no point)."""
        inputs = stacks(self.standardise(features), FRAMES)
        net: Any = self.net_
        with torch.inference_mode():
            rebuilt: Array = net["decoder"](posterior(net, to_tensor(inputs))[0]).numpy()
        return merge_stacks(np.square(rebuilt - inputs), FRAMES, len(features))


@dataclass
class VaeKde(FrameVae):
    """A kernel density for each machine id on the VAE's posterior means."""

    n_points: int = parameter(600, low=50, high=5000, help="Kernels of each machine id's density: normal stacks.")

    map_shows: ClassVar[str] = "the score's sensitivity"
    info: ClassVar[DetectorInfo] = DetectorInfo(
        key="vae_kde",
        title="VAE + KDE",
        origin="report",
        scope="machine id",
        paper="Kingma and Welling, Auto-encoding variational Bayes, ICLR 2014; Parzen, On estimation of a probability "
        "density function and mode, 1962.",
        decides="Reduces short stretches of sound to a few numbers and asks how usual these are for the machine.",
        catches="Catches unusual stretches, short ones too; misses what the reduction drops.",
        how_it_scores="-log density of each five-frame stack's standardised posterior mean under Gaussian kernels on "
        "the machine id's normal ones (one VAE a machine type, one density a machine id, active latent units only): "
        "the mean over the clip and the mean of its worst tenth, in equal parts.",
        when_not_to_use="For sounds the encoder never learned to tell apart: what the latent drops, the density "
        "cannot see.",
        presets={"quick": {"epochs": 8}, "paper": {"epochs": 100, "stacks_per_clip": 309}},
    )

    def learn(self, normals: Normals, *, seed: int, progress: Progress) -> None:
        super().learn(normals, seed=seed, progress=progress)
        self.net_.eval()
        active = np.flatnonzero(np.array(self.diagnostics_["kl_per_dimension"]) > ACTIVE_KL)
        # A unit that is not in use has a posterior mean of next to nothing; standardising would blow that up to 1.
        self.active_ = active if len(active) else np.arange(self.n_latent)
        rng = np.random.default_rng(seed)
        self.kdes_: dict[str, Kde] = {}
        for machine_id in self.machine_ids_:
            clips = taken(normals.train, np.flatnonzero(np.array(normals.train_ids) == machine_id))
            if not clips:  # a machine id with so few clips that all are held out
                clips = taken(normals.held_out, np.flatnonzero(np.array(normals.held_out_ids) == machine_id))
            means = self.posterior_means(StackSampler(clips, FRAMES, rng).draw(self.n_points))
            self.kdes_[machine_id] = Kde(len(self.active_)).fit(means, seed=seed)
        self.diagnostics_["bandwidth"] = {i: round(kde.bandwidth_, 4) for i, kde in self.kdes_.items()}

    def posterior_means(self, inputs: Array) -> Array:
        """Standardised stacks ``(n, 640)`` -> the active units' posterior means ``(n, n_active)``."""
        with torch.inference_mode():
            means: Array = posterior(self.net_, to_tensor(inputs))[0].numpy()
        return means[:, self.active_]

    def score_clip(self, log_mel: Array, machine_id: str) -> float:
        means = self.posterior_means(stacks(self.standardise(log_mel), FRAMES))
        return mean_and_top(self.kdes_[machine_id].score(means))

    def explain(self, features: Array, machine_id: str) -> Array | None:
        """|input x gradient| of each stack's -log density, averaged over the stacks a point is in."""
        self._known([machine_id])
        kde = self.kdes_[machine_id]
        points, axes = to_tensor(kde.points_), to_tensor(kde.whitening_.axes)
        centre, active = to_tensor(kde.whitening_.mean.astype(np.float32)), torch.from_numpy(self.active_)

        def value(inputs: Tensor) -> Tensor:
            at = (posterior(self.net_, inputs)[0][:, active] - centre) @ axes.T
            return -torch.logsumexp(-torch.cdist(at, points).square() / (2.0 * kde.bandwidth_**2), dim=1)

        return merge_stacks(saliency(value, stacks(self.standardise(features), FRAMES)), FRAMES, len(features))

    def state(self) -> State:
        state = super().state()
        state.arrays["active"] = self.active_
        for machine_id, kde in self.kdes_.items():
            state.arrays |= {f"kde/{machine_id}/{name}": array for name, array in kde.arrays().items()}
        return state

    def restore(self, state: State) -> None:
        super().restore(state)
        self.active_ = state.arrays["active"]
        self.kdes_ = {i: Kde().load(with_prefix(state.arrays, f"kde/{i}/")) for i in self.machine_ids_}


class VaeVectors(Density):
    """The same VAE on any ``(n, d)`` vectors, standardised; score = negative evidence lower bound.

    It is trained with noise of unit variance, as the detectors above. What it then leaves of normal vectors is neither of unit
    variance nor without correlation, so the score's noise is one Gaussian of these residuals, its covariance shrunk as
    held-out vectors choose: with unit variance, quiet dimensions would hardly count.
    """

    mean_: NDArray[np.float64]  # (d,)
    scale_: NDArray[np.float64]  # (d,)
    offset_: NDArray[np.float64]  # (d,): mean residual
    axes_: NDArray[np.float32]  # (d, d): whitens residuals

    def __init__(
        self, n_latent: int = 8, hidden: Sequence[int] = (64, 32), epochs: int = 200, beta: float = 1.0
    ) -> None:
        self.n_latent, self.hidden, self.epochs, self.beta = n_latent, list(hidden), epochs, beta

    def fit(self, vectors: NDArray[Any], *, seed: int = 0) -> Self:
        self.mean_ = vectors.mean(axis=0, dtype=np.float64)
        self.scale_ = np.maximum(vectors.std(axis=0, dtype=np.float64), 1e-9)
        rng = np.random.default_rng(seed)
        points = self.standardise(vectors)[rng.permutation(len(vectors))]
        n_held = max(1, len(points) // 10)
        held_out, train, batch_size = points[:n_held], points[n_held:], 32
        beta = self.beta

        def warm(epoch: int) -> None:
            nonlocal beta
            beta = self.beta * min(1.0, epoch / 10)

        with seeded(seed):
            net = self.net_ = vae_network(points.shape[1], self.hidden, self.n_latent)
            history = train_network(
                net,
                next_batch=lambda: train[rng.integers(len(train), size=batch_size)],
                loss=lambda batch: negative_elbo(net, batch, beta, sample=True).mean(),
                validate=lambda: float(negative_elbo(net, held_out, self.beta, sample=False).mean()),
                steps_per_epoch=max(1, len(train) // batch_size),
                epochs=self.epochs,
                learning_rate=1e-3,
                patience=30,
                before_epoch=warm,
            )
        self.diagnostics_ = {**history, **latent_diagnostics(net, held_out)}
        noise = shrunk_whitening(self._decoded(vectors)[0], seed=seed)
        self.offset_, self.axes_ = noise.mean, noise.axes
        return self

    def standardise(self, vectors: NDArray[Any]) -> Tensor:
        return to_tensor(np.asarray((vectors - self.mean_) / self.scale_, dtype=np.float32))

    def _decoded(self, vectors: NDArray[Any]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Residuals ``(n, d)`` of the decoded posterior means, and the KL ``(n,)``."""
        with torch.inference_mode():
            x = self.standardise(vectors)
            mean, log_variance = posterior(self.net_, x)
            residuals = self.net_["decoder"](mean) - x
            return residuals.double().numpy(), kl(mean, log_variance).sum(dim=1).double().numpy()

    def score(self, vectors: NDArray[Any]) -> Scores:
        residuals, divergences = self._decoded(vectors)
        whitened = (residuals - self.offset_) @ self.axes_.T
        return np.asarray(0.5 * np.square(whitened).sum(axis=1) + divergences, dtype=np.float64)

    def arrays(self) -> dict[str, NDArray[Any]]:
        return {**super().arrays(), **net_arrays(self.net_), "shape": np.array([self.n_latent, *self.hidden])}

    def load(self, arrays: Mapping[str, NDArray[Any]]) -> Self:
        super().load(arrays)
        self.n_latent, *self.hidden = (int(v) for v in arrays["shape"])
        with seeded(0):
            self.net_ = vae_network(len(self.mean_), self.hidden, self.n_latent)
        self.net_.load_state_dict(net_weights(arrays))
        return self
