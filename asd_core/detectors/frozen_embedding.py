"""Nearest neighbours among the embeddings of a network that others trained on other sounds, and that learns nothing here."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from asd_core.detectors.base import Density, DensityPerId, DetectorInfo, Scores, parameter
from asd_core.detectors.common.cosine_bank import unit
from asd_core.detectors.common.distances import squared_distances
from asd_core.detectors.common.local_density import in_local_units, local_density
from asd_core.features import Array, chosen_embedding

MEAN, MAXIMUM, BOTH = range(3)  # of the times, see :func:`pooled`


def pooled(embeddings: Array, pooling: int) -> Array:
    """Embeddings over time ``(n_times, d)`` as one vector ``(d,)`` or, both joined, ``(2 d,)``: each with the length 1, or the maximum,
    which is the longer one, would outweigh the mean."""
    parts = [embeddings.mean(axis=0)] if pooling != MAXIMUM else []
    parts += [embeddings.max(axis=0)] if pooling != MEAN else []
    return np.concatenate([unit(part) for part in parts]).astype(np.float32)


class CosineNeighbours(Density):
    """Mean cosine distance to the k nearest training vectors, in units of the local spacing of these where ``n_density`` is not 0."""

    points_: NDArray[np.float32]  # (n, d), of length 1
    rho_: NDArray[np.float64]  # (n,): see :func:`local_density`; 1 where nothing is normalised

    def __init__(self, n_neighbors: int = 1, n_density: int = 0, decay: float = 1.0) -> None:
        self.n_neighbors = n_neighbors
        self.n_density = n_density
        self.decay = decay

    def fit(self, vectors: NDArray[Any], *, seed: int = 0) -> Self:
        self.points_ = unit(vectors).astype(np.float32)
        self.rho_ = np.ones(len(vectors))
        if self.n_density:
            self.rho_ = local_density(
                lambda rows: self._distances(vectors[rows]), len(vectors), self.n_density, self.decay
            )
        return self

    def _distances(self, vectors: NDArray[Any]) -> NDArray[np.float64]:
        """1 - cosine: half the squared distance of vectors of length 1."""
        return 0.5 * squared_distances(unit(vectors), self.points_)

    def score(self, vectors: NDArray[Any]) -> Scores:
        local = in_local_units(self._distances(vectors), self.rho_)
        k = min(self.n_neighbors, local.shape[1])
        return np.asarray(np.partition(local, k - 1, axis=1)[:, :k].mean(axis=1))


@dataclass
class FrozenEmbedding(DensityPerId):
    """A bank of normal clips' embeddings a machine id; the network that makes them is pretrained, and stays as it is."""

    n_neighbors: int = parameter(1, low=1, high=5, help="Nearest normal clips whose distances are averaged.")
    pooling: int = parameter(0, low=0, high=2, help="Over time: 0 the mean, 1 the maximum, 2 both joined.")
    n_density: int = parameter(
        4,
        low=0,
        high=64,
        help="Neighbours of a normal clip that tell the local spacing that distances count in; 0: none.",
    )
    density_decay: float = parameter(
        1.0, low=0.0, high=1.0, help="Weight of each of these neighbours over the nearer one's."
    )

    info: ClassVar[DetectorInfo] = DetectorInfo(
        key="frozen_embedding",
        title="Frozen embedding + kNN",
        origin="beyond",
        scope="machine id",
        representation=chosen_embedding(),
        paper="Saengthong and Shinozaki, Deep generic representations for domain-generalized anomalous sound detection (GenRep), "
        "ICASSP 2025; Wilkinghoff et al., Local density-based anomaly score normalization, arXiv 2509.10951.",
        decides="Compares what a network trained on other sounds hears in the clip with the nearest normal clip.",
        catches="Catches what changes the kind of sound; misses what sounds alike to a network that never heard a machine.",
        how_it_scores="Cosine distance of the clip's embedding, averaged over time, from the nearest normal clip's, divided by that "
        "clip's mean distance to its own nearest others.",
        when_not_to_use="Without a pretrained model's file, or where its control, the same network untrained, does as well: what "
        "was learned elsewhere then adds nothing. It cannot say where in the clip the fault is.",
    )

    def new_model(self) -> CosineNeighbours:
        return CosineNeighbours(self.n_neighbors, self.n_density, self.density_decay)

    def vectors(self, features: Sequence[Array]) -> Array:
        return np.stack([pooled(embeddings, self.pooling) for embeddings in features])

    def latent(self, features: Sequence[Array], machine_ids: Sequence[str]) -> Array | None:
        return self.vectors(features)


@dataclass
class ControlUntrainedEmbedding(FrozenEmbedding):
    """The same search among the embeddings of aiSFX's network as it was initialised: random features of the spectrogram."""

    info: ClassVar[DetectorInfo] = DetectorInfo(
        key="control_embedding",
        title="Control: untrained embedding",
        origin="control",
        scope="machine id",
        representation=chosen_embedding("untrained"),
        paper="None: a control; random features: Rahimi and Recht, NeurIPS 2007.",
        decides="Compares what a network that learned nothing makes of the clip with the nearest normal clip.",
        catches="Catches what any picture of the spectrum shows: what a pretrained network must beat.",
        how_it_scores="As Frozen embedding + kNN, with the network of aiSFX at its random first weights.",
        when_not_to_use="As a product: it shows how much of a frozen embedding's figure is the spectrogram and the search.",
    )
