"""A public set becomes a dataset: fetched, unpacked as a ZIP from the browser is, and complete or not there."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from asd_core.datasets.dataset_paths import new_path
from asd_core.datasets.fetching import fetch
from asd_core.datasets.folder_listing import Unused
from asd_core.datasets.imported import Imported
from asd_core.datasets.importing import TWICE
from asd_core.datasets.opening import DATASET_FILE, DatasetFile, unused_notes, write_dataset_file
from asd_core.datasets.public_registry import PublicSet
from asd_core.datasets.record_listing import RECORD_FILE, keep_published, with_published
from asd_core.datasets.stored_datasets import ARCHIVES, ORIGIN, RECORDINGS, datasets_folder
from asd_core.datasets.zip_files import unzipped
from asd_core.errors import DatasetError, reason_of
from asd_core.files import appearing, locked, write_bytes, write_text
from asd_core.progress import Progress, silent, stage
from asd_core.sound import SUFFIXES

FETCHED = 0.9  # share of the progress bar
_ZIPS = ".zips"  # ending of the folder with what has arrived of a set


def download_job(name: str) -> str:
    """Name of the job that downloads a set."""
    return f"download-{name}"


def with_checksums(chosen: PublicSet, to: Path | None = None, *, unverified: bool = False) -> PublicSet:
    """A set as it is downloaded: where the registry has no checksum or size of an archive, its record is asked for what it publishes.

    Args:
        to: as in :func:`download_set`.
        unverified: also where the record gives no checksum either.

    Raises:
        DatasetError: when the set is there already (then nothing is asked), its folder cannot be looked into, or no checksum can be had.
    """
    folder = _folder(chosen, to)
    with _usable(folder):
        _refuse_if_there(chosen, folder)
        chosen = with_published(chosen, _zips(chosen, folder))
    unknown = [archive for archive in chosen.archives if not archive.md5]
    if unknown and not unverified:
        names = ", ".join(f"{archive.name} ({archive.md5_from})" for archive in unknown)
        raise DatasetError(
            f"No checksum is known of {names}, so nothing would show a wrong file: look at {unknown[0].page}, and say --unverified (on "
            "the Data page: tick the box) to download it all the same."
        )
    return chosen


def download_set(
    chosen: PublicSet,
    to: Path | None = None,
    *,
    unverified: bool = False,
    progress: Progress = silent,
    notify: Callable[[str], None] = lambda _: None,
) -> Path:
    """Download a set and unpack it. A download that broke off goes on where it was.

    Args:
        to: the folder that gets a folder of the set's name; that of the browser's datasets by default.
        unverified: also take archives whose checksum neither the registry nor their record knows.
        notify: called with one sentence for all files that are not used.

    Returns:
        The dataset file, which opens it.

    Raises:
        DatasetError: when a checksum cannot be had, the set is there already, the network fails, a file is not what was published,
            or the disk is full.
    """
    chosen = with_checksums(chosen, to, unverified=unverified)
    folder = _folder(chosen, to)
    with _usable(folder), locked(folder.parent / ARCHIVES / chosen.name):
        return _download(chosen, folder, progress, notify)


def broken_downloads() -> dict[str, int]:
    """How many bytes have arrived of the public sets whose download has not ended, by the set's name."""
    folders = sorted((datasets_folder() / ARCHIVES).glob(f"*{_ZIPS}"))
    arrived = {folder.name.removesuffix(_ZIPS): _bytes_in(folder) for folder in folders}
    return {name: n for name, n in arrived.items() if n}


def forget_download(name: str) -> None:
    """Delete what has arrived of a set.

    Raises:
        DatasetError: while it is being downloaded, or when it cannot be deleted.
    """
    from filelock import Timeout

    try:
        with locked(datasets_folder() / ARCHIVES / name, wait=False):
            shutil.rmtree(datasets_folder() / ARCHIVES / f"{name}{_ZIPS}")
    except Timeout as error:
        raise DatasetError(f"{name} is being downloaded: stop that first.") from error
    except OSError as error:
        raise DatasetError(f"What has arrived of {name} cannot be deleted ({reason_of(error)}).") from error


