"""Datasets that people put together in the browser: recordings and a dataset file in a folder of the user's data.

A dataset is complete when its dataset file is there: an import that was killed midway leaves a folder that nobody is shown, and
the next import of that name begins anew.
"""

import os
import re
import shutil
import zipfile
import zlib
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache, partial
from hashlib import sha256
from io import BytesIO
from itertools import count
from pathlib import Path, PurePosixPath
from typing import IO

from asd_core.datasets.attribute_files import is_attribute_file
from asd_core.datasets.folder_survey import Answer, Unused, survey
from asd_core.datasets.moved_clips import recorded_location
from asd_core.datasets.opening import (
    DATASET_FILE,
    DatasetFile,
    read_dataset_file,
    update_dataset_file,
    write_dataset_file,
)
from asd_core.datasets.rendered import EMBEDDED
from asd_core.datasets.table_files import is_table
from asd_core.datasets.tables import RecordingTable, read_table, read_table_file
from asd_core.errors import DatasetError, reason_of
from asd_core.files import write_bytes
from asd_core.progress import Progress, silent
from asd_core.settings import get_settings
from asd_core.sound import SUFFIXES

RECORDINGS = "recordings"
ARCHIVES = ".downloads"  # beside the datasets: what has arrived of public sets so far
ORIGIN = "origin.md"  # in a public set that was downloaded: where it came from, and under which licence
TWICE = "the same file was given twice, and is stored once"
_UNFINISHED = ".unfinished-"


@dataclass
class Imported:
    """What an import did.

    Attributes:
        place: the dataset file.
        stored: how many recordings were stored.
        refused: files that were not, with the reason.
        tables: of recordings, stored beside them; where there is one, it says what they are.
    """

    place: Path
    stored: int = 0
    refused: list[Unused] = field(default_factory=list)
    tables: list[PurePosixPath] = field(default_factory=list)


def datasets_folder() -> Path:
    """Where datasets from the browser are."""
    return get_settings().data_dir / "user" / "datasets"


def user_datasets() -> list[Path]:
    """The dataset files of all complete datasets, by name."""
    return sorted(datasets_folder().glob(f"[!.]*/{DATASET_FILE}"))


def title_of(place: Path) -> str:
    """What people call the dataset of a dataset file; its folder's name where the file does not say or cannot be read."""
    return title_today(str(place), "") or place.parent.name


def title_today(location: str, recorded: str) -> str:
    """What people call the dataset at a location now: they may have renamed it since its detectors were trained.

    Args:
        recorded: the title that was stored with the detectors; it stands where no dataset file gives another.
    """
    try:
        place = Path(recorded_location(location))
        given = _title_in(place, place.stat().st_mtime_ns) if place.name == DATASET_FILE else ""
        return given or recorded
    except (DatasetError, OSError):
        return recorded


@lru_cache(maxsize=64)  # every page asks for every dataset in each run, and a file may hold thousands of answers
def _title_in(place: Path, written: int) -> str:
    """The title in a dataset file that was written at a time; empty where it gives none."""
    return read_dataset_file(place).title


def untrained_title(named: str, trained: Collection[str]) -> str:
    """The title of a dataset without trained detectors that goes by a title or a folder's name; empty where there is none.

    Args:
        trained: the folders' names of those with detectors. The first demo is not without, or it is not offered.
    """
    names = {place.parent.name: title_of(place) for place in user_datasets()}
    names |= {name: embedded().title for name, embedded in EMBEDDED.items() if name != "demo"}
    return next((title for name, title in names.items() if named in (name, title) and name not in trained), "")


def folder_name(title: str) -> str:
    """A new dataset's folder: its title in letters that every file system and address allows, different from those
    there are."""
    plain = (
        re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")[:40] or f"dataset-{sha256(title.encode()).hexdigest()[:8]}"
    )
    taken = {path.parent.name for path in user_datasets()} | {path.name for path in get_settings().models_dir.glob("*")}
    taken |= set(EMBEDDED)  # whose detectors are in a folder of that name
    return next(name for n in range(1, len(taken) + 2) if (name := plain if n == 1 else f"{plain}-{n}") not in taken)


