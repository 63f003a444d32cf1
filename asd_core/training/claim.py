"""A folder of detectors belongs to one dataset, and to one training at a time."""

import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from asd_core.addresses import place_of
from asd_core.artifacts import trained_keys
from asd_core.datasets import EMBEDDED, Dataset
from asd_core.errors import TrainingError
from asd_core.scoring import DATASET

LOCK = ".training.lock"


@contextmanager
def claimed(out: Path, dataset: Dataset) -> Iterator[None]:
    """Hold a folder while detectors are trained into it. The thread that holds it may claim it again inside.

    Raises:
        TrainingError: when it cannot be written, another training holds it, or it holds detectors of another dataset.
    """
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
            f"{out} cannot be written ({error.strerror}): give another folder for the detectors."
        ) from error
    try:
        check_dataset(out, dataset)
        yield
    finally:
        lock.release()


def _is_there(location: str) -> bool:
    """Whether recordings are there; those at an address count as there, without asking the storage."""
    place = place_of(location)
    return location in EMBEDDED or not isinstance(place, Path) or place.exists()


def check_dataset(out: Path, dataset: Dataset) -> None:
    """Refuse a folder with detectors of other recordings that are still there; recordings that were moved are not.

    Raises:
        TrainingError: which names both.
    """
    try:
        stored = json.loads((out / DATASET).read_text("utf-8"))
        location, title = str(stored["location"]), str(stored["title"])
    except (OSError, ValueError, KeyError, TypeError):
        return
    if location != dataset.location and trained_keys(out) and _is_there(location):
        raise TrainingError(
            f"{out} holds detectors of {title} ({location}), and their figures would be mixed with those of {dataset.title}: "
            "give another folder, or delete these detectors."
        )
