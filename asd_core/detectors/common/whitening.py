"""Whitened PCA: the step that several density models share."""

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from asd_core.lazy import sklearn


@dataclass(frozen=True, eq=False)
class Whitening:
    """Principal components scaled to unit variance on the training vectors, and what they leave out."""

    mean: NDArray[np.float64]  # (d,)
    axes: NDArray[np.float32]  # (n_components, d): components divided by their standard deviation
    scale: NDArray[np.float64]  # (d,): standard deviation of each dimension
    deviation: NDArray[np.float64]  # (n_components,): standard deviation along each component, in standardised units

    @classmethod
    def fit(cls, vectors: NDArray[Any], n_components: int | float, *, seed: int) -> Self:
        """Keep a number of components (at most n - 1, or d), or a share of the variance (a float below 1).

        Each dimension is standardised first, or whichever has the largest unit would choose the components.
        """
        mean, scale = standardisation(vectors)
        wanted = n_components if n_components < 1 else min(int(n_components), len(vectors) - 1, vectors.shape[1])
        pca = sklearn.decomposition.PCA(wanted, random_state=seed).fit((vectors - mean) / scale)
        deviation = np.sqrt(np.maximum(pca.explained_variance_.astype(np.float64), 1e-12))
        return cls(mean, (pca.components_ / deviation[:, None] / scale).astype(np.float32), scale, deviation)

    @classmethod
    def shrunk(cls, vectors: NDArray[Any], power: float = 1.0, *, intensity: float | None = None) -> Self:
        """Keep every dimension, each principal axis divided by its shrunk standard deviation to a power.

        Where there are hardly more vectors than dimensions, a share of the variance throws away the quiet directions, in
        which faults show, and the variance of those that it keeps is too small: n - 1 components of n vectors put all of
        these at one distance from each other. Ledoit and Wolf's covariance (J. Multivariate Analysis 88, 2004) has a floor
        under every direction. A power of 1 whitens (distance from the mean is Mahalanobis's); a half is a compromise
        with the standardised vectors, in which loud directions still count more. ``intensity`` replaces theirs, as
        :func:`asd_core.detectors.common.shrinkage.shrinkage_intensity` gives it.
        """
        mean, scale = standardisation(vectors)
        standardised = (vectors - mean) / scale
        if intensity is None:
            covariance, _ = sklearn.covariance.ledoit_wolf(standardised)
        else:
            covariance = sklearn.covariance.shrunk_covariance(np.cov(standardised.T, bias=True), intensity)
        variances, axes = np.linalg.eigh(covariance)
        deviation = np.sqrt(np.maximum(variances[::-1], 1e-12)) ** power
        return cls(mean, (axes.T[::-1] / deviation[:, None] / scale).astype(np.float32), scale, deviation)

    def transform(self, vectors: NDArray[Any]) -> NDArray[np.float64]:
        """``(n, d) -> (n, n_components)``."""
        return np.asarray((vectors - self.mean) @ self.axes.T, dtype=np.float64)

    def outside(self, vectors: NDArray[Any]) -> NDArray[np.float64]:
        """What the components leave out of each vector, in standardised units: ``(n, d) -> (n, d)``."""
        components = self.axes * self.scale * self.deviation[:, None]
        standardised = (vectors - self.mean) / self.scale
        return np.asarray(standardised - (standardised @ components.T) @ components, dtype=np.float64)

    def residual(self, vectors: NDArray[Any]) -> NDArray[np.float64]:
        """Squared distance from the components' subspace, in standardised units: ``(n, d) -> (n,)``."""
        return np.asarray(np.square(self.outside(vectors)).sum(axis=1))

    def restore(self, points: NDArray[Any]) -> NDArray[np.float64]:
        """The vectors in the subspace that whiten to ``(n, n_components)`` points: ``(n, d)``."""
        components = self.axes * self.scale * self.deviation[:, None]
        return np.asarray(self.mean + (points * self.deviation) @ components * self.scale, dtype=np.float64)