def checked_title(title: str) -> str:
    """A title without the spaces around it.

    Raises:
        DatasetError: for an empty one.
    """
    if not title.strip():
        raise DatasetError("The dataset has no name: give it one, such as the machine's.")
    return title.strip()


def import_recordings(
    title: str,
    files: Iterable[tuple[str, Callable[[], bytes]]],
    progress: Progress = silent,
    answers: Sequence[Answer] = (),
) -> Imported:
    """Store recordings as a new dataset, and a table of them that is given with them.

    Args:
        title: what people call it.
        files: path below the dataset, and what gives the content; ``.zip`` files are opened. Nothing is read outside of them.
            Other bytes under a path that is taken get a path of their own: those of a ZIP below a folder of its name, all
            others by a number (``1-2.wav``).
        answers: how the recordings' names are to be understood.

    Raises:
        DatasetError: when nothing of it is a recording, the title is empty, or the disk or the quota is full.
    """
    title = checked_title(title)
    folder = datasets_folder() / folder_name(title)
    unfinished = folder.with_name(_UNFINISHED + folder.name)
    shutil.rmtree(unfinished, ignore_errors=True)
    result = Imported(folder / DATASET_FILE)
    room = room_left()
    given = list(files)
    own_folders = _folders_of_colliding(given)
    try:
        for index, (path, content) in enumerate(given):
            progress(index / len(given), f"file {index + 1} of {len(given)}")
            for inside, data in _members(path, content, result, room):
                place = new_path(unfinished / RECORDINGS, own_folders.get(index, PurePosixPath()) / inside, data)
                if place is None:
                    result.refused.append(Unused(str(inside), TWICE))
                    continue
                if is_table(place.name) and _is_no_table(place, partial(read_table, place.name, data), result):
                    continue
                room = room_after(len(data), room)
                write_bytes(data, unfinished / RECORDINGS / place)
                result.stored += place.suffix.lower() in SUFFIXES
        if not result.stored:
            raise DatasetError(_nothing(result))
        recordings = Path(RECORDINGS)
        file = DatasetFile(recordings, list(answers), [], title, _the_table(recordings, result))
        write_dataset_file(unfinished / DATASET_FILE, file)
        os.replace(unfinished, folder)
    except OSError as error:
        raise DatasetError(f"The recordings cannot be stored ({reason_of(error)}): free space on the disk.") from error
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
    progress(1.0, "done")
    return result


def use_folder(title: str, folder: Path) -> Imported:
    """Make a dataset of a folder, whose recordings stay where they are, and of a table of them that lies there.

    Raises:
        DatasetError: when the title is empty, the folder cannot be read or the dataset file not be written.
    """
    title = checked_title(title)
    result = Imported(datasets_folder() / folder_name(title) / DATASET_FILE)
    for other in survey(folder).unused:
        if is_table(other.file):
            try:
                _is_no_table(PurePosixPath(other.file), partial(read_table_file, folder / other.file), result)
            except OSError as error:
                result.refused.append(Unused(other.file, f"it cannot be read ({reason_of(error)})"))
    write_dataset_file(result.place, DatasetFile(folder, [], [], title, _the_table(folder, result)))
    return result


def room_left() -> float:
    """Bytes that may still be stored."""
    return get_settings().data_quota_mb * 1e6 - used_bytes()


def room_after(n_bytes: int, room: float) -> float:
    """How much may still be stored after a file.

    Raises:
        DatasetError: where it does not fit.
    """
    if n_bytes > room:
        raise DatasetError(
            f"The recordings exceed the {get_settings().data_quota_mb:,.0f} MB that datasets may take: delete one, or "
            "raise ASD_DATA_QUOTA_MB."
        )
    return room - n_bytes


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


def _folders_of_colliding(given: Sequence[tuple[str, Callable[[], bytes]]]) -> Mapping[int, PurePosixPath]:
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
        if (inside := safe_path(info.filename)) and inside.suffix.lower() in SUFFIXES:
            yield inside, (info.file_size, info.CRC)


