"""Normal embeddings of a machine as a few directions."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from asd_core.features import Array

CENTRES = 16
CLIPS_A_CENTRE = 4  # on average, at least; with fewer a mean says no more than its clips


def unit(vectors: NDArray[Any]) -> NDArray[np.float64]:
    """Vectors of length 1 along the last axis; one of length 0 stays."""
    lengths = np.linalg.norm(vectors.astype(np.float64), axis=-1, keepdims=True)
    return np.asarray(vectors / np.where(lengths > 0.0, lengths, 1.0))


def directions(embeddings: Array, seed: int) -> Array:
    """Unit vectors ``(k, d)`` that stand for normal embeddings ``(n, d)``.

    16 k-means centres from 64 clips on; with fewer clips, each of them.
    """
    points = unit(embeddings).astype(np.float32)
    if len(points) < CENTRES * CLIPS_A_CENTRE:
        return points
    from sklearn.cluster import KMeans

    return unit(KMeans(CENTRES, n_init=4, random_state=seed).fit(points).cluster_centers_).astype(np.float32)
