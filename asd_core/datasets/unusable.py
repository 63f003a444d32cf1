"""Which clips of a folder cannot be used, as far as somebody has read them. Whoever reads a dataset notes it, so that pages can count
what is left without reading anything."""

import json
from collections.abc import Collection, Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from asd_core.addresses import Place
from asd_core.datasets.catalogue import Dataset, file_stamp
from asd_core.features import recipe
from asd_core.files import locked, write_text
from asd_core.settings import get_settings

if TYPE_CHECKING:
    import pandas as pd


def note_unusable(root: Place | None, found: Mapping[str, str], readable: Collection[str] = ()) -> None:
    """Remember what was found. Of recordings in a folder alone; a full or read-only disk only means that nothing is known.

    Args:
        root: of the recordings.
        found: by clip id, why it cannot be used.
        readable: clip ids that can be, whatever was noted before.
    """
    if not isinstance(root, Path):
        return
    file = _file(root)
    with suppress(OSError):
        if not found and not file.is_file():
            return
        with locked(file):
            before, mended = _read(file), set(readable)
            now = {clip_id: one for clip_id, one in before.items() if clip_id not in mended}
            now |= {clip_id: (file_stamp(root / clip_id), reason) for clip_id, reason in found.items()}
            if now != before:
                write_text(json.dumps(now), file)


def unusable_clips(dataset: Dataset) -> dict[str, str]:
    """By clip id of the catalogue, why a clip cannot be used: what was noted of files that have not changed since."""
    return noted_unusable(dataset.root, dataset.catalogue["clip_id"])


def noted_unusable(root: Place | None, clip_ids: Iterable[str]) -> dict[str, str]:
    """The same of some recordings; none that are in no folder."""
    if not isinstance(root, Path) or not (noted := _read(_file(root))):
        return {}
    return {
        clip_id: noted[clip_id][1]
        for clip_id in clip_ids
        if clip_id in noted and noted[clip_id][0] == file_stamp(root / clip_id)
    }


def usable(rows: "pd.DataFrame", unusable: Collection[str]) -> "pd.DataFrame":
    """Rows of a catalogue without the clips that cannot be used.

    Args:
        unusable: clip ids, see :func:`unusable_clips`.
    """
    return rows[~rows["clip_id"].isin(list(unusable))]


def _file(root: Path) -> Path:
    """Where it is noted; elsewhere under other limits to what is read."""
    return get_settings().cache_dir / "unusable" / f"{recipe('unusable', root=str(root))[:24]}.json"


def _read(file: Path) -> dict[str, tuple[str, str]]:
    try:
        content = json.loads(file.read_text("utf-8"))
        return {str(clip_id): (str(stamp), str(reason)) for clip_id, (stamp, reason) in content.items()}
    except (OSError, ValueError, TypeError, AttributeError):  # none, or damaged: nothing is known
        return {}
