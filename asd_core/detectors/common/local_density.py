"""Local density normalisation: a distance counts by how far apart the references are where it ends.

Wilkinghoff et al., Local density-based anomaly score normalization for domain generalization, arXiv 2509.10951: with references
in a dense and in a sparse region (two domains, a slow and a fast machine) one threshold cannot serve both; distances in units of
the local spacing can, and no domain label is needed.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from asd_core.detectors.common.distances import row_blocks

_SAME = 1e-5  # of the median distance: below it, two references are the same recording twice


def local_density(
    distances: Callable[[slice], NDArray[Any]], n: int, n_neighbors: int, decay: float = 1.0
) -> NDArray[np.float64]:
    """rho ``(n,)``: mean distance of each reference to its K nearest other ones.

    rho(y) = sum over k of r^(k - 1) d(y, y_k) / sum over k of r^(k - 1): global weighted ranking pooling, the plain mean with r = 1.

    Args:
        distances: of some of the ``n`` references from all, ``(rows, n)``: they are asked for twice, a block of rows at a time, since
            all of them are too many for the memory where references are. A reference's own does not count.
        n_neighbors: K. Where there are fewer others, all of them are taken.
        decay: r, from 0 (the nearest alone) to 1.

    A reference that is there twice is one: a copy at distance 0 says nothing of the density, and rho = 0 would make every distance
    to it infinite. Where no other reference is left (one alone, or all the same), rho is 1 and nothing is normalised. What counts as
    the same is set by the median distance of the first block's references.
    """
    blocks = list(row_blocks(n, n))
    first = _others(distances, blocks[0])
    apart = first[np.isfinite(first) & (first > 0.0)]
    if not len(apart):
        return np.ones(n)
    limit = _SAME * float(np.median(apart))
    # Of copies the first stands for all: K copies of a neighbour are one neighbour.
    copies = np.concatenate([np.tril(_others(distances, r) <= limit, k=r.start).any(axis=1) for r in blocks])
    return np.concatenate([_rho(_others(distances, rows), limit, copies, n_neighbors, decay) for rows in blocks])


def _others(distances: Callable[[slice], NDArray[Any]], rows: slice) -> NDArray[np.float64]:
    """A block of distances with a reference's own, which is infinite."""
    others = np.array(distances(rows), dtype=np.float64)
    others[np.arange(len(others)), np.arange(rows.start, rows.stop)] = np.inf
    return others


def _rho(
    others: NDArray[np.float64], limit: float, copies: NDArray[np.bool_], n_neighbors: int, decay: float
) -> NDArray[np.float64]:
    """Of a block's references."""
    others[others <= limit] = np.inf
    others[:, copies] = np.inf
    k = min(n_neighbors, others.shape[1] - 1)
    nearest = np.sort(np.partition(others, k - 1, axis=1)[:, :k], axis=1)
    weights = np.where(np.isfinite(nearest), decay ** np.arange(k, dtype=np.float64), 0.0)
    total = weights.sum(axis=1)
    rho = np.where(np.isfinite(nearest), nearest, 0.0)
    means = (rho * weights).sum(axis=1) / np.where(total > 0.0, total, 1.0)
    return np.where(total > 0.0, means, 1.0)


def in_local_units(distances: NDArray[Any], rho: NDArray[np.float64] | None) -> NDArray[np.float64]:
    """Distances ``(m, n)`` of vectors to references, each divided by its reference's rho ``(n,)``; as they are for ``None``.

    Dividing comes before the minimum: the nearest reference in these units may be another one.
    """
    return np.asarray(distances if rho is None else distances / rho, dtype=np.float64)