def standardisation(vectors: NDArray[Any]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Mean and standard deviation of each dimension, each ``(d,)``.

    A dimension that hardly moves among the training vectors (a band at the floor) counts as moving a hundredth of the
    median: divided by its own spread, a rounding error there would outweigh everything else.
    """
    spread = vectors.std(axis=0, dtype=np.float64)
    return vectors.mean(axis=0, dtype=np.float64), np.maximum(spread, max(0.01 * float(np.median(spread)), 1e-9))


def whitened_folds(
    vectors: NDArray[Any], n_components: int, *, seed: int
) -> list[tuple[NDArray[np.float64], NDArray[np.float64]]]:
    """Five folds for cross-validation on whitened components, each whitened on its training vectors alone.

    Components that were fitted on the held-out vectors too would make these look likelier than new clips are.

    Returns:
        Training and held-out points of each fold, ``(n, n_components)`` each; fewer components where a fold has not enough
        vectors.
    """
    folds = []
    for train, test in sklearn.model_selection.KFold(5, shuffle=True, random_state=seed).split(vectors):
        whitening = Whitening.fit(vectors[train], n_components, seed=seed)
        folds.append((whitening.transform(vectors[train]), whitening.transform(vectors[test])))
    return folds


def shrunk_folds(
    vectors: NDArray[Any], power: float, *, seed: int
) -> list[tuple[NDArray[np.float64], NDArray[np.float64]]]:
    """As :func:`whitened_folds`, of all dimensions with :meth:`Whitening.shrunk`."""
    folds = []
    for train, test in sklearn.model_selection.KFold(5, shuffle=True, random_state=seed).split(vectors):
        whitening = Whitening.shrunk(vectors[train], power)
        folds.append((whitening.transform(vectors[train]), whitening.transform(vectors[test])))
    return folds


def held_out_residual(vectors: NDArray[Any], n_components: int, *, seed: int) -> float:
    """Variance per dimension outside the components, of vectors they were not fitted on (5 folds).

    On the vectors they were fitted on it is too small, and with fewer vectors than dimensions it can be zero.
    Infinite when the components leave nothing out, so that dividing by it makes the residual vanish.
    """
    left_out = vectors.shape[1] - n_components
    if left_out <= 0:
        return float("inf")
    folds = sklearn.model_selection.KFold(5, shuffle=True, random_state=seed).split(vectors)
    residuals = [
        Whitening.fit(vectors[train], n_components, seed=seed).residual(vectors[test]) for train, test in folds
    ]
    variance = float(np.concatenate(residuals).mean() / left_out)
    return max(variance, 1e-12)


def likely_components(vectors: NDArray[Any], *, seed: int) -> int:
    """How many components to keep: those that make vectors held out from the fit most likely (5 folds).

    The density is a Gaussian of the whitened components and one of the residual, so it covers all dimensions whatever
    their number, and likelihoods can be compared (probabilistic PCA, Tipping and Bishop, 1999, but with the residual's
    variance taken on held-out vectors).
    """
    d = vectors.shape[1]
    most = min(len(vectors) - len(vectors) // 5 - 2, d)
    numbers = [k for k in (1, 2, 4, 8, 16, 32, 64, 96, 128, 192) if k <= most]
    gains, residuals = np.zeros((2, len(numbers)))
    for train, test in sklearn.model_selection.KFold(5, shuffle=True, random_state=seed).split(vectors):
        full = Whitening.fit(vectors[train], most, seed=seed)
        squared = np.square(full.transform(vectors[test]))
        standardised = np.square((vectors[test] - full.mean) / full.scale).sum(axis=1)
        for index, k in enumerate(numbers):
            gains[index] -= (0.5 * squared[:, :k].sum(axis=1) + np.log(full.deviation[:k]).sum()).sum()
            residuals[index] += (standardised - (squared[:, :k] * full.deviation[:k] ** 2).sum(axis=1)).sum()
    left_out = d - np.array(numbers)
    variances = np.maximum(residuals / (len(vectors) * np.maximum(left_out, 1)), 1e-12)
    return numbers[int(np.argmax(gains / len(vectors) - 0.5 * left_out * (np.log(variances) + 1.0)))]
