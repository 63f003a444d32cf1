"""Clips as points: principal components of pooled log-mels."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from asd_core.features import Array, pool

POOLED_PARTS: dict[str, int | None] = {
    "Mean, spread and peak of each band": None,
    "Mean of each band": 0,
    "Spread of each band": 1,
    "Peak of each band": 2,
}


@dataclass(frozen=True, eq=False)
class Projection:
    """A fitted PCA of standardised vectors. New clips are projected into it; it is never refitted for them."""

    mean: NDArray[np.float64]
    scale: NDArray[np.float64]
    axes: NDArray[np.float64]  # (n_components, d)
    explained: NDArray[np.float64]  # share of the variance, (n_components,)

    def transform(self, vectors: NDArray[Any]) -> NDArray[np.float64]:
        """``(n, d) -> (n, n_components)``."""
        return np.asarray(((vectors - self.mean) / self.scale) @ self.axes.T, dtype=np.float64)


def fit_pca(vectors: NDArray[Any], n_components: int = 2) -> Projection:
    """PCA of ``(n, d)`` vectors, each dimension standardised: bands differ in level by tens of dB."""
    from sklearn.decomposition import PCA

    mean = vectors.mean(axis=0, dtype=np.float64)
    scale = np.maximum(vectors.std(axis=0, dtype=np.float64), 1e-9)
    pca = PCA(min(n_components, *vectors.shape), svd_solver="full").fit((vectors - mean) / scale)
    return Projection(mean, scale, pca.components_, pca.explained_variance_ratio_)


def select_part(pooled: Array, part: str) -> Array:
    """Columns of pooled log-mels ``(n, 3 * n_mels)`` that a name in ``POOLED_PARTS`` stands for."""
    which = POOLED_PARTS[part]
    if which is None:
        return pooled
    width = pooled.shape[1] // 3
    return pooled[:, which * width : (which + 1) * width]


def pooled_vector(log_mel: Array) -> Array:
    """One clip's row for :func:`select_part`: ``(1, 3 * n_mels)``."""
    return pool(log_mel)[None]
