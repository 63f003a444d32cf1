"""What can be computed again, on disk up to a size limit: rendered clips, embeddings."""

import os
from contextlib import suppress
from pathlib import Path

from asd_core.files import write_bytes

PRUNE_EVERY = 50  # writes; counting files is not free


class DiskCache:
    """Files by name under one folder; the least recently used go first when the limit is passed."""

    def __init__(self, folder: Path, limit_bytes: float) -> None:
        self.folder, self.limit_bytes = folder, limit_bytes
        self._writes = 0

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
        self._writes += 1
        if self._writes % PRUNE_EVERY == 0:
            self.prune()

    def prune(self) -> None:
        """Delete the least recently used files until the folder is within its limit."""
        files = []
        for path in self.folder.iterdir():
            with suppress(FileNotFoundError):  # pruned by another process meanwhile
                status = path.stat()
                files.append((status.st_mtime, status.st_size, path))
        total = 0
        for _, size, path in sorted(files, reverse=True):
            total += size
            if total > self.limit_bytes:
                path.unlink(missing_ok=True)
