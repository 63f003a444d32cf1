"""Kernel density of plain vectors, on whitened principal components."""

from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from asd_core.detectors.base import Density, Scores
from asd_core.detectors.common.whitening import Whitening, held_out_residual, shrunk_folds, whitened_folds
from asd_core.lazy import scipy

BLOCK = 1024  # vectors compared with all points at once
HALF = 0.5  # power of the whitening of all dimensions
BANDWIDTHS = np.geomspace(0.1, 3.0, 25)  # in whitened units, where 1 is a standard deviation


class Kde(Density):
    """Gaussian kernel density on whitened principal components.

    score = -log p(x), with p the mean of Gaussian kernels on the training points (Parzen, 1962), summed by logsumexp
    so that a point far away still has a finite, distinct score. The bandwidth maximises the likelihood of each
    training vector under the kernels of the other folds, whitened on these (5-fold cross-validation; Silverman, 1986,
    3.4.4).

    A few components say nothing of what lies outside them, which is where most faults are. With ``residual`` the
    density covers all dimensions: times a Gaussian of the distance from the subspace (Moghaddam and Pentland, IEEE
    PAMI 19, 1997), its variance taken on vectors that the components were not fitted on. Up to a constant, then,
    score = -log p(x) + residual / (2 variance).

    Without a number of components all dimensions count, half whitened with a shrunk covariance.
    """

    points_: NDArray[np.float32]  # (n, n_components), whitened
    bandwidth_: float
    residual_variance_: float  # of a dimension outside the components; infinite without ``residual``
    whitening_: Whitening

    def __init__(self, n_components: int | None = None, residual: bool = True) -> None:
        self.n_components = n_components
        self.residual = residual

    def fit(self, vectors: NDArray[Any], *, seed: int = 0) -> Self:
        if self.n_components is None:
            self.whitening_, folds = Whitening.shrunk(vectors, HALF), shrunk_folds(vectors, HALF, seed=seed)
        else:
            self.whitening_ = Whitening.fit(vectors, self.n_components, seed=seed)
            folds = whitened_folds(vectors, self.whitening_.axes.shape[0], seed=seed)
        points = self.whitening_.transform(vectors)
        likelihood = [
            np.mean(np.concatenate([_log_density(test, train, width) for train, test in folds])) for width in BANDWIDTHS
        ]
        self.bandwidth_ = float(BANDWIDTHS[int(np.argmax(likelihood))])
        self.points_ = points.astype(np.float32)
        self.residual_variance_ = float("inf")
        if self.residual and self.n_components is not None:
            self.residual_variance_ = held_out_residual(vectors, points.shape[1], seed=seed)
        return self

    def score(self, vectors: NDArray[Any]) -> Scores:
        neg_log_density = -_log_density(self.whitening_.transform(vectors), self.points_, self.bandwidth_)
        if np.isfinite(self.residual_variance_):
            neg_log_density += self.whitening_.residual(vectors) / (2.0 * self.residual_variance_)
        return neg_log_density


def _log_density(at: NDArray[Any], points: NDArray[Any], bandwidth: float) -> Scores:
    """Log of the Gaussian kernel density at ``(m, d)`` of ``(n, d)`` points: ``(m,)``."""
    n, dimension = points.shape
    constant = np.log(n) + dimension * np.log(bandwidth * np.sqrt(2.0 * np.pi))
    densities = np.empty(len(at))
    for first in range(0, len(at), BLOCK):
        squared = scipy.spatial.distance.cdist(at[first : first + BLOCK], points, "sqeuclidean")
        squared /= -2.0 * bandwidth**2
        largest = squared.max(axis=1)
        # In place: scipy's logsumexp makes several copies of the matrix.
        kernels = np.exp(np.subtract(squared, largest[:, None], out=squared), out=squared)
        densities[first : first + BLOCK] = largest + np.log(kernels.sum(axis=1)) - constant
    return densities
