"""One Gaussian of plain vectors."""

from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from asd_core.detectors.base import Density, Scores
from asd_core.lazy import sklearn


class Mahalanobis(Density):
    """Squared Mahalanobis distance with a Ledoit-Wolf shrinkage covariance (J. Multivariate Analysis 88, 2004)."""

    mean_: NDArray[np.float64]  # (d,)
    precision_: NDArray[np.float64]  # (d, d)

    def fit(self, vectors: NDArray[Any], *, seed: int = 0) -> Self:
        model = sklearn.covariance.LedoitWolf().fit(vectors.astype(np.float64))
        self.mean_ = model.location_.astype(np.float64)
        self.precision_ = model.precision_.astype(np.float64)
        return self

    def score(self, vectors: NDArray[Any]) -> Scores:
        centred = vectors - self.mean_
        return np.asarray(((centred @ self.precision_) * centred).sum(axis=1), dtype=np.float64)

    def shares(self, vector: NDArray[Any]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Centre ``(d,)`` and pull ``(d,)`` of a vector ``(d,)``: its score is the sum of (vector - centre) x pull."""
        return self.mean_, self.precision_ @ (vector - self.mean_)
