"""Recordings from the browser, or a folder of the server, become a dataset.

A dataset is complete when its dataset file is there: an import that was killed midway leaves a folder that nobody is shown, and
the next import of that name begins anew.
"""

import os
import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from io import BytesIO
from pathlib import Path, PurePosixPath

from asd_core.datasets.answers import Answer
from asd_core.datasets.attribute_files import is_attribute_file
from asd_core.datasets.dataset_paths import new_path, safe_path
from asd_core.datasets.folder_listing import Unused
from asd_core.datasets.folder_survey import survey
from asd_core.datasets.imported import Imported
from asd_core.datasets.opening import DATASET_FILE, DatasetFile, write_dataset_file
from asd_core.datasets.stored_datasets import (
    RECORDINGS,
    UNFINISHED,
    checked_title,
    datasets_folder,
    folder_name,
    room_after,
    room_left,
)
from asd_core.datasets.table_files import is_table
from asd_core.datasets.tables import RecordingTable, read_table, read_table_file
from asd_core.datasets.zip_files import folders_of_colliding, unzipped
from asd_core.errors import DatasetError, reason_of
from asd_core.files import write_bytes
from asd_core.progress import Progress, silent
from asd_core.sound import SUFFIXES

TWICE = "the same file was given twice, and is stored once"


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
    unfinished = folder.with_name(UNFINISHED + folder.name)
    shutil.rmtree(unfinished, ignore_errors=True)
    result = Imported(folder / DATASET_FILE)
    room = room_left()
    given = list(files)
    own_folders = folders_of_colliding(given)
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


def _nothing(result: Imported) -> str:
    """Why there is nothing to import."""
    if result.tables:
        return (
            f"{result.tables[0].name} is a table of recordings, but they are not with it: add it together with the sound files, "
            "or a ZIP of both."
        )
    reason = f" ({result.refused[0].file}: {result.refused[0].reason})" if result.refused else ""
    return f"It holds no recording{reason}: add sound files, or a ZIP of them."


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
