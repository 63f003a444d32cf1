"""A few clips of each machine id, as a new user has them. A draw decides which ones; a larger one contains the smaller
ones."""

import hashlib
from collections import Counter

import numpy as np

from asd_core.counting import counted
from asd_core.datasets import Extracted
from asd_core.errors import TrainingError


def drawn(clips: Extracted, n: int, draw: int) -> Extracted:
    """``n`` clips of each machine id, by a hash of the clip's own and the draw: by content, so that neither the order of rows
    nor file names choose.

    Raises:
        TrainingError: where a machine id has fewer.
    """
    counts = Counter(clips.machine_ids)
    fewest = min(counts, key=lambda machine_id: counts[machine_id])
    if counts[fewest] < n:
        raise TrainingError(f"machine id {fewest} has {counted(counts[fewest], 'normal clip')} to draw {n} from.")
    order = np.argsort([hashlib.sha256(f"{draw} {sha256}".encode()).digest() for sha256 in clips.rows["sha256"]])
    ids, mask = np.asarray(clips.machine_ids), np.zeros(len(clips.rows), dtype=bool)
    for machine_id in counts:
        mask[order[ids[order] == machine_id][:n]] = True
    return clips.subset(mask)
