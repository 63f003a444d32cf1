"""Attribute files of DCASE Task 2 (2022 to 2026): ``fan/attributes_00.csv`` with ``file_name,d1p,d1v,d2p,d2v,…``.

``file_name`` is a path from the folder over the machine type's (``fan/train/section_00_source_train_normal_0000_….wav``);
``d1p`` is the name of an attribute and ``d1v`` its value, both empty where a clip has fewer.
"""

import re
from collections.abc import Iterable, Sequence

from asd_core.addresses import Place
from asd_core.datasets.catalogue import attribute_name
from asd_core.datasets.layouts import NO_ATTRIBUTE, CatalogueRow, with_class
from asd_core.datasets.recording_names import RecordingNames
from asd_core.datasets.table_files import read_cells, table_bytes
from asd_core.errors import DatasetError, reason_of

_NAME = re.compile(r"(?:.*/)?attributes_\d+\.csv$", re.IGNORECASE)


def is_attribute_file(path: str) -> bool:
    """Has a file the name of a DCASE attribute file?"""
    return bool(_NAME.match(path))


def attributes_by_clip(
    root: Place, files: Iterable[str], clip_ids: Sequence[str]
) -> tuple[dict[str, CatalogueRow], list[tuple[str, str]]]:
    """Attributes of recordings.

    Args:
        files: attribute files, below the root.
        clip_ids: of all recordings below the root; a file describes those in its own folder.

    Returns:
        Attributes by clip id, and what cannot be used, with the reason.
    """
    by_clip: dict[str, CatalogueRow] = {}
    unused: list[tuple[str, str]] = []
    for file in files:
        folder = file[: file.rfind("/") + 1]
        names = RecordingNames([clip_id for clip_id in clip_ids if clip_id.startswith(folder)])
        try:
            rows = _rows(file, table_bytes(root / file))
        except (DatasetError, OSError) as error:
            unused.append((file, reason_of(error)))
            continue
        for path, attributes in rows:
            clips = names.find(path)
            if len(clips) == 1:
                by_clip.setdefault(clips[0], {}).update(attributes)
            else:
                unused.append((path, f"{file} names it, but it is not there"))
    return by_clip, unused


def _rows(name: str, content: bytes) -> list[tuple[str, CatalogueRow]]:
    columns, cells = read_cells(name, content)
    if "file_name" not in columns or "d1p" not in columns:
        raise DatasetError("it has no columns file_name, d1p and d1v, as DCASE's attribute files have")
    parameters = [column for column in columns if re.fullmatch(r"d\d+p", column)]
    rows = []
    for _, row in cells:
        pairs = [(row[column], row.get(f"{column[:-1]}v", "")) for column in parameters]
        named = {attribute_name(p): v for p, v in pairs if p and v and p.lower() != NO_ATTRIBUTE}
        rows.append((row["file_name"], with_class(named)))
    return rows
