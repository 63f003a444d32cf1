"""UMAP: fitted once in a process of its own, new clips placed without it.

``import umap`` takes many seconds, so nothing here imports it but :func:`fit_umap`.
"""

import io
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from asd_core.errors import ArtifactError
from asd_core.features import Array
from asd_core.progress import Progress, silent
from asd_core.space.projection import MIN_CLIPS, Projection, fit_pca

UmapMetric = Literal["euclidean", "cosine", "manhattan", "correlation"]
METRICS: tuple[UmapMetric, ...] = get_args(UmapMetric)
NEIGHBOURS = (2, 200)
MIN_DIST = (0.0, 0.99)
COMPONENTS = 50  # UMAP sees the first principal components: what is left is noise to its neighbours, and slow
STORED = np.float16  # a place on the map: to half a pixel where the map is 2,000 pixels wide
_BISECTIONS = 40
_PROGRESS = re.compile(r"(\d+)/(\d+)")


@dataclass(frozen=True)
class UmapSettings:
    """What a person chooses before it starts.

    Raises:
        ArtifactError: for a value outside its range.
    """

    n_neighbors: int = 15
    min_dist: float = 0.1
    metric: UmapMetric = "euclidean"
    seed: int = 0

    def __post_init__(self) -> None:
        if not NEIGHBOURS[0] <= self.n_neighbors <= NEIGHBOURS[1]:
            raise ArtifactError(f"n_neighbors {self.n_neighbors} is outside {NEIGHBOURS[0]} to {NEIGHBOURS[1]}.")
        if not MIN_DIST[0] <= self.min_dist <= MIN_DIST[1]:
            raise ArtifactError(f"min_dist {self.min_dist:g} is outside {MIN_DIST[0]:g} to {MIN_DIST[1]:g}.")
        if self.metric not in METRICS:
            raise ArtifactError(f"There is no metric {self.metric!r}: choose {', '.join(METRICS)}.")
        if not 0 <= self.seed < 2**31:
            raise ArtifactError(f"The seed {self.seed} is outside 0 to {2**31 - 1}.")


@dataclass(frozen=True, eq=False)
class Embedding:
    """A fitted UMAP: what it saw and where it put it. New clips are placed in it; it is never refitted for them."""

    settings: UmapSettings
    components: Projection  # vectors -> what UMAP saw
    seen: Array  # (n, n_components) of the clips it was fitted on
    xy: Array  # (n, 2)

    def transform(self, vectors: NDArray[Any]) -> NDArray[np.float64]:
        """``(n, d) -> (n, 2)``: the mean of the nearest fitted clips' places, weighted by their membership.

        This is where UMAP's own ``transform`` begins (McInnes et al., 2018; ``init_graph_transform``): weights
        ``exp(-d / sigma)`` with sigma such that they sum to ``log2(k)``; a clip that was fitted on is put at its own
        place. UMAP then moves new points a little by gradient steps, which needs its fitted object.
        """
        from sklearn.neighbors import NearestNeighbors

        k = min(self.settings.n_neighbors, len(self.seen))
        result = NearestNeighbors(n_neighbors=k, metric=self.settings.metric).fit(self.seen)
        distances, near = result.kneighbors(self.components.transform(vectors).astype(np.float32))
        weights = memberships(distances)
        same = distances[:, 0] < 1e-4 * max(float(np.median(distances)), 1e-12)
        weights[same] = 0.0
        weights[same, 0] = 1.0
        return np.asarray(np.einsum("nk,nkd->nd", weights / weights.sum(axis=1, keepdims=True), self.xy[near]))


def memberships(distances: NDArray[Any]) -> NDArray[np.float64]:
    """``exp(-d / sigma)`` of each point's k nearest ``(n, k)``, sigma by bisection so that a row sums to ``log2(k)``."""
    k = distances.shape[1]
    target = np.log2(k) if k > 1 else 1.0
    scale = np.maximum(distances.mean(axis=1, keepdims=True), 1e-12)
    low, high = np.full_like(scale, 1e-3), np.full_like(scale, 1e3)  # of sigma over the mean distance
    for _ in range(_BISECTIONS):
        middle = np.sqrt(low * high)
        above = np.exp(-distances / (middle * scale)).sum(axis=1, keepdims=True) > target
        low, high = np.where(above, low, middle), np.where(above, middle, high)
    return np.asarray(np.exp(-distances / (low * scale)) + 1e-12, dtype=np.float64)


def umap_input(vectors: Array, settings: UmapSettings) -> tuple[UmapSettings, Projection, Array]:
    """What UMAP works with for ``(n, d)`` vectors: settings that so few clips allow, the principal components, and the
    clips on them ``(n, n_components)``. The same vectors give the same."""
    components = fit_pca(vectors, COMPONENTS)
    allowed = replace(settings, n_neighbors=min(settings.n_neighbors, len(vectors) - 1))
    return allowed, components, components.transform(vectors).astype(np.float32)


def fit_umap(vectors: Array, settings: UmapSettings, *, progress: Progress = silent) -> Embedding:
    """UMAP of ``(n, d)`` vectors, standardised and reduced to their first principal components.

    Raises:
        ArtifactError: for fewer than four clips.
    """
    if len(vectors) <= MIN_CLIPS:
        raise ArtifactError(f"UMAP needs more than {MIN_CLIPS} clips and {len(vectors)} are chosen: choose others.")
    progress(0.01, "principal components")
    settings, components, seen = umap_input(vectors, settings)
    progress(0.03, "loading UMAP")
    from umap import UMAP

    progress(0.3, "nearest neighbours")
    reported = _Bar(lambda done: progress(0.5 + 0.5 * done, f"layout, {done:.0%}"))
    model = UMAP(
        n_neighbors=settings.n_neighbors,
        min_dist=settings.min_dist,
        metric=settings.metric,
        random_state=settings.seed,
        n_jobs=1,  # with a seed UMAP allows no more
        # Too few points for the spectral start: its solver needs more of them than dimensions.
        init="spectral" if len(vectors) > 10 else "random",
        tqdm_kwds={"disable": False, "file": reported, "mininterval": 0.2},
    )
    xy = np.asarray(model.fit_transform(seen), dtype=STORED).astype(np.float32)  # as it is read again
    return Embedding(settings, components, seen, xy)


class _Bar(io.StringIO):
    """The file that UMAP's progress bar is drawn to: it reads how far the bar is."""

    def __init__(self, on_fraction: Callable[[float], None]) -> None:
        super().__init__()
        self._on_fraction = on_fraction

    def write(self, text: str) -> int:
        result = _PROGRESS.search(text)
        if result and int(result[2]):
            self._on_fraction(int(result[1]) / int(result[2]))
        return len(text)
