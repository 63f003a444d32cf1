"""Long work in parts, each of which is stored when it is done: a run that was killed goes on where it stopped."""

import json
import shutil
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from asd_core.files import read_parquet, write_parquet, write_text

if TYPE_CHECKING:
    import pandas as pd

ABOUT = "about.json"


class StoredParts:
    """Tables by number in a folder of their own.

    Args:
        folder: holds nothing else.
        of: what the work is about, as JSON: parts that a run left of other work are deleted.
    """

    def __init__(self, folder: Path, of: Mapping[str, Any]) -> None:
        self.folder, self.of = folder, json.dumps(of, sort_keys=True)
        try:
            same = (folder / ABOUT).read_text("utf-8") == self.of
        except (OSError, ValueError):
            same = False
        if not same:
            self.done()

    def get(self, number: int) -> "pd.DataFrame | None":
        """A stored part with its ``attrs``; ``None`` where there is none, or it is damaged."""
        return read_parquet(self._path(number))

    def put(self, number: int, table: "pd.DataFrame") -> "pd.DataFrame":
        """Store a part with its ``attrs`` (as JSON). Returns what :meth:`get` will give, so that a resumed run and one
        that was not interrupted have the same tables, down to the type of an empty column."""
        if not (self.folder / ABOUT).is_file():
            write_text(self.of, self.folder / ABOUT)
        write_parquet(table, self._path(number))
        stored = self.get(number)
        return table if stored is None else stored  # another run of the same work has ended and tidied up

    def done(self) -> None:
        """Delete all parts."""
        with suppress(NotADirectoryError, FileNotFoundError):
            self.folder.unlink() if self.folder.is_file() else shutil.rmtree(self.folder, ignore_errors=True)

    def _path(self, number: int) -> Path:
        return self.folder / f"{number:09d}.parquet"
