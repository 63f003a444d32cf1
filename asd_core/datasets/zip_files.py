"""Recordings in ZIP files."""

import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from io import BytesIO
from pathlib import Path, PurePosixPath
from typing import IO

from asd_core.datasets.dataset_paths import numbered_paths, safe_path
from asd_core.datasets.folder_listing import Unused
from asd_core.datasets.imported import Imported
from asd_core.datasets.table_files import is_table
from asd_core.settings import get_settings
from asd_core.sound import SUFFIXES

UTF_8 = 0x800  # the flag of a member whose name is UTF-8


def unzipped(
    name: str, source: IO[bytes] | Path, result: Imported, room: float
) -> Iterator[tuple[PurePosixPath, bytes]]:
    """The recordings of a ZIP, each with its path below the dataset.

    Args:
        name: of the ZIP, for messages.
        result: gets what is refused, with the reason.
        room: bytes that there are; a ZIP that holds more is refused as a whole.
    """
    limit = get_settings().max_upload_mb * 1e6
    try:
        archive = zipfile.ZipFile(source)
    except zipfile.BadZipFile:
        result.refused.append(Unused(name, "it is not a ZIP file, or it is cut off"))
        return
    with archive:
        if sum(info.file_size for info in archive.infolist()) > room:
            result.refused.append(
                Unused(name, f"unpacked, it exceeds the {room / 1e6:,.0f} MB that are left for datasets")
            )
            return
        for info in archive.infolist():
            path = _path(info)
            inside = safe_path(path)
            if info.is_dir() or "__MACOSX" in path or PurePosixPath(path).name.startswith("."):
                continue
            if inside is None:
                result.refused.append(Unused(f"{name}/{path}", "its path leads out of the dataset"))
            elif inside.suffix.lower() not in SUFFIXES and not is_table(inside.name):
                result.refused.append(Unused(f"{name}/{path}", "no sound file"))
            elif info.flag_bits & 0x1:
                result.refused.append(Unused(f"{name}/{path}", "it is encrypted"))
            else:
                try:
                    with archive.open(info) as member:
                        data = _at_most(member, min(limit, info.file_size))
                except (zipfile.BadZipFile, NotImplementedError, OSError, EOFError):
                    result.refused.append(Unused(f"{name}/{path}", "it is damaged"))
                    continue
                if data is None:
                    result.refused.append(Unused(f"{name}/{path}", f"it has more than {limit / 1e6:,.0f} MB"))
                else:
                    yield inside, data


def _path(info: zipfile.ZipInfo) -> str:
    """The path of a member. macOS and ``zip`` on Linux write UTF-8 without saying so, which the standard then takes for code page
    437: ``Prüfung`` would be ``Pr├╝fung``. A name in that code page is hardly ever UTF-8 by chance."""
    try:
        return info.filename if info.flag_bits & UTF_8 else info.filename.encode("cp437").decode("utf-8")
    except UnicodeError:
        return info.filename


def _at_most(member: IO[bytes], limit: float) -> bytes | None:
    """All of a file, or ``None`` where it is longer than it may be (and than its archive says)."""
    data = member.read(int(limit) + 1)
    return data if len(data) <= limit else None


def folders_of_colliding(given: Sequence[tuple[str, Callable[[], bytes]]]) -> Mapping[int, PurePosixPath]:
    """Folders named after ZIPs that hold other sound than another file under the same path, by the ZIPs' numbers: several
    machines in a ZIP each often have names in common. Told by the ZIPs' own checksums, so that nothing is unpacked."""
    versions: dict[PurePosixPath, dict[tuple[int, int], set[int]]] = {}
    zips = [index for index, (path, _) in enumerate(given) if PurePosixPath(path).suffix.lower() == ".zip"]
    for index in zips:
        for inside, version in _checksums(given[index][1]):
            versions.setdefault(inside, {}).setdefault(version, set()).add(index)
    for index, (path, content) in enumerate(given):
        if (own := safe_path(path)) and own in versions:
            data = content()
            versions[own].setdefault((len(data), zlib.crc32(data)), set()).add(index)
    colliding = {
        index
        for by_version in versions.values()
        if len(by_version) > 1 and len(indices := set[int]().union(*by_version.values())) > 1
        for index in indices
    }
    folders: dict[int, PurePosixPath] = {}
    for index in zips:
        if index in colliding and (name := safe_path(given[index][0])):
            taken = set(folders.values())
            folders[index] = next(f for f in numbered_paths(name.with_suffix("")) if f not in taken)
    return folders


def _checksums(content: Callable[[], bytes]) -> Iterator[tuple[PurePosixPath, tuple[int, int]]]:
    """The recordings in a ZIP with their sizes and checksums, as it says itself; none where it cannot be read."""
    try:
        with zipfile.ZipFile(BytesIO(content())) as archive:
            infos = archive.infolist()
    except zipfile.BadZipFile:
        return
    for info in infos:
        if (inside := safe_path(_path(info))) and inside.suffix.lower() in SUFFIXES:
            yield inside, (info.file_size, info.CRC)