def _nothing(result: Imported) -> str:
    """Why there is nothing to import."""
    if result.tables:
        return (
            f"{result.tables[0].name} is a table of recordings, but they are not with it: add it together with the sound files, "
            "or a ZIP of both."
        )
    reason = f" ({result.refused[0].file}: {result.refused[0].reason})" if result.refused else ""
    return f"Nothing of it is a recording{reason}: add sound files, or a ZIP of them."


def _is_no_table(path: PurePosixPath, read: Callable[[], RecordingTable], result: Imported) -> bool:
    """Is a file no table of recordings, although its name ends like one? Those that are one are collected."""
    if is_attribute_file(path.name):
        return False
    try:
        read()
    except DatasetError as error:
        result.refused.append(Unused(str(path), str(error)))
        return True
    result.tables.append(path)
    return False


def _the_table(folder: Path, result: Imported) -> Path | None:
    """The table that says what the recordings are; none, and a reason, where several do."""
    if len(result.tables) == 1:
        return folder / result.tables[0]
    result.refused += [Unused(str(t), "of several tables none is used: give one") for t in result.tables]
    return None


def _members(
    path: str, content: Callable[[], bytes], result: Imported, room: float
) -> Iterator[tuple[PurePosixPath, bytes]]:
    """The recordings of one file that was given: itself, or what a ZIP holds."""
    inside = safe_path(path)
    suffix = PurePosixPath(path).suffix.lower()
    if inside is None:
        result.refused.append(Unused(path, "its path leads out of the dataset"))
    elif suffix == ".zip":
        yield from unzipped(path, BytesIO(content()), result, room)
    elif suffix in SUFFIXES or is_table(path):
        yield inside, content()
    elif not inside.name.startswith("."):
        result.refused.append(Unused(path, "no sound file"))


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
            inside = safe_path(info.filename)
            if info.is_dir() or "__MACOSX" in info.filename or PurePosixPath(info.filename).name.startswith("."):
                continue
            if inside is None:
                result.refused.append(Unused(f"{name}/{info.filename}", "its path leads out of the dataset"))
            elif inside.suffix.lower() not in SUFFIXES and not is_table(inside.name):
                result.refused.append(Unused(f"{name}/{info.filename}", "no sound file"))
            elif info.flag_bits & 0x1:
                result.refused.append(Unused(f"{name}/{info.filename}", "it is encrypted"))
            else:
                try:
                    with archive.open(info) as member:
                        data = _at_most(member, min(limit, info.file_size))
                except (zipfile.BadZipFile, NotImplementedError, OSError, EOFError):
                    result.refused.append(Unused(f"{name}/{info.filename}", "it is damaged"))
                    continue
                if data is None:
                    result.refused.append(Unused(f"{name}/{info.filename}", f"it has more than {limit / 1e6:,.0f} MB"))
                else:
                    yield inside, data


def _at_most(member: IO[bytes], limit: float) -> bytes | None:
    """All of a file, or ``None`` where it is longer than it may be (and than its archive says)."""
    data = member.read(int(limit) + 1)
    return data if len(data) <= limit else None


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


def used_bytes() -> int:
    """How much of the disk the uploads from the browser take; public sets, which are bounded by the disk alone, do not count."""
    folders = (f for f in datasets_folder().glob("*") if f.name != ARCHIVES and not (f / ORIGIN).is_file())
    return sum(path.stat().st_size for folder in folders for path in folder.rglob("*") if path.is_file())


def rename_dataset(place: Path, title: str) -> None:
    """Give a dataset another title.

    Raises:
        DatasetError: for an empty one.
    """
    title = checked_title(title)
    update_dataset_file(place, lambda file: replace(file, title=title))


def delete_dataset(place: Path) -> None:
    """Delete a dataset's recordings as they were stored here; where they came from, and labels, are not touched.

    Raises:
        DatasetError: for a place that is no dataset of the browser, or one that cannot be deleted.
    """
    if place not in user_datasets():
        raise DatasetError(f"{place} is no dataset that was added in the browser, so it is not deleted.")
    gone = place.parent.with_name(_UNFINISHED + place.parent.name)
    try:
        os.replace(place.parent, gone)  # from here on nobody is shown it
        shutil.rmtree(gone)
    except OSError as error:
        raise DatasetError(f"{place.parent} cannot be deleted ({reason_of(error)}).") from error