def _folder(chosen: PublicSet, to: Path | None) -> Path:
    return (to or datasets_folder()) / chosen.name


@contextmanager
def _usable(folder: Path) -> Iterator[None]:
    """Say what to do where a folder cannot be read or written."""
    try:
        yield
    except OSError as error:
        raise DatasetError(
            f"{folder} cannot be written ({reason_of(error)}): free space, or choose another folder."
        ) from error


def _zips(chosen: PublicSet, folder: Path) -> Path:
    return folder.parent / ARCHIVES / f"{chosen.name}{_ZIPS}"


def _refuse_if_there(chosen: PublicSet, folder: Path) -> None:
    if folder.exists():
        raise DatasetError(f"{folder} is there already: delete it to download {chosen.title} again.")


def _bytes_in(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.glob("*") if path.is_file() and path.name != RECORD_FILE)


def _download(chosen: PublicSet, folder: Path, progress: Progress, notify: Callable[[str], None]) -> Path:
    _refuse_if_there(chosen, folder)  # another process may have put it there meanwhile
    archives = _zips(chosen, folder)
    archives.mkdir(parents=True, exist_ok=True)
    known = sum(archive.megabytes or 0.0 for archive in chosen.archives)
    needed = 2e6 * known - _bytes_in(archives)  # the archives but for what is there, and what they hold
    if needed > shutil.disk_usage(archives).free:
        raise DatasetError(
            f"{chosen.title} needs about {needed / 1e9:,.1f} GB more, and {shutil.disk_usage(archives).free / 1e9:,.1f} GB are free in "
            f"{folder.parent}: free space, or choose another folder with --to."
        )
    keep_published(chosen, archives)
    places = []
    for index, archive in enumerate(chosen.archives):
        low, high = (FETCHED * k / len(chosen.archives) for k in (index, index + 1))
        places.append(fetch(archive, archives, stage(progress, low, high, archive.part)))
    result = Imported(folder / DATASET_FILE)
    with appearing(folder) as unfinished:
        write_text(_origin(chosen), unfinished / ORIGIN)  # first: it says that this does not count as an upload
        for index, (archive, place) in enumerate(zip(chosen.archives, places, strict=True)):
            progress(FETCHED + (1 - FETCHED) * index / len(places), f"unpacking {archive.name}")
            before = result.stored
            for inside, data in unzipped(archive.name, place, result, shutil.disk_usage(unfinished).free):
                path = new_path(unfinished / RECORDINGS, PurePosixPath(archive.part) / inside, data)
                if path is None:
                    result.refused.append(Unused(str(inside), TWICE))
                    continue
                write_bytes(data, unfinished / RECORDINGS / path)
                result.stored += path.suffix.lower() in SUFFIXES  # attribute files are no recordings
            if result.stored == before:
                reason = result.refused[-1].reason if result.refused else "it is empty"
                raise DatasetError(f"{archive.name} holds no recording ({reason}), so {chosen.title} is not stored.")
        write_dataset_file(unfinished / DATASET_FILE, DatasetFile(Path(RECORDINGS), [], [], chosen.title))
    shutil.rmtree(archives)
    for note in unused_notes(result.refused):
        notify(note)
    progress(1.0, "done")
    return result.place


def _origin(chosen: PublicSet) -> str:
    """Where a set came from, to be read by people."""
    lines = [f"# {chosen.title}", "", f"Licence: {chosen.licence}.", ""]
    lines += [
        f"- {a.address} (described at {a.page}), md5 {f'{a.md5}, ' if a.md5 else ''}{a.checksum}"
        for a in chosen.archives
    ]
    return "\n".join(lines) + "\n"
