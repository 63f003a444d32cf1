"""A folder of results at an address: worked on in a local copy, and stored when it is whole.

Each storing writes all files into a new folder beside the earlier ones, and then the one file that names it: a reader sees
the results as they were or as they are, never half of each, and a killed one is not seen at all. The state before stays for
readers underway; older ones are deleted.
"""

import hashlib
import json
import secrets
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from asd_core.addresses import Address
from asd_core.errors import AddressError
from asd_core.files import appearing, locked, write_bytes, write_text
from asd_core.settings import get_settings

CURRENT = "current"  # at the address: the name of the folder that holds what is valid
STORED = ".stored.json"  # beside the local copy: what of it is at the address
_TEMPORARY_SUFFIXES = (".lock", ".part", ".tmp")  # of unfinished work and of whoever works here


@contextmanager
def mirrored(address: Address) -> Iterator[Path]:
    """A local folder, named after the address, with its files. What has changed in it is stored when the block ends
    well; after an error it stays, and the next command goes on with it.

    Raises:
        AddressError: when it cannot be read or written, or others changed it meanwhile.
    """
    from filelock import Timeout

    folder = copies() / hashlib.sha256(address.url.encode()).hexdigest()[:16] / address.name
    try:
        with locked(folder, wait=False):
            _fetch(address, folder)
            yield folder
            _store(address, folder)
    except Timeout as error:
        raise AddressError(f"Another command works on {address}: wait until it ends.") from error


def copies() -> Path:
    """Where local copies are."""
    return get_settings().cache_dir / "addresses"


def _fetch(address: Address, folder: Path) -> None:
    """Make the local copy what is at the address, unless it is, or holds what comes after."""
    current, (stored, files) = _current(address), _stored(folder)
    if current == stored and folder.is_dir():
        return
    if folder.is_dir() and _inventory(folder) != files:
        raise AddressError(
            f"{address} was changed elsewhere, and {folder} holds results that were never stored there: move or delete this "
            "folder, then do it again."
        )
    shutil.rmtree(folder, ignore_errors=True)
    with appearing(folder) as new:
        for path in (address / current).files() if current else ():
            write_bytes((address / current / path).read_bytes(), new / path)
    _remember(folder, current)


def _store(address: Address, folder: Path) -> None:
    """Make what is at the address the local copy, if that has changed."""
    stored, files = _stored(folder)
    if not folder.is_dir() or _inventory(folder) == files:
        return
    if _current(address) != stored:
        raise AddressError(
            f"{address} was changed elsewhere meanwhile, so nothing was stored: the results are in {folder}; give another address."
        )
    now = time.time_ns()  # names sort by it, also those of one second
    version = f"{time.strftime('%Y%m%dT%H%M%S', time.gmtime(now // 10**9))}.{now % 10**9:09d}Z-{secrets.token_hex(4)}"
    for path in _inventory(folder):
        (address / version / path).write_bytes((folder / path).read_bytes())
    (address / CURRENT).write_bytes(version.encode())
    _remember(folder, version)
    # Those in between were never valid: a killed command left them.
    older = {path.partition("/")[0] for path in address.files()} - {CURRENT, stored, version}
    for name in sorted(name for name in older if name < version):
        (address / name).delete()


def _current(address: Address) -> str:
    try:
        return (address / CURRENT).read_bytes().decode()
    except FileNotFoundError:
        return ""


def _inventory(folder: Path) -> dict[str, list[int]]:
    """The files that are results, by path, with size and time of last change."""
    files = sorted(p for p in folder.rglob("*") if p.is_file() and p.suffix not in _TEMPORARY_SUFFIXES)
    return {p.relative_to(folder).as_posix(): [p.stat().st_size, p.stat().st_mtime_ns] for p in files}


def _stored(folder: Path) -> tuple[str, dict[str, list[int]]]:
    """What was last fetched or stored: which state of the address, and the files."""
    try:
        about = json.loads((folder.parent / STORED).read_text("utf-8"))
        return str(about["version"]), dict(about["files"])
    except (OSError, ValueError, KeyError, TypeError):
        return "", {}


def _remember(folder: Path, version: str) -> None:
    write_text(json.dumps({"version": version, "files": _inventory(folder)}), folder.parent / STORED)
