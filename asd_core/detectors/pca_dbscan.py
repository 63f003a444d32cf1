"""PCA + DBSCAN, inductive: how far the clip is from the dense clusters of normal clips."""

from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from asd_core.detectors.base import Density, DensityPerId, DetectorInfo, Scores, parameter
from asd_core.detectors.common.whitening import Whitening
from asd_core.features import BandSpectrum
from asd_core.lazy import scipy, sklearn

DENSE_SHARE = 0.95  # of the training vectors whose neighbourhoods are dense, where all dimensions count


class Dbscan(Density):
    """DBSCAN (Ester et al., KDD 1996) fitted on normal vectors only.

    scikit-learn's DBSCAN cannot predict, so a new point is scored by its distance to the nearest *core sample* divided
    by eps: at most 1 inside a cluster, above 1 outside, and continuous, so that a ROC curve exists. eps comes from the
    knee of the sorted k-distance curve (the paper's section 4.2); min_samples is 2 x dimension (Sander et al., 1998).

    Without a number of components all dimensions count, whitened with a shrunk covariance: neighbourhoods then hold the
    square root of the number of vectors (twice hundreds of dimensions would be all of them), and eps is the 95% quantile of
    the k-distances, since distances in many dimensions are so alike that their curve has no knee.
    """

    core_: NDArray[np.float32]  # (n_core, n_components): the core samples, whitened
    eps_: float
    whitening_: Whitening

    def __init__(self, n_components: int | None = None) -> None:
        self.n_components = n_components

    def fit(self, vectors: NDArray[Any], *, seed: int = 0) -> Self:
        if self.n_components is None:
            self.whitening_ = Whitening.shrunk(vectors)
        else:
            self.whitening_ = Whitening.fit(vectors, self.n_components, seed=seed)
        points = self.whitening_.transform(vectors)
        wanted = round(np.sqrt(len(points))) if self.n_components is None else 2 * points.shape[1]
        min_samples = min(wanted, max(2, len(points) // 4))
        distances, _ = sklearn.neighbors.NearestNeighbors(n_neighbors=min_samples).fit(points).kneighbors(points)
        rising = np.sort(distances[:, -1])
        eps = knee(rising) if self.n_components is not None else float(np.quantile(rising, DENSE_SHARE))
        self.eps_ = max(eps, 1e-9)
        cores = sklearn.cluster.DBSCAN(eps=self.eps_, min_samples=min_samples).fit(points).core_sample_indices_
        if not len(cores):  # among a handful of points its rounding may leave out the one whose distance eps is
            cores = np.flatnonzero(distances[:, -1] <= self.eps_)
        self.core_ = points[cores].astype(np.float32)
        return self

    def score(self, vectors: NDArray[Any]) -> Scores:
        return np.asarray(
            scipy.spatial.distance.cdist(self.whitening_.transform(vectors), self.core_).min(axis=1) / self.eps_
        )


def knee(rising: NDArray[Any]) -> float:
    """The value of a sorted, rising curve farthest below the chord between its ends (Satopaa et al., 2011)."""
    chord = np.linspace(rising[0], rising[-1], len(rising))
    return float(rising[int(np.argmax(chord - rising))])


@dataclass
class PcaDbscan(DensityPerId):
    """One clustering a machine id, on the log-magnitude FFT folded into bands."""

    n_components: int = parameter(4, low=1, high=32, help="Principal components kept; neighbourhoods need few.")

    info: ClassVar[DetectorInfo] = DetectorInfo(
        key="pca_dbscan",
        title="PCA + DBSCAN",
        origin="report",
        scope="machine id",
        representation=BandSpectrum(),
        paper="Ester, Kriegel, Sander and Xu, A density-based algorithm for discovering clusters, KDD 1996.",
        decides="Measures how far the clip's spectrum lies from the nearest cluster of normal clips.",
        catches="Catches what is unlike every normal clip; misses much where clips are few or normal sound varies smoothly.",
        how_it_scores="Distance to the nearest core sample of the normal clips' clusters, divided by eps.",
        when_not_to_use="With few clips, or where normal sound varies smoothly: no neighbourhood is dense enough.",
    )

    def new_model(self) -> Dbscan:
        return Dbscan(self.n_components)
