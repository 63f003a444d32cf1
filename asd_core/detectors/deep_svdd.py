"""Deep SVDD: a network that maps normal sound into a small sphere; far from its centre is anomalous.

The sphere must not be reached by forgetting the input. Hence, as in Ruff et al. (ICML 2018, section 3.3): no bias
anywhere (a bias alone can output the centre), BatchNorm without its affine part (its shift is a bias), leaky ReLU (a
bounded activation saturates into a constant), and no component of the centre near 0 (a zero unit is matched with zero
weights).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from asd_core.detectors.base import Density, DetectorInfo, Scores, State, parameter
from asd_core.detectors.common.crops import fixed_crops, merge_crops
from asd_core.detectors.common.members import grouped_linear, grouped_matmul
from asd_core.detectors.common.modulation import CROP, HOP, modulation_spectrum
from asd_core.detectors.common.network import NetworkDetector, Normals, saliency, seeded, to_tensor
from asd_core.detectors.common.sphere import train_sphere
from asd_core.detectors.common.whitening import Whitening
from asd_core.features import Array
from asd_core.lazy import Tensor, nn, torch
from asd_core.progress import Progress

WIDTHS = (64 * 8, 128, 64)
FORMS = 2  # of plain vectors: standardised, and whitened with a shrunk covariance
SLOPE = 0.1  # of the leaky ReLU below 0


def dense_encoder(widths: Sequence[int]) -> nn.Sequential:
    """``(n, widths[0]) -> (n, widths[-1])``."""
    layers: list[nn.Module] = []
    for a, b in pairwise(widths[:-1]):
        layers += [nn.Linear(a, b, bias=False), nn.BatchNorm1d(b, affine=False), nn.LeakyReLU(SLOPE)]
    return nn.Sequential(*layers, nn.Linear(widths[-2], widths[-1], bias=False))


@dataclass
class DeepSvdd(NetworkDetector):
    """One-class objective: the mean squared distance to the centre."""

    epochs: int = parameter(
        100, low=0, high=1000, help="Passes that shrink the sphere; four times as many below 128 clips."
    )
    pretrain_epochs: int = parameter(
        50, low=0, high=1000, help="Passes of the autoencoder whose encoder it takes; as those."
    )
    batch_size: int = parameter(32, low=4, high=512, help="Clips in a step.")
    learning_rate: float = parameter(1e-4, low=1e-6, high=1e-1, help="Adam's rate; a tenth of it in the last 30%.")
    weight_decay: float = parameter(1e-6, low=0.0, high=1e-2, help="L2 penalty on weights; 5e-7 to 1e-6 in the paper.")
    n_outputs: int = parameter(32, low=2, high=512, help="Dimensions of the sphere.")
    nu: float = parameter(0.1, low=0.001, high=0.5, help="Soft boundary: share of normal clips that may lie outside.")

    soft: ClassVar[bool] = False
    map_shows: ClassVar[str] = "the score's sensitivity"
    info: ClassVar[DetectorInfo] = DetectorInfo(
        key="deep_svdd",
        title="Deep SVDD (one-class)",
        origin="report",
        scope="machine type",
        paper="Ruff et al., Deep one-class classification, ICML 2018.",
        decides="Measures how far the rhythm of the sound's bands lies from the centre of normal sound.",
        catches="Catches a changed rhythm; misses much where machines of one type sound very different.",
        how_it_scores="Squared distance to the centre of normal sound of the clip's embedding: a network without "
        "biases on the modulation spectrum of the log-mel (64 bands x 8 modulation bands, standardised).",
        when_not_to_use="Where machines of one type sound very different: one centre must serve them all.",
        presets={
            "quick": {"epochs": 20, "pretrain_epochs": 10, "learning_rate": 1e-3},
            "paper": {"epochs": 150, "pretrain_epochs": 350},
        },
    )

    def build(self) -> nn.Module:
        return dense_encoder([*WIDTHS, self.n_outputs])

    def learn(self, normals: Normals, *, seed: int, progress: Progress) -> None:
        spectra = torch.stack([modulation_spectrum(self.crops(s)) for s in normals.train])
        self.vector_mean_ = spectra.mean(dim=0).numpy()
        self.vector_scale_ = spectra.std(dim=0).clamp(min=1e-3).numpy()
        n = len(spectra)
        sphere = train_sphere(
            self.net_,
            dense_encoder([self.n_outputs, *reversed(WIDTHS)]),
            train=(spectra - to_tensor(self.vector_mean_)) / to_tensor(self.vector_scale_),
            held_out=torch.stack([self.vector(self.crops(s)) for s in normals.held_out]),
            soft=self.soft,
            nu=self.nu,
            pretrain_epochs=self.pretrain_epochs,
            epochs=self.epochs,
            steps_per_epoch=max(1, round(n / min(self.batch_size, n))),
            batch_size=self.batch_size,
            learning_rate=self.learning_rate,
            weight_decay=self.weight_decay,
            rng=np.random.default_rng(seed),
            progress=progress,
        )
        self.centre_, self.radius_, self.diagnostics_ = sphere.centre.numpy(), sphere.radius, sphere.diagnostics

    def crops(self, spectrogram: Array) -> Tensor:
        """The fixed crops of a standardised clip, ``(n_crops, 128, 128)``."""
        return to_tensor(fixed_crops(spectrogram, CROP, HOP))

    def vector(self, crops: Tensor) -> Tensor:
        """A clip's standardised modulation spectrum, ``(512,)``."""
        return (modulation_spectrum(crops) - to_tensor(self.vector_mean_)) / to_tensor(self.vector_scale_)

    def outside(self, crops: Tensor) -> Tensor:
        """d² - R² of a clip; R is 0 for one-class."""
        distance: Tensor = (self.net_(self.vector(crops)[None])[0] - to_tensor(self.centre_)).square().sum()
        return distance - self.radius_**2

    def score_clip(self, log_mel: Array, machine_id: str) -> float:
        return float(self.outside(self.crops(self.standardise(log_mel))))

    def latent(self, features: Sequence[Array], machine_ids: Sequence[str]) -> Array | None:
        """The network's output, whose distance to the centre is the score: ``(n_clips, n_outputs)``."""
        with torch.inference_mode():
            vectors = torch.stack([self.vector(self.crops(self.standardise(f))) for f in features])
            outputs: Array = self.net_(vectors).numpy()
        return outputs

    def explain(self, features: Array, machine_id: str) -> Array | None:
        """|input x gradient of d²|, through the modulation spectrum, averaged over overlapping crops."""
        hot = saliency(self.outside, fixed_crops(self.standardise(features), CROP, HOP))
        return merge_crops(hot, features.shape[1], CROP, HOP)

    def state(self) -> State:
        state = super().state()
        state.arrays |= {"centre": self.centre_, "radius": np.array([self.radius_])}
        state.arrays |= {"vector_mean": self.vector_mean_, "vector_scale": self.vector_scale_}
        return state

    def restore(self, state: State) -> None:
        super().restore(state)
        self.centre_, self.radius_ = state.arrays["centre"], float(state.arrays["radius"][0])
        self.vector_mean_, self.vector_scale_ = state.arrays["vector_mean"], state.arrays["vector_scale"]


