"""Paths of recordings below a dataset: safe ones, and one that is free."""

import re
from collections.abc import Iterator
from itertools import count
from pathlib import Path, PurePosixPath


def numbered_paths(wanted: PurePosixPath) -> Iterator[PurePosixPath]:
    """A path, then the same with a number: ``1.wav``, ``1-2.wav``, ``1-3.wav`` …"""
    return (wanted if n == 1 else wanted.with_name(f"{wanted.stem}-{n}{wanted.suffix}") for n in count(1))


def holds(path: Path, data: bytes) -> bool:
    """Is this the content of a file? Clips of one length have one size, and most differ from the beginning."""
    if not path.is_file() or path.stat().st_size != len(data):
        return False
    with path.open("rb") as file:
        return file.read(4096) == data[:4096] and file.read() == data[4096:]


def new_path(folder: Path, wanted: PurePosixPath, data: bytes) -> PurePosixPath | None:
    """The first of :func:`numbered_paths` that nothing below a folder has; ``None`` where one of them holds these bytes. A folder
    on its way whose name a file has gets a number, too."""
    parent = PurePosixPath()
    for part in wanted.parts[:-1]:
        parent = next(path for path in numbered_paths(parent / part) if not (folder / path).is_file())
    for path in numbered_paths(parent / wanted.name):
        if holds(folder / path, data):
            return None
        if not (folder / path).exists():
            break
    return path


def safe_path(path: str) -> PurePosixPath | None:
    """A path below a folder; ``None`` for one that leads out of it, or that no file system holds."""
    parts = [part for part in path.replace("\\", "/").split("/") if part not in ("", ".")]
    absolute = path.startswith(("/", "\\")) or re.match(r"[A-Za-z]:", path)
    if (
        not parts
        or absolute
        or ".." in parts
        or any(len(part.encode(errors="replace")) > 255 or "\0" in part for part in parts)
    ):
        return None
    return PurePosixPath(*parts)
