"""Which training normals detectors are fitted on, and which calibrate them."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from asd_core.datasets.catalogue import Dataset

if TYPE_CHECKING:
    import pandas as pd


HELD_OUT_FRACTION = 0.2
N_FOLDS = 5


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


def folds(sha256s: Sequence[str], machine_ids: Sequence[str]) -> NDArray[np.intp]:
    """Five folds of the training normals of each machine id: the first holds those of :func:`held_out`, the others share the
    rest in the order of the hashes, as evenly as they can.

    Returns:
        ``(n_clips,)``, from 0 to 4. With fewer than five clips an id, some of its folds are empty.
    """
    hashes, ids = np.asarray(sha256s), np.asarray(machine_ids)
    first = held_out(sha256s, machine_ids)
    result = np.zeros(len(ids), dtype=np.intp)
    for machine_id in np.unique(ids):
        rest = np.flatnonzero((ids == machine_id) & ~first)
        for fold, part in enumerate(
            np.array_split(rest[np.argsort(hashes[rest], kind="stable")], N_FOLDS - 1), start=1
        ):
            result[part] = fold
    return result


def fitted_rows(dataset: Dataset) -> "pd.DataFrame":
    """Rows of the training normals that detectors are fitted on, without the held-out ones."""
    rows = dataset.rows(split="train", label="normal")
    hashes = [dataset.read(clip_id).sha256 for clip_id in rows["clip_id"]]
    return rows[~held_out(hashes, rows["machine_id"].tolist())].reset_index(drop=True)