@dataclass
class DeepSvddSoft(DeepSvdd):
    """Soft boundary: a share nu of the normal clips may lie outside the radius."""

    soft: ClassVar[bool] = True
    info: ClassVar[DetectorInfo] = replace(
        DeepSvdd.info,
        key="deep_svdd_soft",
        title="Deep SVDD (soft boundary)",
        decides="As Deep SVDD (one-class), with a sphere that leaves one normal clip in ten outside.",
        catches="Catches the same; worth it where the training clips hold outliers.",
        how_it_scores="Squared distance to the centre of the clip's embedding less the squared radius, on the "
        "modulation spectrum of the log-mel: above 0 is outside the sphere that holds 90% of normal clips.",
        when_not_to_use="Where the training clips hold no outliers: one-class is then simpler and as good.",
    )


class DeepSvddVectors(Density):
    """Deep SVDD on any ``(n, d)`` vectors: small dense networks without biases, half of them on the vectors as they are
    (standardised), half on the vectors whitened with a shrunk covariance.

    The score is the mean of the members' squared distances from their centres, each divided by its mean on normal vectors
    that were held out from the training. Standardised vectors show what is loud, whitened ones what is quiet, and a first
    draw of weights is a matter of luck. There is neither pretraining nor BatchNorm, unless asked for: an autoencoder keeps
    the directions in which normal vectors vary most and forgets the others, and a BatchNorm makes loud units of quiet
    ones (docs/decisions.md has the figures).
    """

    whitening_: Whitening
    first_: NDArray[np.float32]  # (d, members * hidden[0]): whitening and first layers in one
    centre_: NDArray[np.float32]  # (members * n_outputs,)
    radius_: NDArray[np.float64]  # (members,); 0 for one-class
    typical_: NDArray[np.float64]  # (members,): mean squared distance of held-out normals

    def __init__(
        self,
        hidden: Sequence[int] = (128,),
        n_outputs: int = 64,
        *,
        soft: bool = False,
        nu: float = 0.1,
        epochs: int = 60,
        pretrain_epochs: int = 0,
        members: int = 6,
    ) -> None:
        """``members``: an even number, as they share two forms of the vectors."""
        self.hidden, self.n_outputs, self.soft, self.nu = list(hidden), n_outputs, soft, nu
        self.epochs, self.pretrain_epochs, self.members = epochs, pretrain_epochs, members

    def fit(self, vectors: NDArray[Any], *, seed: int = 0) -> Self:
        self.whitening_ = Whitening.shrunk(vectors)
        rng = np.random.default_rng(seed)
        points = self.forms(vectors)[rng.permutation(len(vectors))]
        n_held = max(2, len(points) // 10)
        train, held_out = points[n_held:], points[:n_held]
        widths = [len(self.whitening_.mean), *self.hidden, self.n_outputs]
        with seeded(seed):
            net = self.layers(widths)
            sphere = train_sphere(
                net,
                self.layers(widths[::-1], decoder=True),
                train=train,
                held_out=held_out,
                members=self.members,
                inputs=FORMS,
                soft=self.soft,
                nu=self.nu,
                pretrain_epochs=self.pretrain_epochs,
                epochs=self.epochs,
                steps_per_epoch=max(1, len(train) // min(32, len(train))),
                rng=rng,
            )
        self.diagnostics_ = sphere.diagnostics
        self.centre_, self.radius_ = sphere.centre.numpy(), sphere.radii
        first, *self.weights_ = [layer.numpy().copy() for layer in net.state_dict().values()]
        self.first_ = np.concatenate(
            [first[0] / self.whitening_.scale[:, None], self.whitening_.axes.T @ first[1]], axis=1
        )
        held = vectors[np.random.default_rng(seed).permutation(len(vectors))[:n_held]]
        self.typical_ = np.maximum(self.distances(held).mean(axis=0), 1e-12)
        return self

    def forms(self, vectors: NDArray[Any]) -> Tensor:
        """Standardised and whitened vectors side by side, ``(n, 2 d)``."""
        standardised = (vectors - self.whitening_.mean) / self.whitening_.scale
        return to_tensor(np.concatenate([standardised, self.whitening_.transform(vectors)], axis=1).astype(np.float32))

    def layers(self, widths: Sequence[int], *, decoder: bool = False) -> nn.Sequential:
        """All members' layers; the first of the encoder is one a form, whose outputs are shared out among its members."""
        layers: list[nn.Module] = []
        for index, (a, b) in enumerate(pairwise(widths)):
            if index or decoder:
                layers.append(grouped_linear(self.members, a, b))
            else:
                layers.append(grouped_linear(FORMS, a, self.members // FORMS * b))
            if index < len(widths) - 2:
                layers.append(nn.LeakyReLU(SLOPE))
        return nn.Sequential(*layers)

    def distances(self, vectors: NDArray[Any]) -> NDArray[np.float64]:
        """d² from each member's centre: ``(n, d) -> (n, members)``."""
        x = np.asarray(vectors - self.whitening_.mean, dtype=np.float32) @ self.first_
        for weight in self.weights_:
            x = grouped_matmul(np.maximum(x, np.float32(SLOPE) * x), weight)
        return np.asarray(np.square(x - self.centre_).reshape(len(x), self.members, -1).sum(axis=2))

    def score(self, vectors: NDArray[Any]) -> Scores:
        outside = (self.distances(vectors) - np.square(self.radius_)) / self.typical_
        return np.asarray(outside.mean(axis=1), dtype=np.float64)

    def arrays(self) -> dict[str, NDArray[Any]]:
        layers = {f"layer/{index}": weight for index, weight in enumerate(self.weights_)}
        return {**super().arrays(), **layers, "shape": np.array([self.members, *self.hidden, self.n_outputs])}

    def load(self, arrays: Mapping[str, NDArray[Any]]) -> Self:
        super().load(arrays)
        self.members, *self.hidden, self.n_outputs = (int(v) for v in arrays["shape"])
        self.weights_ = [arrays[f"layer/{index}"] for index in range(len(self.hidden))]
        return self
