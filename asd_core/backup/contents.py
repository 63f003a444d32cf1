"""Which files a backup holds, under which names, and where they belong when they are restored."""

from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from asd_core.settings import get_settings
from asd_core.sound import SUFFIXES

DELIVERED = "demo"  # detectors that come with the program
NOT_STORED = "jobs"  # of the user's data: what runs at this moment


def roots() -> dict[str, Path]:
    """The folders of which a backup holds files, by the first part of their names in it."""
    return {"user": get_settings().data_dir / "user", "models": get_settings().models_dir}


def place(name: str) -> Path | None:
    """Where a file of a backup belongs; ``None`` for a name that leads elsewhere."""
    first, *parts = PurePosixPath(name).parts or ("",)
    root = roots().get(first)
    if root is None or not parts or any(part in ("..", "/") or "\0" in part for part in parts):
        return None
    return root.joinpath(*parts)


def files(*, recordings: bool, models: bool, database: Path | None) -> Iterator[tuple[str, Path]]:
    """Name and place of each file, in the order of names. Hidden files (locks, downloads, unfinished ones) are not stored.

    Args:
        recordings: also those that were added in the browser.
        models: also trained detectors.
        database: the label database's file, which is not copied while it may be written.
    """
    for first, root in roots().items():
        if first == "models" and not models:
            continue
        for path in sorted(root.rglob("*")):
            parts = path.relative_to(root).parts
            hidden = any(part.startswith(".") for part in parts) or path.suffix == ".tmp"
            is_database = database is not None and str(path.resolve()).startswith(
                str(database.resolve())
            )  # also -wal and -shm beside it
            elsewhere = parts[0] == (DELIVERED if first == "models" else NOT_STORED)
            sound = path.suffix.lower() in SUFFIXES and not recordings
            if path.is_file() and not (hidden or is_database or elsewhere or sound):
                yield str(PurePosixPath(first, *parts)), path
