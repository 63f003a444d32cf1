"""A small Gaussian mixture on principal components: a density for vectors that fall into a few kinds."""

from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from asd_core.detectors.base import Density, Scores
from asd_core.detectors.common.shrinkage import shrunk_whitening
from asd_core.detectors.common.whitening import Whitening, held_out_residual, likely_components, whitened_folds
from asd_core.lazy import sklearn

REGULARISATION = 1e-2  # added to the variances, in whitened units: a tenth of a standard deviation
MAX_MIXTURE = 3


class Gmm(Density):
    """Gaussian mixture with full covariances (Dempster, Laird and Rubin, 1977) on whitened principal components.

    score = -log p(x) up to a constant, with what the components leave out under one Gaussian (Moghaddam and Pentland,
    IEEE PAMI 19, 1997), as in :class:`asd_core.detectors.common.kde.Kde`. A mixture on all dimensions would have more
    parameters than there are clips. The numbers of components and of Gaussians, where they are not given, are those
    that make held-out normal vectors most likely; where that is one Gaussian, it covers all dimensions, with the shrinkage
    that held-out vectors choose.
    """

    means_: NDArray[
        np.float64
    ]  # (n_mixture, n_mixed): the leading components, whitened; all, or none where one Gaussian has all
    factors_: NDArray[np.float64]  # (n_mixture, n_mixed, n_mixed): Cholesky factors of the precisions
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
        if n_mixture == 1 and self.n_mixture is None and self.n_components is None:
            return self._fit_one(vectors, seed=seed)
        model = sklearn.mixture.GaussianMixture(n_mixture, reg_covar=REGULARISATION, n_init=3, random_state=seed).fit(
            points
        )
        self.means_ = model.means_.astype(np.float64)
        self.factors_ = model.precisions_cholesky_.astype(np.float64)
        determinants = np.log(np.diagonal(self.factors_, axis1=1, axis2=2)).sum(axis=1)
        self.log_weights_ = np.log(np.maximum(model.weights_, 1e-12)) + determinants
        self.residual_variance_ = held_out_residual(vectors, points.shape[1], seed=seed)
        return self

    def _fit_one(self, vectors: NDArray[Any], *, seed: int) -> Self:
        """One Gaussian on all dimensions: nothing is left to a mixture, nothing lies outside."""
        self.whitening_ = shrunk_whitening(vectors, seed=seed)
        self.means_, self.factors_, self.log_weights_ = np.zeros((1, 0)), np.zeros((1, 0, 0)), np.zeros(1)
        self.residual_variance_ = float("inf")
        return self

    def _log_densities(self, points: NDArray[Any]) -> NDArray[np.float64]:
        """Log of each Gaussian's part of the density, up to a constant: ``(n, n_mixed) -> (n, n_mixture)``."""
        squared = [
            np.square((points - mean) @ factor).sum(axis=1)
            for mean, factor in zip(self.means_, self.factors_, strict=True)
        ]
        return np.asarray(self.log_weights_ - 0.5 * np.stack(squared, axis=1))

    def score(self, vectors: NDArray[Any]) -> Scores:
        points = self.whitening_.transform(vectors)
        mixed, rest = np.split(points, [self.means_.shape[1]], axis=1)
        score: Scores = 0.5 * np.square(rest).sum(axis=1) - np.logaddexp.reduce(self._log_densities(mixed), axis=1)
        if np.isfinite(self.residual_variance_):
            score += self.whitening_.residual(vectors) / (2.0 * self.residual_variance_)
        return score

    def shares(self, vector: NDArray[Any]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Centre ``(d,)`` and pull ``(d,)`` of a vector ``(d,)``: the sum of (vector - centre) x pull is its squared
        distance from the Gaussian that it most likely belongs to, and from the components' subspace."""
        mixed, rest = np.split(self.whitening_.transform(vector[None])[0], [self.means_.shape[1]])
        nearest = int(np.argmax(self._log_densities(mixed[None])))
        factor = self.factors_[nearest]
        pull = self.whitening_.axes.T @ np.concatenate([factor @ (factor.T @ (mixed - self.means_[nearest])), rest])
        outside = self.whitening_.outside(vector[None])[0] / self.whitening_.scale
        centre = self.whitening_.restore(np.concatenate([self.means_[nearest], np.zeros_like(rest)]))
        return centre, pull + outside / self.residual_variance_


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
