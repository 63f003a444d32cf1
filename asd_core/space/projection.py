"""Clips as vectors, and their principal components."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from asd_core.artifacts import pooled_columns, read_pooled
from asd_core.datasets import INTERNAL
from asd_core.errors import ArtifactError
from asd_core.features import Array, pool
from asd_core.space import latents

if TYPE_CHECKING:
    import pandas as pd

POOLED: dict[str, int | None] = {"all": None, "mean": 0, "spread": 1, "peak": 2}
"""Parts of the pooled log-mel, and which third of it each is (``None``: all three)."""
MIN_CLIPS = 3  # clips that a projection can be fitted on
MIN_SCALE = 1e-9


@dataclass(frozen=True, eq=False)
class Space:
    """A dataset's clips as vectors."""

    about: "pd.DataFrame"  # a row per clip: its number (the index) is the clip's in the pooled features
    vectors: Array  # (n_clips, d)

    def subset(self, splits: Sequence[str], machine_id: str | None) -> "Space":
        """The clips of some splits, and of one machine id (``None``: of all)."""
        mask = self.about["split"].isin(list(splits))
        if machine_id is not None:
            mask = mask & (self.about["machine_id"] == machine_id)
        return Space(self.about[mask], self.vectors[mask.to_numpy()])


def read_space(folder: Path, part: str) -> Space:
    """The clips that training saw, as vectors.

    Args:
        folder: of trained detectors.
        part: one of ``POOLED``, or the key of a detector whose latent space is stored.

    Raises:
        ArtifactError: for an unknown part, or one that is not there.
    """
    if part not in POOLED and part not in latents.latent_detectors():
        known = ", ".join([*POOLED, *latents.latent_detectors()])
        raise ArtifactError(f"There is no representation {part!r}: choose one of {known}.")
    table = read_pooled(folder)
    features = pooled_columns(table)
    about = table.drop(columns=features)
    if part in POOLED:
        return Space(about, select_part(table[features].to_numpy(dtype=np.float32), part))
    clips, vectors = latents.read_latents(folder, part)
    rows = about[["clip_id", "sha256"]].reset_index().merge(clips.reset_index(names="row"), on=["clip_id", "sha256"])
    return Space(about.loc[rows["index"]], vectors[rows["row"].to_numpy()])


def space_attributes(about: "pd.DataFrame") -> list[str]:
    """Columns that say something about a clip and differ between clips; the known ones first."""
    first = [name for name in ("label", "machine_id", "fault", "split") if name in about]
    others = [str(n) for n in about if n not in first and n not in (*INTERNAL, "clip_id")]
    return [name for name in [*first, *others] if name == "label" or about[name].nunique() > 1]


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

    def axis(self, number: int) -> str:
        """What an axis of a plot is called, with its share of the variance."""
        return f"component {number + 1} ({self.explained[number]:.0%} of the variance)"


def fit_pca(vectors: NDArray[Any], n_components: int = 2) -> Projection:
    """PCA of ``(n, d)`` vectors, each dimension standardised: bands differ in level by tens of dB.

    Raises:
        ArtifactError: for fewer than three clips.
    """
    from sklearn.decomposition import PCA

    if len(vectors) < MIN_CLIPS:
        raise ArtifactError(
            f"A projection needs {MIN_CLIPS} clips or more and {len(vectors)} are chosen: choose others."
        )
    mean = vectors.mean(axis=0, dtype=np.float64)
    scale = np.maximum(vectors.std(axis=0, dtype=np.float64), MIN_SCALE)
    # Of 20,000 clips the covariance is a hundred times as fast to decompose as the clips themselves.
    solver = "full" if len(vectors) < vectors.shape[1] else "covariance_eigh"
    pca = PCA(min(n_components, *vectors.shape), svd_solver=solver).fit((vectors - mean) / scale)
    return Projection(mean, scale, pca.components_, pca.explained_variance_ratio_)


def select_part(pooled: Array, part: str) -> Array:
    """Columns of pooled log-mels ``(n, 3 * n_mels)`` that a name in ``POOLED`` stands for."""
    which = POOLED[part]
    if which is None:
        return pooled
    width = pooled.shape[1] // 3
    return np.ascontiguousarray(pooled[:, which * width : (which + 1) * width])


def pooled_vector(log_mel: Array, part: str = "all") -> Array:
    """One clip as a row of :func:`read_space`'s vectors for a pooled part: ``(1, d)``."""
    return select_part(pool(log_mel)[None], part)
