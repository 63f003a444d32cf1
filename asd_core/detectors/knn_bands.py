"""Nearest neighbours, a sub-band at a time: each part of the spectrum need only resemble *some* normal clip."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from asd_core.detectors.base import Density, DensityPerId, DetectorInfo, Scores, parameter
from asd_core.detectors.common.distances import row_blocks, squared_distances, squared_norms
from asd_core.detectors.common.local_density import in_local_units, local_density
from asd_core.detectors.common.whitening import Whitening, standardisation
from asd_core.features import Array, pool

HALF = 0.5  # power of a spacing, or of a whitening, between none and all of it
HALF_WAY = {"n_density": 4, "density_power": HALF}
N_STATISTICS = 3  # what features.pool gives for a band: mean, spread, maximum


def neighbourhood(n: int) -> int:
    """Neighbours that tell the spacing of ``n`` vectors: the square root of their number, from 5 to 30, at most half of them."""
    return max(1, min(int(np.clip(round(np.sqrt(n)), 5, 30)), n // 2))


class BandNeighbours(Density):
    """Distance to the nearest training vector in each sub-band, averaged over sub-bands.

    A vector ``(d,)`` holds ``n_statistics`` figures of each band, statistic by statistic; a sub-band is a run of
    neighbouring bands with all their figures. Each sub-band finds its own neighbour (one global neighbour would have to
    match everywhere at once), and its distance is divided by the median one between normal vectors: a sub-band that
    always varies must not outvote the others (Saengthong and Shinozaki, BEAM, arXiv 2603.13749, 2026).
    With one sub-band this is a nearest-neighbour distance on all dimensions.

    With ``n_density`` neighbours or more than 0, distances of each sub-band count in units of the local spacing of its training
    vectors to a power, see :mod:`asd_core.detectors.common.local_density`: what is far in a crowded place may be near in a
    sparse one, say among noisy recordings. The power 1, as published, makes too little of an anomaly near a lone normal vector
    where normals have heavy tails.

    With ``local`` (for one sub-band) dimensions are half whitened (:meth:`Whitening.shrunk`), and the spacing is of
    :func:`neighbourhood` vectors, to the power 0.5.
    """

    points_: NDArray[np.float32]  # (n, d) training vectors, standardised
    mean_: NDArray[np.float64]  # (d,)
    scale_: NDArray[np.float64]  # (d,)
    typical_: NDArray[np.float64]  # (n_subbands,): median distance between normal vectors

    axes: NDArray[np.float64] | None  # (d, d): standardised -> half whitened, of ``local``

    def __init__(
        self,
        n_subbands: int = 1,
        n_statistics: int = 1,
        local: bool | None = None,
        n_density: int = 0,
        decay: float = 1.0,
        power: float = 1.0,
    ) -> None:
        """``local``: by default where there is one sub-band."""
        self.n_subbands = n_subbands
        self.n_statistics = n_statistics
        self.local = n_subbands == 1 if local is None else local
        self.n_density, self.decay, self.power = n_density, decay, power
        self.axes = None

    def fit(self, vectors: NDArray[Any], *, seed: int = 0) -> Self:
        self.mean_, self.scale_ = standardisation(vectors)
        self.axes = Whitening.shrunk(vectors, HALF).axes.T * self.scale_[:, None] if self.local else None
        self.points_ = self._prepared(vectors).astype(np.float32)
        self._split()
        n_density, power = (neighbourhood(len(vectors)), HALF) if self.local else (self.n_density, self.power)
        typical = []
        for band, part in enumerate(self._parts):

            def distances(rows: slice, part: NDArray[Any] = part) -> NDArray[np.float64]:
                return np.asarray(np.sqrt(squared_distances(part[rows], part)))

            if n_density:
                self._rho[band] = local_density(distances, len(part), n_density, self.decay) ** power
            nearest = [self._nearest_other(distances(rows), rows, band) for rows in row_blocks(len(part), len(part))]
            typical.append(np.median(np.concatenate(nearest)))
        self.typical_ = np.maximum(np.array(typical), 1e-9)
        return self

    def _nearest_other(self, distances: NDArray[Any], rows: slice, band: int) -> NDArray[np.float64]:
        """Of some training vectors, whose distances from all ``(rows, n)`` are given, in the sub-band's units."""
        distances = in_local_units(distances, self._rho[band])
        distances[np.arange(len(distances)), np.arange(rows.start, rows.stop)] = (
            np.inf
        )  # no vector is its own neighbour
        return np.asarray(distances.min(axis=1))

    def _prepared(self, vectors: NDArray[Any]) -> NDArray[np.float64]:
        """Standardised, and half whitened where asked for."""
        standardised = (vectors - self.mean_) / self.scale_
        return np.asarray(standardised if self.axes is None else standardised @ self.axes, dtype=np.float64)

    def _split(self) -> None:
        """Columns of each sub-band, and the training points in them."""
        columns = np.arange(self.points_.shape[1]).reshape(self.n_statistics, -1)
        groups = min(self.n_subbands, columns.shape[1])
        self._columns = [part.ravel() for part in np.array_split(columns, groups, axis=1)]
        self._parts = [np.ascontiguousarray(self.points_[:, part], dtype=np.float64) for part in self._columns]
        self._norms = [squared_norms(part) for part in self._parts]
        self._rho: list[NDArray[np.float64] | None] = [None] * groups

    def votes(self, vectors: NDArray[Any]) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
        """Distance of each vector to its nearest training vector in each sub-band, 1 = typical of normal vectors, and
        which one that is: ``(n, d) -> (n, n_subbands)`` twice."""
        prepared = self._prepared(vectors)
        votes = np.empty((len(vectors), len(self._columns)))
        nearest = np.empty(votes.shape, dtype=np.intp)
        for band, (columns, part) in enumerate(zip(self._columns, self._parts, strict=True)):
            for rows in row_blocks(len(prepared), len(part)):
                squared = squared_distances(prepared[rows][:, columns], part, self._norms[band])
                if (rho := self._rho[band]) is not None:
                    squared = in_local_units(squared, np.square(rho))
                nearest[rows, band] = squared.argmin(axis=1)
                votes[rows, band] = np.sqrt(squared.min(axis=1)) / self.typical_[band]
        return votes, nearest

    def score(self, vectors: NDArray[Any]) -> Scores:
        return np.asarray(self.votes(vectors)[0].mean(axis=1), dtype=np.float64)

    def shares(self, vector: NDArray[Any]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """What each figure adds to the score, and the neighbours' figures in the vector's units, ``(d,)`` each.

        A sub-band's vote is shared out as the squared differences from its neighbour are: not defined with ``local``.
        """
        assert self.axes is None
        votes, nearest = self.votes(vector[None])
        shares, like = np.zeros(len(vector)), np.empty(len(vector))
        for band, columns in enumerate(self._columns):
            like[columns] = self.points_[nearest[0, band], columns] * self.scale_[columns] + self.mean_[columns]
            squared = np.square((vector[columns] - like[columns]) / self.scale_[columns])
            shares[columns] = votes[0, band] / len(self._columns) * squared / max(float(squared.sum()), 1e-12)
        return shares, like

    def arrays(self) -> dict[str, NDArray[Any]]:
        local = {} if self.axes is None else {"axes": self.axes}
        if spacing := [rho for rho in self._rho if rho is not None]:
            local["rho"] = np.stack(spacing)
        return {**super().arrays(), **local, "shape": np.array([self.n_subbands, self.n_statistics])}

    def load(self, arrays: Mapping[str, NDArray[Any]]) -> Self:
        self.n_subbands, self.n_statistics = (int(value) for value in arrays["shape"])
        self.axes = arrays.get("axes")
        self.local = self.axes is not None
        super().load(arrays)
        self._split()
        if "rho" in arrays:
            self._rho = list(arrays["rho"])
        return self


@dataclass
class KnnBands(DensityPerId):
    """One bank of normal clips a machine id, searched a sub-band at a time."""

    n_subbands: int = parameter(
        16,
        low=1,
        high=128,
        help="Sub-bands of neighbouring mel bands that vote apart; fewer below 128 clips of a machine.",
    )
    n_density: int = parameter(
        0,
        low=0,
        high=64,
        help="Neighbours of a normal clip that tell the local spacing that distances count in; 0: none.",
        later=True,
    )
    density_decay: float = parameter(
        1.0, low=0.0, high=1.0, help="Weight of each of these neighbours over the nearer one's.", later=True
    )
    density_power: float = parameter(
        1.0, low=0.0, high=1.0, help="Power of the spacing that distances are divided by; 1 as published.", later=True
    )

    info: ClassVar[DetectorInfo] = DetectorInfo(
        key="knn_bands",
        title="kNN per sub-band",
        origin="beyond",
        scope="machine id",
        paper="Saengthong and Shinozaki, Sub-band spectral matching with localized score aggregation (BEAM), "
        "arXiv 2603.13749, 2026; Wilkinghoff and others, Local density-based anomaly score normalization, arXiv 2509.10951, 2025.",
        decides="Compares each of sixteen bands with the most similar normal clip.",
        catches="Catches changes across several bands; misses those in a few mel bands alone.",
        how_it_scores="Distance from the nearest normal clip in each of sixteen sub-bands (fewer where clips are few; mean, spread and maximum of "
        "each mel band), relative, but for the preset paper, to the square root of the distances of that normal clip from its own nearest (local density), averaged over sub-bands.",
        when_not_to_use="With clips much shorter or longer than those it learned from (a band's maximum grows with the "
        "clip), or for a fault in a few mel bands only: one sub-band's vote is a sixteenth.",
        # Four neighbours, as published, but the square root of their distance: divided by all of it, an anomaly near a lone
        # normal clip (another machine ran beside it) is lost. Not the parameters' defaults: what was stored before there
        # were any knows none.
        presets={"quick": HALF_WAY, "standard": HALF_WAY, "paper": {}},
    )

    def new_model(self) -> BandNeighbours:
        return BandNeighbours(
            self.n_subbands,
            N_STATISTICS,
            local=False,
            n_density=self.n_density,
            decay=self.density_decay,
            power=self.density_power,
        )

    def vectors(self, features: Sequence[Array]) -> Array:
        return np.stack([pool(log_mel) for log_mel in features])

    def explain(self, features: Array, machine_id: str) -> Array | None:
        """Each band's part of the score, laid on the frames that are unlike the neighbour's mean in that band.

        The share in a band is exact. Its place in time is not known to the score: a band's mean, spread and maximum
        are all moved by frames far from that level, so the share goes to them, as their squared distance does.
        """
        model = self.models_[machine_id]
        assert isinstance(model, BandNeighbours)
        shares, like = model.shares(pool(features))
        unlike = np.square(features - like[: len(features), None])
        weights = unlike / np.maximum(unlike.sum(axis=1, keepdims=True), 1e-12)
        by_band = shares.reshape(N_STATISTICS, -1).sum(axis=0)
        return np.asarray(by_band[:, None] * weights * features.shape[1], dtype=np.float32)
