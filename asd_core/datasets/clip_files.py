"""The demo's clips as files, in the DCASE 2020 layout: what ``asd_core simulate`` writes."""

from pathlib import Path

from asd_core.counting import listed, machines_named
from asd_core.datasets.catalogue import Dataset
from asd_core.errors import DatasetError
from asd_core.files import write_bytes
from asd_core.progress import Progress, silent


def write_clips(
    dataset: Dataset,
    out: Path,
    *,
    machine_ids: list[str] | None = None,
    limit: int | None = None,
    progress: Progress = silent,
) -> int:
    """Write a rendered dataset's clips under ``out``; at most ``limit`` for each machine id, split and label.

    Returns:
        How many clips were written.

    Raises:
        DatasetError: for a machine id that the dataset does not have.
    """
    rows = dataset.catalogue
    known = sorted(rows["machine_id"].unique())
    unknown = sorted(set(machine_ids or ()) - set(known))
    if unknown:
        raise DatasetError(f"The simulator has no {machines_named(unknown)}; it has {listed(known)}.")
    if machine_ids:
        rows = rows[rows["machine_id"].isin(machine_ids)]
    if limit is not None:
        rows = rows.groupby(["machine_id", "split", "label"], sort=False).head(limit)
    for index, row in enumerate(rows.itertuples()):
        progress(index / len(rows), f"clip {index + 1} of {len(rows)}")
        path = out / str(row.machine_type) / str(row.clip_id)
        source = dataset.source(str(row.clip_id))
        write_bytes(source if isinstance(source, bytes) else source.read_bytes(), path)
    return len(rows)
