"""How far a covariance is shrunk towards equal variances, chosen by what it does to held-out normal vectors."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from asd_core.detectors.common.whitening import Whitening, standardisation
from asd_core.lazy import sklearn

INTENSITIES = np.geomspace(1e-2, 1.0, 13)  # shares of Ledoit and Wolf's
CLEAR = 2.0  # standard errors by which another intensity must be better: 95%


def shrunk_whitening(vectors: NDArray[Any], *, seed: int) -> Whitening:
    """:meth:`Whitening.shrunk` of ``(n, d)`` vectors with the intensity below."""
    mean, scale = standardisation(vectors)
    return Whitening.shrunk(vectors, intensity=shrinkage_intensity((vectors - mean) / scale, seed=seed))


def shrinkage_intensity(vectors: NDArray[Any], *, seed: int) -> float:
    """Share of a standardised covariance ``(n, d)`` that is replaced by equal variances, 0 to 1.

    Ledoit and Wolf's (J. Multivariate Analysis 88, 2004) comes nearest to the covariance where it is large. Where a few
    vectors lie far out, or dimensions are closely correlated, it blurs the quiet directions, in which faults show.
    Hence a smaller one where held-out vectors favour it. What is compared is how far a change of unknown direction, as
    large as the vectors themselves, lifts the logarithm of the squared distance of vectors that were held out from the
    covariance (5 folds), in units of its spread among them: no anomaly is needed for that. Ledoit and Wolf's stays
    unless the best is better by two standard errors.
    """
    intensities = sklearn.covariance.ledoit_wolf_shrinkage(vectors) * INTENSITIES
    distances: list[NDArray[np.float64]] = []  # of each fold, (n_intensities, n_held_out): a change would add 1 to them
    for train, test in sklearn.model_selection.KFold(5, shuffle=True, random_state=seed).split(vectors):
        mean, spread = vectors[train].mean(axis=0), vectors[train].var(axis=0)
        variances, axes = np.linalg.eigh(np.cov(vectors[train].T, bias=True))
        shrunk = np.outer(1.0 - intensities, np.maximum(variances, 0.0)) + intensities[:, None] * spread.mean()
        precisions = 1.0 / np.maximum(shrunk, 1e-12)  # (n_intensities, d)
        added = precisions @ (spread @ np.square(axes))  # by a change that is each dimension's own spread, on average
        distances.append(precisions @ np.square((vectors[test] - mean) @ axes).T / added[:, None])
    squared = np.maximum(np.concatenate(distances, axis=1), 1e-12)
    lifts, levels = np.log1p(1.0 / squared), np.log(squared)
    gains = np.log(lifts.mean(axis=1) / levels.std(axis=1))
    best = int(np.argmax(gains))
    deviations = (levels[best] - levels[best].mean()) / levels[best].std()
    influence = lifts[best] / lifts[best].mean() - 1.0 - (np.square(deviations) - 1.0) / 2.0
    error = float(influence.std()) / np.sqrt(len(vectors))
    return float(intensities[best if gains[best] - gains[-1] > CLEAR * error else -1])
