"""A folder of detectors belongs to one dataset, and to one training at a time."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from asd_core.addresses import place_of
from asd_core.artifacts import trained_keys
from asd_core.datasets import (
    DATASET_FILE,
    EMBEDDED,
    Dataset,
    DatasetFile,
    read_dataset_file,
    recorded_dataset,
    write_dataset_file,
)
from asd_core.errors import TrainingError, reason_of

LOCK = ".training.lock"


@contextmanager
def claimed(out: Path, dataset: Dataset) -> Iterator[None]:
    """Hold a folder while detectors are trained into it. The thread that holds it may claim it again inside.

    Raises:
        TrainingError: when it cannot be written, another training holds it, or it holds detectors of another dataset.
    """
    with _held(out):
        check_dataset(out, dataset.location, dataset.title)
        yield


def describe(out: Path, file: DatasetFile) -> Path:
    """Write beside detectors which recordings they are of: the file's path.

    Raises:
        TrainingError: as :func:`claimed`; also where the folder holds detectors of other machine types of the same recordings.
    """
    path = out / DATASET_FILE
    with _held(out):
        check_dataset(out, str(path), str(file.folder))
        if trained_keys(out) and path.is_file():
            before = read_dataset_file(path)
            if _is_there(str(before.folder)) and _described(before) != _described(file):
                raise TrainingError(
                    f"{out} holds detectors of {_described(before)}, and their figures would be mixed with those of "
                    f"{_described(file)}: give another folder, or delete these detectors."
                )
        write_dataset_file(path, file)
    return path


def _described(file: DatasetFile) -> str:
    place = file.folder.resolve() if isinstance(file.folder, Path) else file.folder
    return f"{', '.join(sorted(file.machine_types)) or 'all machines'} in {place}"


@contextmanager
def _held(out: Path) -> Iterator[None]:
    from filelock import FileLock, Timeout

    if out.exists() and not out.is_dir():
        raise TrainingError(f"{out} is a file: give a folder for the trained detectors.")
    try:
        out.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=out):
            pass
        lock = FileLock(out / LOCK, timeout=0, is_singleton=True)  # counts the claims of a thread
        lock.acquire()
    except Timeout as error:
        raise TrainingError(
            f"Another training into {out} is running: wait until it ends, or give another folder."
        ) from error
    except OSError as error:
        raise TrainingError(
            f"{out} cannot be written ({reason_of(error)}): give another folder for the detectors."
        ) from error
    try:
        yield
    finally:
        lock.release()


def _is_there(location: str) -> bool:
    """Whether recordings are there; those at an address count as there, without asking the storage."""
    place = place_of(location)
    return location in EMBEDDED or not isinstance(place, Path) or place.exists()


def check_dataset(out: Path, new: str, new_title: str) -> None:
    """Refuse a folder with detectors of other recordings than those at a new place, that are still there; recordings that were moved
    are not.

    Raises:
        TrainingError: which names both.
    """
    location, title = recorded_dataset(out)
    if location and location != new and trained_keys(out) and _is_there(location):
        raise TrainingError(
            f"{out} holds detectors of {title} ({location}), and their figures would be mixed with those of {new_title}: "
            "give another folder, or delete these detectors."
        )
