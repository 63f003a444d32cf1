"""Pooled log-mels of a dataset's clips, beside the detectors that were trained on it."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from asd_core.datasets import Dataset, Extracted
from asd_core.errors import ArtifactError
from asd_core.features import LogMel, pool
from asd_core.files import read_parquet, write_parquet
from asd_core.lazy import pd

POOLED = "features.parquet"


def read_pooled(folder: Path, columns: Sequence[str] | None = None) -> "pd.DataFrame":
    """Pooled log-mels of a models folder's clips as training wrote them: the catalogue's columns, ``sha256``, ``f0 …``.

    Args:
        columns: only these; all for ``None``.

    Raises:
        ArtifactError: when training stored none, or the file is damaged.
    """
    table = read_parquet(folder / POOLED, columns)
    if table is None:
        raise ArtifactError(
            f"{folder} holds no pooled features that can be read ({POOLED}): train its detectors again."
        )
    return table


def learned_clips(folder: Path) -> frozenset[str]:
    """sha256 of the clips that a models folder's detectors were trained or calibrated on; none where training stored no table.
    Clips that training also had among its test clips are left out: their scores are stored."""
    table = read_parquet(folder / POOLED, ("split", "sha256"))
    if table is None:
        return frozenset()
    trained = table["split"] == "train"
    return frozenset(table.loc[trained, "sha256"]) - frozenset(table.loc[~trained, "sha256"])


def pooled_columns(table: "pd.DataFrame") -> list[str]:
    """Names of the columns that hold features."""
    return [str(name) for name in table if str(name)[:1] == "f" and str(name)[1:].isdigit()]


def learned_rows(folder: Path) -> "pd.DataFrame":
    """Machine type, machine id and domain of the normal clips that a models folder was trained on, as they were then: the catalogue may have
    others now. Without rows where training stored no table."""
    columns = ("machine_type", "machine_id", "domain", "split", "label")
    table = read_parquet(folder / POOLED, columns)
    if table is None:
        return pd.DataFrame(columns=list(columns))
    return table[(table["split"] == "train") & (table["label"] == "normal")]


def pooled_table(folder: Path, dataset: Dataset | None = None) -> "pd.DataFrame":
    """:func:`read_pooled` with labels and attributes as they are in a dataset's catalogue now, without the clips it no
    longer has. Without a dataset (the recordings are gone) they are as they were."""
    table = read_pooled(folder)
    if dataset is None:
        return table
    features = table[["clip_id", "sha256", *pooled_columns(table)]]
    return dataset.catalogue.drop(columns="sha256", errors="ignore").merge(features, on="clip_id")


def write_pooled(read: Sequence[Extracted], out: Path) -> None:
    """Pooled log-mels of all clips, for scatter plots: one row per clip, columns ``f0 …`` beside the catalogue's."""
    parts = []
    for part in read:
        if part.rows.empty:
            continue
        # Half precision resolves 0.03 dB at -60 dB: enough to draw points by, and half the size in the repository.
        pooled = np.stack([pool(f) for f in part.features[LogMel()]]).astype(np.float16)
        columns = pd.DataFrame(pooled, columns=[f"f{i}" for i in range(pooled.shape[1])], index=part.rows.index)
        parts.append(pd.concat([part.rows, columns], axis=1))
    write_parquet(pd.concat(parts, ignore_index=True).sort_values("clip_id", ignore_index=True), out / POOLED)
