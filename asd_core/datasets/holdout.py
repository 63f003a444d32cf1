"""Which training normals detectors are fitted on, and which calibrate them."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from asd_core.datasets.catalogue import Dataset

if TYPE_CHECKING:
    import pandas as pd


HELD_OUT_FRACTION = 0.2


def held_out(
    sha256s: Sequence[str], machine_ids: Sequence[str], fraction: float = HELD_OUT_FRACTION
) -> NDArray[np.bool_]:
    """Which training normals calibrate and are never fitted on: the clips of lowest hash of each machine id.

    Chosen by content, so the choice depends neither on order nor on file names. At least one clip an id is held out.

    Returns:
        ``(n_clips,)`` booleans.
    """
    hashes, ids = np.asarray(sha256s), np.asarray(machine_ids)
    mask = np.zeros(len(ids), dtype=bool)
    for machine_id in np.unique(ids):
        subset = np.flatnonzero(ids == machine_id)
        count = max(1, round(fraction * len(subset)))
        mask[subset[np.argsort(hashes[subset], kind="stable")[:count]]] = True
    return mask


def fitted_rows(dataset: Dataset) -> "pd.DataFrame":
    """Rows of the training normals that detectors are fitted on, without the held-out ones."""
    rows = dataset.rows(split="train", label="normal")
    hashes = [dataset.read(clip_id).sha256 for clip_id in rows["clip_id"]]
    return rows[~held_out(hashes, rows["machine_id"].tolist())].reset_index(drop=True)
