"""PCA + LOF: is the clip's neighbourhood sparser than its neighbours' own?"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from asd_core.detectors.base import Density, DensityPerId, DetectorInfo, Scores, parameter
from asd_core.detectors.common.distances import row_blocks, squared_distances
from asd_core.detectors.common.whitening import Whitening
from asd_core.features import Array, pool


class Lof(Density):
    """Local outlier factor (Breunig, Kriegel, Ng and Sander, SIGMOD 2000) of new vectors among the training ones.

    score = mean local reachability density of the k nearest training points / that of the vector: 1 amid them, more
    where it is sparser than its neighbours. Written out (equal to scikit-learn's ``LocalOutlierFactor(novelty=True)``,
    tested), because its state is then three plain arrays and a new vector is scored against them alone.
    """

    points_: NDArray[np.float32]  # (n, n_components), whitened
    reach_: NDArray[np.float64]  # (n,): distance of each point to its k-th neighbour
    density_: NDArray[np.float64]  # (n,): local reachability densities
    n_neighbors_: int  # k
    whitening_: Whitening

    def __init__(self, variance: float | None = None, n_neighbors: int = 20) -> None:
        """``variance``: share that whitened components keep; without it all dimensions, half whitened with a shrunk covariance."""
        self.variance = variance
        self.n_neighbors = n_neighbors

    def fit(self, vectors: NDArray[Any], *, seed: int = 0) -> Self:
        # Whitened, because a fault rarely lies along the directions in which normal clips vary most.
        if self.variance is None:
            self.whitening_ = Whitening.shrunk(vectors, 0.5)
        else:
            self.whitening_ = Whitening.fit(vectors, self.variance, seed=seed)
        self.points_ = self.whitening_.transform(vectors).astype(np.float32)
        self.n_neighbors_ = min(self.n_neighbors, max(1, len(vectors) // 2))  # all of them would not be a neighbourhood
        k, n = self.n_neighbors_, len(vectors)
        parts = [np.partition(self._between(rows), k - 1, axis=1)[:, k - 1] for rows in row_blocks(n, n)]
        self.reach_ = np.concatenate(parts)
        self.density_ = np.concatenate([self._neighbourhood(self._between(rows))[1] for rows in row_blocks(n, n)])
        return self

    def _between(self, rows: slice) -> NDArray[np.float64]:
        """Distances of some training points to all of them, ``(n_rows, n)``; no point is its own neighbour."""
        distances = np.sqrt(squared_distances(self.points_[rows], self.points_))
        distances[np.arange(len(distances)), np.arange(rows.start, rows.stop)] = np.inf
        return distances

    def _neighbourhood(self, distances: NDArray[np.float64]) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
        """Nearest training points ``(n, k)`` and local reachability density ``(n,)``, of distances ``(n, n_training)``.

        A distance to a point counts at least as much as that point's own k-distance, which smooths it in clusters.
        """
        k = self.n_neighbors_
        neighbours = np.argpartition(distances, k - 1, axis=1)[:, :k]
        reached = np.maximum(np.take_along_axis(distances, neighbours, axis=1), self.reach_[neighbours])
        return neighbours, 1.0 / (reached.mean(axis=1) + 1e-10)

    def score(self, vectors: NDArray[Any]) -> Scores:
        points = self.whitening_.transform(vectors)
        scores = np.empty(len(points))
        for rows in row_blocks(len(points), len(self.points_)):
            neighbours, density = self._neighbourhood(np.sqrt(squared_distances(points[rows], self.points_)))
            scores[rows] = self.density_[neighbours].mean(axis=1) / density
        return scores


@dataclass
class PcaLof(DensityPerId):
    """One local outlier factor a machine id, on the pooled log-mel."""

    variance: float = parameter(
        0.99, low=0.5, high=0.999, help="Share of the variance that the components keep; 0.9 below 16 clips."
    )
    n_neighbors: int = parameter(20, low=2, high=100, help="Neighbours that define a clip's surroundings.")

    info: ClassVar[DetectorInfo] = DetectorInfo(
        key="pca_lof",
        title="PCA + LOF",
        origin="beyond",
        scope="machine id",
        paper="Breunig, Kriegel, Ng and Sander, LOF: identifying density-based local outliers, SIGMOD 2000.",
        decides="Asks whether the clip lies in sparser surroundings than the normal clips nearest to it.",
        catches="Catches clips unlike their neighbours; misses much with fewer than fifty normal clips, and cannot say where.",
        how_it_scores="How much sparser the clip's surroundings are than its nearest normal clips' own, on whitened "
        "principal components of each mel band's mean, spread and maximum over time.",
        when_not_to_use="With fewer than about fifty normal clips, or with clips much shorter or longer than those it "
        "learned from: a band's maximum grows with the clip. It cannot say where in the clip the fault is.",
    )

    def new_model(self) -> Lof:
        return Lof(self.variance, self.n_neighbors)

    def vectors(self, features: Sequence[Array]) -> Array:
        return np.stack([pool(log_mel) for log_mel in features])
