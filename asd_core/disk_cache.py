"""What can be computed again, on disk up to a size limit: rendered clips, embeddings, features."""

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from asd_core.files import write_bytes

PRUNE_EVERY = 0.02  # of the limit, written: counting files is not free


class DiskCache:
    """Files by name under one folder (``a/b`` lies in a folder of it); the least recently used go first when the limit is passed.

    Each process that writes looks at the limit after every fiftieth of it, so it may be passed by that much."""

    def __init__(self, folder: Path, limit_bytes: float) -> None:
        self.folder, self.limit_bytes = folder, limit_bytes
        self._written = 0

    def get(self, name: str) -> bytes | None:
        path = self.folder / name
        try:
            data = path.read_bytes()
            os.utime(path)
        except OSError:  # not there, or pruned by another process meanwhile: it is made again
            return None
        return data

    def put(self, name: str, data: bytes) -> None:
        """Store under a name; a full or read-only disk only means that it is made again next time."""
        try:
            write_bytes(data, self.folder / name)
        except OSError:
            return
        self._written += len(data)
        if self._written > PRUNE_EVERY * self.limit_bytes:
            self._written = 0
            self.prune()

    def prune(self) -> None:
        """Delete the least recently used files until the folder is within its limit."""
        files = []
        for path in _files(self.folder):
            with suppress(FileNotFoundError):  # pruned by another process meanwhile
                status = os.stat(path)
                files.append((status.st_mtime, status.st_size, path))
        total = 0
        for _, size, path in sorted(files, reverse=True):
            total += size
            if total > self.limit_bytes:
                with suppress(FileNotFoundError):
                    os.unlink(path)


def _files(folder: str | Path) -> Iterator[str]:
    """Paths of all files at any depth; a quarter of the time that pathlib takes."""
    with suppress(FileNotFoundError), os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                yield from _files(entry.path)
            else:
                yield entry.path
