"""Clips that sound most like this one: by level, spread and peak of each mel band."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from asd_core.artifacts import pooled_columns
from asd_core.datasets import COLUMNS, INTERNAL
from asd_core.detectors.common.whitening import standardisation
from asd_core.features import Array, pool

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, eq=False)
class Neighbours:
    """Clips of the same machine id, nearest first: columns ``clip_id``, ``distance``, ``label``, ``split`` and the
    catalogue's attributes. A distance is the root mean square difference of all figures, each in standard deviations
    of this machine id's training normals."""

    normals: "pd.DataFrame"  # training normals
    anomalies: "pd.DataFrame"  # clips labelled as anomalies


def nearest(table: "pd.DataFrame", log_mel: Array, machine_id: str, sha256: str, *, n: int = 5) -> Neighbours:
    """The training normals and the labelled anomalies of a machine id that a clip sounds most like.

    Args:
        table: see :func:`pooled_table`.
        log_mel: of the clip, ``(n_mels, n_frames)``.
        sha256: of the clip: it is not its own neighbour.
        n: at most so many of each.
    """
    figures = pooled_columns(table)
    hidden = {*figures, *INTERNAL, *COLUMNS} - {"clip_id", "label", "split"}
    shown = [name for name in table if name not in hidden]
    subset = table[table["machine_id"] == machine_id]
    is_normal = ((subset["split"] == "train") & (subset["label"] == "normal")).to_numpy()
    points = subset[figures].to_numpy(dtype=np.float64)
    if is_normal.sum() < 2:  # nothing to measure the normal spread by
        empty = subset.iloc[:0][shown].assign(distance=np.array([], dtype=np.float64))
        return Neighbours(empty, empty)
    _, scale = standardisation(points[is_normal])
    difference = (points - pool(log_mel)) / scale
    result = subset[shown].assign(distance=np.sqrt(np.square(difference).mean(axis=1)))
    result.insert(1, "distance", result.pop("distance"))
    other = (subset["sha256"] != sha256).to_numpy()

    def best(mask: "np.ndarray[tuple[int, ...], np.dtype[np.bool_]]") -> "pd.DataFrame":
        return result[mask & other].sort_values("distance", kind="stable", ignore_index=True).head(n)

    return Neighbours(best(is_normal), best((subset["label"] == "anomaly").to_numpy()))
