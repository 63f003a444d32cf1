"""A small Gaussian mixture on principal components: a density for vectors that fall into a few kinds."""

from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from asd_core.detectors.base import Density, Scores
from asd_core.detectors.common.whitening import Whitening, held_out_residual, likely_components, whitened_folds
from asd_core.lazy import sklearn

REGULARISATION = 1e-2  # added to the variances, in whitened units: a tenth of a standard deviation
MAX_MIXTURE = 3


class Gmm(Density):
    """Gaussian mixture with full covariances (Dempster, Laird and Rubin, 1977) on whitened principal components.

    score = -log p(x) up to a constant, with what the components leave out under one Gaussian (Moghaddam and Pentland,
    IEEE PAMI 19, 1997), as in :class:`asd_core.detectors.common.kde.Kde`. A mixture on all dimensions would have more
    parameters than there are clips. The numbers of components and of Gaussians, where they are not given, are those
    that make held-out normal vectors most likely.
    """

    means_: NDArray[np.float64]  # (n_mixture, n_components), whitened
    factors_: NDArray[np.float64]  # (n_mixture, n_components, n_components): Cholesky factors of the precisions
    log_weights_: NDArray[np.float64]  # (n_mixture,), with the factors' log determinants
    residual_variance_: float  # of a dimension outside the components
    whitening_: Whitening

    def __init__(self, n_mixture: int | None = None, n_components: int | None = None) -> None:
        self.n_mixture = n_mixture
        self.n_components = n_components

    def fit(self, vectors: NDArray[Any], *, seed: int = 0) -> Self:
        n_components = self.n_components or likely_components(vectors, seed=seed)
        every = vectors.shape[1]
        if self.n_components is None and self.n_mixture is None and every < len(vectors) // 4:
            # Few dimensions for so many vectors: a Gaussian of all of them may be likelier than a subspace and one residual.
            n_components = max((n_components, every), key=lambda n: _best_likelihood(vectors, n, seed=seed))
        if self.n_mixture:  # each Gaussian must see a few times as many vectors as it has dimensions
            n_components = max(1, min(n_components, len(vectors) // (3 * self.n_mixture)))
        self.whitening_ = Whitening.fit(vectors, n_components, seed=seed)
        points = self.whitening_.transform(vectors)
        n_mixture = self.n_mixture or _likely_mixture(vectors, points.shape[1], seed=seed)
        model = sklearn.mixture.GaussianMixture(n_mixture, reg_covar=REGULARISATION, n_init=3, random_state=seed).fit(
            points
        )
        self.means_ = model.means_.astype(np.float64)
        self.factors_ = model.precisions_cholesky_.astype(np.float64)
        determinants = np.log(np.diagonal(self.factors_, axis1=1, axis2=2)).sum(axis=1)
        self.log_weights_ = np.log(np.maximum(model.weights_, 1e-12)) + determinants
        self.residual_variance_ = held_out_residual(vectors, points.shape[1], seed=seed)
        return self

    def _log_densities(self, points: NDArray[Any]) -> NDArray[np.float64]:
        """Log of each Gaussian's part of the density, up to a constant: ``(n, n_components) -> (n, n_mixture)``."""
        squared = [
            np.square((points - mean) @ factor).sum(axis=1)
            for mean, factor in zip(self.means_, self.factors_, strict=True)
        ]
        return np.asarray(self.log_weights_ - 0.5 * np.stack(squared, axis=1))

    def score(self, vectors: NDArray[Any]) -> Scores:
        densities = self._log_densities(self.whitening_.transform(vectors))
        neg_log_density: Scores = -np.logaddexp.reduce(densities, axis=1)
        return neg_log_density + self.whitening_.residual(vectors) / (2.0 * self.residual_variance_)

    def shares(self, vector: NDArray[Any]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Centre ``(d,)`` and pull ``(d,)`` of a vector ``(d,)``: the sum of (vector - centre) x pull is its squared
        distance from the Gaussian that claims it, and from the components' subspace."""
        point = self.whitening_.transform(vector[None])
        nearest = int(np.argmax(self._log_densities(point)))
        factor = self.factors_[nearest]
        pull = self.whitening_.axes.T @ (factor @ (factor.T @ (point[0] - self.means_[nearest])))
        outside = self.whitening_.outside(vector[None])[0] / self.whitening_.scale
        return self.whitening_.restore(self.means_[nearest]), pull + outside / self.residual_variance_


def _likelihoods(vectors: NDArray[Any], n_components: int, *, seed: int) -> list[float]:
    """Mean log likelihood of held-out vectors' components under one, two and three Gaussians (5 folds, each whitened on its
    training vectors)."""
    folds = whitened_folds(vectors, n_components, seed=seed)

    def likelihood(n_mixture: int) -> float:
        model = sklearn.mixture.GaussianMixture(n_mixture, reg_covar=REGULARISATION, random_state=seed)
        return float(np.mean([model.fit(train).score(test) for train, test in folds]))

    return [likelihood(n) for n in range(1, MAX_MIXTURE + 1)]


def _likely_mixture(vectors: NDArray[Any], n_components: int, *, seed: int) -> int:
    """How many Gaussians make held-out vectors most likely."""
    return 1 + int(np.argmax(_likelihoods(vectors, n_components, seed=seed)))


def _best_likelihood(vectors: NDArray[Any], n_components: int, *, seed: int) -> float:
    """Mean log likelihood of held-out vectors in all their (standardised) dimensions, with the likeliest number of Gaussians."""
    inside = max(_likelihoods(vectors, n_components, seed=seed))
    inside -= float(np.log(Whitening.fit(vectors, n_components, seed=seed).deviation).sum())
    left_out = vectors.shape[1] - n_components
    if left_out <= 0:
        return inside
    variance = held_out_residual(vectors, n_components, seed=seed)
    return float(inside - 0.5 * left_out * (np.log(2.0 * np.pi * variance) + 1.0))
