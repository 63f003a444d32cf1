"""Pooled log-mels of a dataset's clips, beside the detectors that were trained on it."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from asd_core.datasets import Dataset, Extracted
from asd_core.errors import ArtifactError
from asd_core.features import LogMel, pool
from asd_core.files import write_parquet

if TYPE_CHECKING:
    import pandas as pd

POOLED = "features.parquet"


def pooled_table(folder: Path, dataset: Dataset | None = None) -> "pd.DataFrame":
    """Pooled log-mels of a models folder's clips: the catalogue's columns, ``sha256`` and ``f0 …``.

    Args:
        dataset: with it, labels and attributes are its catalogue's as they are now, and clips it no longer has are
            left out.

    Raises:
        ArtifactError: when training stored none.
    """
    import pandas as pd

    path = folder / POOLED
    if not path.is_file():
        raise ArtifactError(f"{folder} holds no features of its clips ({POOLED}): train there again.")
    table = pd.read_parquet(path)
    if dataset is None:
        return table
    own = table[["clip_id", "sha256", *_figures(table)]]
    return dataset.catalogue.drop(columns="sha256", errors="ignore").merge(own, on="clip_id")


def _figures(table: "pd.DataFrame") -> list[str]:
    return [name for name in table if str(name)[:1] == "f" and str(name)[1:].isdigit()]


def write_pooled(read: Sequence[Extracted], out: Path) -> None:
    """Pooled log-mels of all clips, for scatter plots: one row a clip, columns ``f0 …`` beside the catalogue's."""
    import pandas as pd

    parts = []
    for part in read:
        if part.rows.empty:
            continue
        # Half precision resolves 0.03 dB at -60 dB: enough to draw points by, and half the size in the repository.
        pooled = np.stack([pool(f) for f in part.features[LogMel()]]).astype(np.float16)
        columns = pd.DataFrame(pooled, columns=[f"f{i}" for i in range(pooled.shape[1])], index=part.rows.index)
        parts.append(pd.concat([part.rows, columns], axis=1))
    write_parquet(pd.concat(parts, ignore_index=True).sort_values("clip_id", ignore_index=True), out / POOLED)
