"""The recordings in a folder, in a table or at an address, and the files that are none."""

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from asd_core.addresses import Address, Place, RemoteFile
from asd_core.datasets.table_files import is_table
from asd_core.datasets.tables import RecordingTable, listed_files, read_table_file
from asd_core.errors import DatasetError, reason_of
from asd_core.sound import SUFFIXES

_NO_SOUND = "no sound file"


@dataclass(frozen=True)
class Unused:
    """A file that is no clip of the dataset, and why."""

    file: str
    reason: str


def recordings_at(
    place: Place, table: Place | None
) -> tuple[Place, list[tuple[str, ...]], list[Unused], RecordingTable | None, Mapping[str, RemoteFile]]:
    """The folder, the recordings in it, other files, the table that describes the recordings, and the listing of an
    address."""
    listing: Mapping[str, RemoteFile] = {}
    try:
        if is_table(place.name) and (isinstance(place, Address) or place.is_file()):
            root, recordings, missing, rows, listing = listed_files(place, read_table_file(place))
            return root, recordings, [Unused(*one) for one in missing], rows, listing
        if isinstance(place, Address):
            listing = place.files()
            if not listing:
                raise DatasetError(f"{place} holds nothing: check the bucket and the folder that holds the recordings.")
            recordings, unused = _listed(listing)
        elif place.is_dir():
            recordings, unused = _files(place)
        else:
            raise DatasetError(
                f"{place} is not a folder: give the folder that holds the recordings, or a table of them (CSV or Parquet)."
            )
        if table is None:
            return place, recordings, unused, None, listing
        rows = read_table_file(table)
    except OSError as error:
        raise DatasetError(f"{table or place} cannot be read ({reason_of(error)}): put the table back.") from error
    return place, recordings, [one for one in unused if place / one.file != table], rows, listing


def _files(root: Path) -> tuple[list[tuple[str, ...]], list[Unused]]:
    """Folders and name of each sound file under a folder, and all other files. Whether an entry is a
    file is taken from the folder's listing: asking the disk for each of 100,000 files takes half a second."""
    recordings: list[tuple[str, ...]] = []
    unused: list[Unused] = []
    seen: set[str] = set()

    def walk(folders: tuple[str, ...]) -> None:
        inside = "".join(f"{folder}/" for folder in folders)
        place = root.joinpath(*folders)
        real = os.path.realpath(place)
        if real in seen:
            unused.append(Unused(inside, "a link to a folder that was read already"))
            return
        seen.add(real)
        try:
            entries = sorted(os.scandir(place), key=lambda entry: entry.name)
        except OSError as error:  # such as lost+found
            unused.append(Unused(inside, f"cannot be opened ({reason_of(error)})"))
            return
        for entry in entries:
            name = entry.name
            if not _is_utf8(name):
                unused.append(Unused(_printable(inside + name), "its name is not UTF-8: rename it"))
            elif entry.is_dir():
                if name != "__MACOSX":
                    walk((*folders, name))
            elif not _is_sound(name):
                unused.append(Unused(inside + name, _NO_SOUND))
            elif entry.is_file():
                recordings.append((*folders, name))
            else:
                unused.append(Unused(inside + name, "a link to a file that is not there"))

    walk(())
    return recordings, unused


def _listed(listing: Iterable[str]) -> tuple[list[tuple[str, ...]], list[Unused]]:
    """:func:`_files` of an address."""
    paths = sorted(path for file in listing if "__MACOSX" not in (path := tuple(file.split("/")))[:-1])
    unused = [Unused("/".join(path), _NO_SOUND) for path in paths if not _is_sound(path[-1])]
    return [path for path in paths if _is_sound(path[-1])], unused


def _is_sound(name: str) -> bool:
    return name[name.rfind(".") :].lower() in SUFFIXES and not name.startswith("._")


def _is_utf8(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def _printable(name: str) -> str:
    return name.encode(errors="surrogateescape").decode(errors="replace")
