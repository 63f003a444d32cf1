"""Few clips of a domain made more: points between them, or between them and the many of another domain."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from asd_core.detectors.common.distances import squared_distances

Points = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Made:
    """Points ``(m, d)`` that were made, and of which of the few: ``parents`` ``(m, 2)``, twice the same where of one alone."""

    points: Points
    parents: NDArray[np.intp]


def nothing_made(few: NDArray[Any]) -> Made:
    """No point at all, for ``few`` ``(n, d)``."""
    return Made(np.empty((0, few.shape[1])), np.empty((0, 2), dtype=np.intp))


def memory_mixing(few: NDArray[Any], many: NDArray[Any], *, n_mixed: int, share: float = 0.9) -> Made:
    """Each of the few points ``(n, d)`` drawn a little towards each of its ``n_mixed`` nearest of the many ``(m, d)``:
    ``share * few + (1 - share) * many``.

    MemMixup of Saengthong and Shinozaki, GenRep (arXiv 2409.05035), whose share is 0.9 and whose best figures
    mix with all 990 source clips.
    """
    n_mixed = min(n_mixed, len(many))
    if not n_mixed or not len(few):
        return nothing_made(few)
    nearest = np.argsort(squared_distances(few, many), axis=1, kind="stable")[:, :n_mixed]
    mixed = share * np.asarray(few, dtype=np.float64)[:, None] + (1.0 - share) * np.asarray(many, np.float64)[nearest]
    parent = np.repeat(np.arange(len(few)), n_mixed)
    return Made(mixed.reshape(len(parent), -1), np.stack([parent, parent], axis=1))


def smote(few: NDArray[Any], n_made: int, *, n_neighbors: int = 5, seed: int = 0) -> Made:
    """``n_made`` points on the lines between the few ``(n, d)`` and one of each one's nearest of them, at a random place.

    Chawla, Bowyer, Hall and Kegelmeyer, SMOTE: synthetic minority over-sampling technique, JAIR 16, 2002, with its five
    neighbours. The few are taken in turn, so that each gets as many new points as the others.
    """
    n_neighbors = min(n_neighbors, len(few) - 1)
    if n_made < 1 or n_neighbors < 1:
        return nothing_made(few)
    distances = squared_distances(few, few)
    np.fill_diagonal(distances, np.inf)  # no point is its own neighbour
    nearest = np.argsort(distances, axis=1, kind="stable")[:, :n_neighbors]
    rng = np.random.default_rng(seed)
    first = np.arange(n_made) % len(few)
    second = nearest[first, rng.integers(n_neighbors, size=n_made)]
    points = np.asarray(few, dtype=np.float64)
    place = rng.random((n_made, 1))
    return Made(points[first] + place * (points[second] - points[first]), np.stack([first, second], axis=1))


def nearest_distances(vectors: NDArray[Any], bank: NDArray[Any], n_neighbors: int) -> Points:
    """Mean Euclidean distance ``(n,)`` of ``(n, d)`` to the ``n_neighbors`` nearest points of a bank ``(m, d)``."""
    return _mean_nearest(np.sqrt(squared_distances(vectors, bank)), n_neighbors)


def leave_one_out(few: NDArray[Any], made: Made, n_neighbors: int) -> Points:
    """:func:`nearest_distances` of each of the few ``(n, d)`` to the others and to what was made of others alone: what a
    new clip of their kind would get. What was made of a point itself lies beside it, and would make it look too normal.

    Raises:
        ValueError: with fewer than two points.
    """
    if len(few) < 2:
        raise ValueError("Leaving one out takes two points or more.")
    own = np.sqrt(squared_distances(few, few))
    np.fill_diagonal(own, np.inf)
    other = np.sqrt(squared_distances(few, made.points))
    index = np.arange(len(few))[:, None]
    other[(made.parents[:, 0] == index) | (made.parents[:, 1] == index)] = np.inf
    return _mean_nearest(np.concatenate([own, other], axis=1), n_neighbors)


def _mean_nearest(distances: Points, n_neighbors: int) -> Points:
    """Mean of the smallest finite ``n_neighbors`` of each row, or of as many as there are."""
    count = min(n_neighbors, int(np.isfinite(distances).sum(axis=1).min()))
    nearest = np.partition(distances, count - 1, axis=1)[:, :count]
    return np.asarray(nearest.mean(axis=1))
