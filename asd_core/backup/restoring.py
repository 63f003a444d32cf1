"""Bringing back what a backup holds: everything, or nothing."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from filecmp import cmp
from pathlib import Path
from typing import IO

from asd_core.backup import archive, contents
from asd_core.backup.making import Backup
from asd_core.errors import BackupError, reason_of
from asd_core.files import append_chunks, swapped
from asd_core.labels import LabelStore
from asd_core.progress import Progress, silent

STAGE = ".unfinished-restore"  # in each folder that files go to, so that they are moved within one file system


def restore(path: Path, *, replace: bool = False, progress: Progress = silent) -> Backup:
    """Put the labels and files of a backup where they belong. The label database may be of the other kind.

    Args:
        replace: labels that are stored now are deleted, and files of the same names are replaced; other files stay.

    Raises:
        BackupError: when the file is no whole backup, when files are there already that are not to be replaced, or when they
            cannot be written. Nothing was changed then.
        LabelError: when labels are there that are not to be replaced, or the label database cannot be opened or written.
    """
    with archive.reading(path) as backup:
        store = LabelStore.open()
        try:
            with _staged(backup, path, progress) as new:
                others = [place for place, source in new.items() if place.exists() and not cmp(place, source, False)]
                if others and not replace:
                    raise BackupError(
                        f"{others[0]} is there already and differs from the backup's"
                        f"{f' (as {len(others) - 1} others do)' if others[1:] else ''}: write --replace if it shall be replaced."
                    )
                with swapped(new):
                    progress(1.0, "labels")
                    loaded = store.load(_tables(backup), replace=replace)
                return Backup(loaded, len(new), sum(place.stat().st_size for place in new))
        except OSError as error:
            raise BackupError(
                f"{path} cannot be restored ({reason_of(error)}), and nothing was changed: free space or allow writing."
            ) from error
        finally:
            store.close()


def _tables(backup: archive.Reader) -> Iterator[tuple[str, Iterator[str]]]:
    for name in backup.names:
        if name.startswith(archive.LABELS):
            with backup.open(name) as member:
                yield name.removeprefix(archive.LABELS).removesuffix(".jsonl"), _lines(member)


def _lines(member: IO[bytes]) -> Iterator[str]:
    for line in member:
        yield line.decode()


@contextmanager
def _staged(backup: archive.Reader, path: Path, progress: Progress) -> Iterator[dict[Path, Path]]:
    """The backup's files beside their places: place and where it is now."""
    stages = [root / STAGE for root in contents.roots().values()]
    names = [name for name in backup.names if not name.startswith(archive.LABELS)]
    new: dict[Path, Path] = {}
    try:
        for number, name in enumerate(names):
            progress(number / len(names), name)
            place = contents.place(name)
            if place is None:
                raise BackupError(f"{path} holds {name}, which belongs nowhere here: take a backup of this program.")
            stage = next(stage for stage in stages if stage.parent in place.parents) / str(number)
            with backup.open(name) as member:
                append_chunks(archive.chunks_of(member), stage, anew=True)
            new[place] = stage
        yield new
    finally:
        for stage in stages:
            shutil.rmtree(stage, ignore_errors=True)
