"""The file: a ZIP archive whose first member says what it is, and whose last one has the checksum of every other."""

import json
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import IO

from asd_core import __version__
from asd_core.errors import BackupError, reason_of
from asd_core.files import replacing

ABOUT, CHECKSUMS = "asd-backup.json", "checksums.json"
FORMAT = 1  # a backup of a higher one is refused
LABELS = "labels/"  # tables of the label database, a member each
CHUNK = 1 << 20  # bytes


class Writer:
    """Members, one after the other; their checksums when it is closed."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive
        self.checksums: dict[str, str] = {}
        self.n_bytes = 0

    def add(self, name: str, chunks: Iterable[bytes]) -> None:
        """Store a member."""
        info = zipfile.ZipInfo(name, datetime.now(UTC).timetuple()[:6])
        info.compress_type = zipfile.ZIP_DEFLATED
        digest = sha256()
        with self._archive.open(info, "w", force_zip64=True) as member:
            for chunk in chunks:
                member.write(chunk)
                digest.update(chunk)
                self.n_bytes += len(chunk)
        self.checksums[name] = digest.hexdigest()


@contextmanager
def writing(path: Path) -> Iterator[Writer]:
    """A new backup, which takes its place when the block ends well.

    Raises:
        BackupError: when it cannot be written.
    """
    about = {"format": FORMAT, "program": __version__, "made": datetime.now(UTC).isoformat(timespec="seconds")}
    try:
        with replacing(path) as temporary, zipfile.ZipFile(temporary, "w") as archive:
            writer = Writer(archive)
            writer.add(ABOUT, [json.dumps(about).encode()])
            yield writer
            archive.writestr(CHECKSUMS, json.dumps(writer.checksums, indent=1))
    except OSError as error:
        raise BackupError(f"The backup {path} cannot be written ({reason_of(error)}): choose another place.") from error


def chunks_of(file: IO[bytes]) -> Iterator[bytes]:
    """The content of an open file, bit by bit."""
    while chunk := file.read(CHUNK):
        yield chunk


class Reader:
    """A backup whose every byte was found to be as it was written."""

    def __init__(self, archive: zipfile.ZipFile, names: list[str]) -> None:
        self._archive, self.names = archive, names

    def open(self, name: str) -> IO[bytes]:
        """A member."""
        return self._archive.open(name)


@contextmanager
def reading(path: Path) -> Iterator[Reader]:
    """A backup, after all of it was checked.

    Raises:
        BackupError: when it cannot be read, is no backup, is of a newer program, or is damaged.
    """
    try:
        with open(path, "rb") as file:
            if not file.seekable():  # its end is read first
                raise BackupError(f"{path} is a pipe: put the backup into a file, and name that.")
            begins = file.read(30 + len(ABOUT))  # a local header has 30 bytes before the name
            ours = begins.startswith(b"PK") and begins.endswith(ABOUT.encode())
            if not ours:
                raise BackupError(f"{path} is no backup: choose a file that the command backup wrote.")
            with _archive(path, file) as archive:
                yield Reader(archive, _checked(path, archive))
    except OSError as error:
        raise BackupError(f"The backup {path} cannot be read ({reason_of(error)}): choose another file.") from error


def _damaged(path: Path) -> BackupError:
    return BackupError(f"The backup {path} is cut or damaged, and nothing was restored: take another copy of it.")


def _archive(path: Path, file: IO[bytes]) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(file)
    except zipfile.BadZipFile as error:
        raise _damaged(path) from error


def _checked(path: Path, archive: zipfile.ZipFile) -> list[str]:
    """Names of all members but the two about the file itself."""
    try:
        about, checksums = (json.loads(archive.read(name)) for name in (ABOUT, CHECKSUMS))
        if about["format"] > FORMAT:
            raise BackupError(
                f"The backup {path} was written by version {about['program']} of the program, a newer one: update the program."
            )
        same = sorted(archive.namelist()) == sorted([*checksums, CHECKSUMS])
        if not same or any(_checksum(archive, name) != checksum for name, checksum in checksums.items()):
            raise _damaged(path)
    except (zipfile.BadZipFile, zlib.error, KeyError, ValueError, TypeError, EOFError) as error:
        raise _damaged(path) from error
    return [name for name in checksums if name != ABOUT]


def _checksum(archive: zipfile.ZipFile, name: str) -> str:
    digest = sha256()
    with archive.open(name) as member:
        for chunk in chunks_of(member):
            digest.update(chunk)
    return digest.hexdigest()
