"""A dataset: its catalogue (a table, one row a clip) and how to get the bytes of a clip.

Catalogue columns: ``clip_id`` (unique; a relative path), ``machine_type``, ``machine_id``, ``split`` (train, test, eval),
``label`` (normal, anomaly, unlabelled), ``domain`` (source, target); a dataset may add attributes (fault, severity, snr_db).
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from asd_core.audio import Clip, read_clip
from asd_core.errors import DatasetError

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = ("clip_id", "machine_type", "machine_id", "split", "label", "domain")
ATTRIBUTES = ("fault", "severity", "snr_db")


@dataclass(frozen=True, eq=False)
class Dataset:
    """A named catalogue and the source of its sound."""

    name: str
    title: str
    location: str  # what open_dataset takes: "demo" or an absolute path
    catalogue: "pd.DataFrame"
    source: Callable[[str], bytes | Path]

    def read(self, clip_id: str) -> Clip:
        """The clip of one row.

        Raises:
            DatasetError: for an id that is not in the catalogue. ClipError: see :func:`asd_core.audio.read_clip`.
        """
        if clip_id not in self._known():
            raise DatasetError(f"{clip_id} is not a clip of {self.title}: choose one of its catalogue.")
        return read_clip(self.source(clip_id), name=Path(clip_id).name)

    def _known(self) -> set[str]:
        return set(self.catalogue["clip_id"])

    def rows(self, **equal: str) -> "pd.DataFrame":
        """Rows of the catalogue with the given values, for example ``split="train", label="normal"``."""
        rows = self.catalogue
        for column, value in equal.items():
            rows = rows[rows[column] == value]
        return rows

    def attributes(self) -> list[str]:
        """Columns beyond the required ones that say something about a clip."""
        return [name for name in ATTRIBUTES if name in self.catalogue]


def open_dataset(where: str | Path) -> Dataset:
    """The demo (``"demo"``), or a folder in one of the known layouts.

    Raises:
        DatasetError: when the folder does not exist or holds no clip in a known layout.
    """
    if str(where) == "demo":
        from asd_core.datasets.rendered import demo_dataset

        return demo_dataset()
    from asd_core.datasets.layouts import folder_dataset

    return folder_dataset(Path(where))
