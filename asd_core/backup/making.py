"""Writing a backup while people work."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from asd_core.backup import archive, contents
from asd_core.errors import BackupError
from asd_core.labels import LabelStore
from asd_core.progress import Progress, silent
from asd_core.schema import EVENTS


@dataclass(frozen=True)
class Backup:
    """What a backup holds."""

    events: int  # of the label log
    files: int
    n_bytes: int  # of content, before it is compressed


def backup(path: Path, *, recordings: bool = False, models: bool = False, progress: Progress = silent) -> Backup:
    """Write one file with the labels, with their history, the audit log, and what people made with the program: datasets,
    detectors in use, experiments.

    The labels are those of one moment, although others may be writing; each file is one that was whole at some moment.

    Args:
        recordings: also those that were added in the browser.
        models: also trained detectors, but those that come with the program.

    Raises:
        BackupError: when it cannot be written.
        LabelError: when the labels cannot be read.
    """
    store = LabelStore.open()
    try:
        with archive.writing(path) as writer:
            events = 0
            for table, lines in store.dump():
                counted = _Counted(lines)
                progress(0.0, "labels")
                writer.add(f"{archive.LABELS}{table}.jsonl", counted)
                events += counted.rows if table == EVENTS.name else 0
            stored_files = [
                (name, place)
                for name, place in contents.files(recordings=recordings, models=models, database=store.file)
                if place.resolve() != path.resolve()
            ]
            stored = 0
            for index, (name, place) in enumerate(stored_files):
                progress(index / len(stored_files), name)
                try:
                    with open(place, "rb") as file:
                        writer.add(name, archive.chunks_of(file))
                except FileNotFoundError:  # deleted since it was listed
                    continue
                except PermissionError as error:
                    raise BackupError(f"{place} cannot be read, so no backup was written: allow reading it.") from error
                stored += 1
            return Backup(events, stored, writer.n_bytes)
    finally:
        store.close()


class _Counted:
    """Lines as bytes, and how many rows they were: all but the first."""

    def __init__(self, lines: Iterable[str]) -> None:
        self._lines, self.rows = lines, -1

    def __iter__(self) -> Iterator[bytes]:
        for line in self._lines:
            self.rows += 1
            yield f"{line}\n".encode()
