"""The clips of a dataset as labelling knows them: with the sha256 of their bytes."""

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

from asd_core.datasets import Dataset
from asd_core.errors import LabelError, reason_of
from asd_core.progress import Progress, silent

if TYPE_CHECKING:
    import pandas as pd


def clip_table(
    dataset: Dataset, scores: "pd.DataFrame | None" = None, *, read: bool = True, progress: Progress = silent
) -> "pd.DataFrame":
    """A dataset's catalogue with a column sha256.

    Args:
        scores: a score table of the dataset (see :func:`asd_core.scoring.store.read_scores`): its hashes need no reading.
        read: read the files of the others (nothing is decoded); without it their sha256 is "".

    Raises:
        LabelError: for a file that cannot be read.
    """
    table = dataset.catalogue.reset_index(drop=True).copy()
    hashes = table["clip_id"].map({})
    if scores is not None and "sha256" in scores:
        known = scores.drop_duplicates("clip_id").set_index("clip_id")["sha256"]
        hashes = table["clip_id"].map(known)
    hashes = hashes.astype(object).where(hashes.notna(), "").tolist()
    missing = [index for index, sha256 in enumerate(hashes) if not sha256] if read else []
    for done, index in enumerate(missing):
        progress(done / len(missing), "reading clips")
        hashes[index] = _sha256(dataset.source(table["clip_id"].iloc[index]))
    table["sha256"] = hashes
    return table


def opaque_name(dataset: str, sha256: str) -> str:
    """A clip's name for whoever labels blind: 12 hex digits that say nothing of its name, its label or its place in the
    catalogue, the same on every visit. A screen shows the first six."""
    return hashlib.sha256(f"{dataset}\0{sha256}".encode()).hexdigest()[:12]


def _sha256(source: bytes | Path) -> str:
    if isinstance(source, bytes):
        return hashlib.sha256(source).hexdigest()
    try:
        with open(source, "rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise LabelError(f"{source} cannot be read ({reason_of(error)}): see that the recordings are there.") from error
