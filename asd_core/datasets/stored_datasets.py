"""Datasets that people put together in the browser, in the user's data: which there are, what they are called, and the room they take."""

import os
import re
import shutil
import unicodedata
from collections.abc import Collection
from dataclasses import replace
from functools import lru_cache
from hashlib import sha256
from pathlib import Path

from asd_core.datasets.moved_clips import recorded_location
from asd_core.datasets.opening import DATASET_FILE, read_dataset_file, update_dataset_file
from asd_core.datasets.rendered import EMBEDDED
from asd_core.errors import DatasetError, reason_of
from asd_core.settings import get_settings

RECORDINGS = "recordings"
ARCHIVES = ".downloads"  # beside the datasets: what has arrived of public sets so far
ORIGIN = "origin.md"  # in a public set that was downloaded: where it came from, and under which licence
UNFINISHED = ".unfinished-"
# What Unicode does not decompose into a plain letter and an accent, and the vowels that German spells with two letters.
_SPELLED = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "æ": "ae", "ø": "o", "ł": "l"})


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
    """A new dataset's folder: its title in letters that every file system, address and job's name allows, different from those
    there are. Letters of other scripts than Latin are left out."""
    letters = unicodedata.normalize("NFKC", title).lower().translate(_SPELLED)
    letters = "".join(c for c in unicodedata.normalize("NFKD", letters) if not unicodedata.combining(c))
    plain = re.sub(r"[^a-z0-9]+", "-", letters).strip("-")[:40] or f"dataset-{sha256(title.encode()).hexdigest()[:8]}"
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
    gone = place.parent.with_name(UNFINISHED + place.parent.name)
    try:
        os.replace(place.parent, gone)  # from here on nobody is shown it
        shutil.rmtree(gone)
    except OSError as error:
        raise DatasetError(f"{place.parent} cannot be deleted ({reason_of(error)}).") from error
