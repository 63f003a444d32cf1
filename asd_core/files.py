"""Files that are written whole or not at all: a reader in another process sees the old content or the new one."""

import errno
import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd


@contextmanager
def replacing(path: Path) -> Iterator[str]:
    """Name of a new file beside ``path``, which takes its place when the block ends well. Two writers never share one.

    Raises:
        IsADirectoryError: where ``path`` is a folder.
    """
    if path.is_dir():  # said here, since what writes tables names no file
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    if path.exists() and not path.is_file():  # /dev/stdout cannot be replaced
        yield str(path)
        return
    path = path.resolve()  # a link stays one
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, suffix=".tmp")
    os.close(handle)
    try:
        yield temporary
        os.chmod(temporary, 0o644)  # mkstemp's own mode would hide it from other users
        os.replace(temporary, path)
    finally:
        Path(temporary).unlink(missing_ok=True)


def write_bytes(data: bytes, path: Path) -> None:
    """Put bytes in place of a file; folders are made as needed.

    Raises:
        OSError: when the disk is full or read-only; the old file is then untouched.
    """
    with replacing(path) as temporary:
        Path(temporary).write_bytes(data)


def write_text(text: str, path: Path) -> None:
    """:func:`write_bytes` of UTF-8 text."""
    write_bytes(text.encode("utf-8"), path)


def write_parquet(table: "pd.DataFrame", path: Path) -> None:
    """:func:`write_bytes` of a table as Parquet, without its index."""
    with replacing(path) as temporary:
        table.to_parquet(temporary, index=False, compression="zstd")


def file_in_the_way(path: Path) -> Path | None:
    """The file that stands where a path needs a folder; ``None`` where none does."""
    return next((place for place in (path, *path.parents) if place.is_file()), None)


def read_parquet(
    path: Path, columns: "Sequence[str] | None" = None, *, categories: bool = False
) -> "pd.DataFrame | None":
    """A stored table, or ``None`` where there is none or the file is damaged: what it held is then computed again.
    Nor is a folder of its name one, which would be read as a table of the files in it.

    Args:
        columns: only these; all for ``None``.
        categories: give text as categories, in the order of the text: of millions of rows that repeat few words, a hundred
            times as fast to choose from.
    """
    import pandas as pd
    import pyarrow as pa
    import pyarrow.parquet as pq

    wanted = None if columns is None else list(columns)
    if path.is_dir():
        return None
    try:
        if not categories:
            return pd.read_parquet(path, columns=wanted)
        text = [f.name for f in pq.read_schema(path) if pa.types.is_string(f.type) or pa.types.is_large_string(f.type)]
        table = pd.read_parquet(path, columns=wanted, read_dictionary=text)
    except (OSError, ValueError):  # pyarrow's errors of an empty, cut or foreign file are ValueErrors
        return None
    return table.assign(**{name: in_order(table[name]) for name in text if name in table})


def parquet_length(path: Path) -> int:
    """How many rows a stored table has, without reading them; 0 where there is none or the file is damaged."""
    import pyarrow.parquet as pq

    try:
        return int(pq.read_metadata(path).num_rows)
    except (OSError, ValueError):
        return 0


def in_order(column: "pd.Series[str]") -> "pd.Series[str]":
    """Text as categories in its own order: sorted and grouped as the text itself."""
    column = column.astype("category")
    return column.cat.reorder_categories(column.cat.categories.sort_values())


@contextmanager
def locked(path: Path, *, wait: bool = True) -> Iterator[None]:
    """One process or thread at a time for what is read, changed and written again; others wait.

    The lock is a file beside ``path``; it stays there, since deleting it would let two in at once.

    Raises:
        filelock.Timeout: when another one has it, and it is not to be waited for.
    """
    from filelock import FileLock

    path.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(path.with_name(f".{path.name}.lock"), timeout=-1 if wait else 0):
        yield


def append_chunks(chunks: Iterable[bytes], path: Path, *, anew: bool) -> None:
    """Add what arrives bit by bit to the end of a file that is not complete yet, so that what was received is there to go on from.

    Args:
        anew: forget what the file held.

    Raises:
        OSError: when the disk is full or read-only.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "ab") as target:
        if anew:
            target.truncate(0)
        for chunk in chunks:
            target.write(chunk)
            target.flush()


def move_file(path: Path, target: Path) -> None:
    """Give a file that is complete the name of another one, in whose place it comes."""
    os.replace(path, target)


@contextmanager
def swapped(new: Mapping[Path, Path]) -> Iterator[None]:
    """Files in the places of others, all of them for good when the block ends well, and none otherwise.

    Args:
        new: by its place, a file of the same file system. It is moved there, and lies here again where the block fails.

    Raises:
        OSError: when a place cannot be written.
    """
    moved: list[tuple[Path, Path, Path | None]] = []
    try:
        for place, source in new.items():
            place.parent.mkdir(parents=True, exist_ok=True)
            old = source.with_name(f"{source.name}.old") if place.exists() else None
            if old:
                os.replace(place, old)
            moved.append((place, source, old))
            os.replace(source, place)
        yield
    except BaseException:
        for place, source, old in reversed(moved):
            if place.exists():
                os.replace(place, source)
            if old:
                os.replace(old, place)
        raise


@contextmanager
def appearing(folder: Path) -> Iterator[Path]:
    """A new folder beside ``folder`` that gets its name when the block ends well, and is deleted otherwise. One that a killed
    process left is deleted first.

    Raises:
        OSError: when there is a folder of the name already, or the disk is full.
    """
    unfinished = folder.with_name(f".unfinished-{folder.name}")
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(parents=True)
    try:
        yield unfinished
        os.replace(unfinished, folder)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
