"""Folders of recordings as catalogues. A layout is a function from a recording's folders and stem to a row, or ``None``.

A row has the catalogue's columns but ``clip_id`` and ``domain``; whatever else it has is an attribute of the clip.

Known now: DCASE 2020 Task 2, and plain folders ``normal/`` and ``anomaly/``. Others are one more function in ``LAYOUTS``.
"""

import os
import re
from collections.abc import Callable, Sequence
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from asd_core.datasets.catalogue import COLUMNS, Dataset, file_stamp
from asd_core.datasets.rendered import demo_dataset
from asd_core.errors import DatasetError
from asd_core.sound import SUFFIXES

if TYPE_CHECKING:
    import pandas as pd

CatalogueRow = dict[str, str]
PLAIN_ID = "00"  # a plain folder holds one machine unless its path names an id

_DCASE_2020 = re.compile(r"(?:(?P<label>normal|anomaly)_)?id_(?P<id>\d\d)_\d{8}$")
_ID_FOLDER = re.compile(r"id_(?P<id>\w+)$")
_SPLITS = ("train", "test")
_NORMAL = {"normal"}
_ANOMALY = {"anomaly", "anomalous", "abnormal", "broken"}


def dcase_2020(folders: Sequence[str], stem: str) -> CatalogueRow | None:
    """``<machine type>/<train|test>/[normal_|anomaly_]id_00_00000000.wav`` (unlabelled names are the eval set's)."""
    if not folders or folders[-1] not in _SPLITS or not (match := _DCASE_2020.match(stem)):
        return None
    return {
        "machine_type": folders[-2] if len(folders) > 1 else "machine",
        "machine_id": match["id"],
        "split": folders[-1] if match["label"] else "eval",
        "label": match["label"] or "unlabelled",
    }


def plain(folders: Sequence[str], stem: str) -> CatalogueRow | None:
    """``[<machine type>/][<train|test>/][id_<name>/]<normal|anomaly|abnormal|broken>/<any name>`` (MIMII's, for one).

    Without a train or test folder, normal clips train; see :func:`folder_dataset` for the test set's normals.
    """
    lower = [name.lower() for name in folders]
    labels = [place for place, name in enumerate(lower) if name in _NORMAL | _ANOMALY]
    if not labels:
        return None
    label = "normal" if lower[labels[-1]] in _NORMAL else "anomaly"
    machine_id = next((m["id"] for f in reversed(lower) if (m := _ID_FOLDER.match(f))), PLAIN_ID)
    split = next((f for f in lower if f in _SPLITS), "" if label == "normal" else "test")
    other = [f for f in folders[: labels[-1]] if f.lower() not in {*_SPLITS, *_NORMAL, *_ANOMALY}]
    machine_type = next((f for f in reversed(other) if not _ID_FOLDER.match(f.lower())), "machine")
    return {"machine_type": machine_type, "machine_id": machine_id, "split": split, "label": label}


LAYOUTS: tuple[Callable[[Sequence[str], str], CatalogueRow | None], ...] = (
    dcase_2020,
    plain,
)


def open_dataset(where: str | Path) -> Dataset:
    """The demo (``"demo"``), or a folder in one of the known layouts.

    Raises:
        DatasetError: when the folder does not exist or holds no clip in a known layout.
    """
    return demo_dataset() if str(where) == "demo" else folder_dataset(Path(where))


def folder_dataset(root: Path) -> Dataset:
    """The recordings under a folder as a dataset.

    Plain folders without ``train`` and ``test`` get both: a fifth of each machine's normal clips, but at least one of
    two, is for testing, chosen by the order of a hash of their names.

    Raises:
        DatasetError: for a missing folder, or one without a recording in a known layout.
    """
    import pandas as pd

    if not root.is_dir():
        raise DatasetError(f"{root} is not a folder: give the folder that holds the recordings.")
    # A folder above the given one may carry the machine type (…/slider) or the split.
    above = [part for part in root.absolute().parts[-2:] if part != root.anchor]
    rows: list[CatalogueRow] = []
    for folders, names in sorted(_recordings(root)):
        inside = "".join(f"{folder}/" for folder in folders)
        for name in sorted(names):
            stem = name[: name.rfind(".")]
            row = next((match for layout in LAYOUTS if (match := layout([*above, *folders], stem))), None)
            if row:
                rows.append({"clip_id": inside + name, "domain": "source", **row})
    if not rows:
        raise DatasetError(
            f"{root} holds no recording in a known layout: expected train/ and test/ with DCASE 2020 names "
            "(normal_id_00_00000000.wav), or folders normal/ and anomaly/."
        )
    catalogue = pd.DataFrame(rows).fillna("")  # an attribute that some names carry is empty for the others
    catalogue = catalogue[[*COLUMNS, *(name for name in catalogue if name not in COLUMNS)]]
    unsplit = catalogue["split"] == ""
    if unsplit.any():
        machines = catalogue[unsplit].groupby(["machine_type", "machine_id"])["clip_id"]
        catalogue.loc[unsplit, "split"] = machines.transform(_split)
    base = root.resolve()
    return Dataset(
        root.name or "recordings",
        base.name or "recordings",
        str(base),
        catalogue,
        lambda clip_id: base / clip_id,
        lambda rows: [file_stamp(f"{base}/{clip_id}") for clip_id in rows["clip_id"]],
    )


def _recordings(root: Path, folders: tuple[str, ...] = ()) -> list[tuple[tuple[str, ...], list[str]]]:
    """Each folder under a folder, with the names of its sound files. What the folder says of an entry is believed: asking
    the disk for each of 100,000 files takes half a second."""
    names: list[str] = []
    results: list[tuple[tuple[str, ...], list[str]]] = []
    try:
        entries = list(os.scandir(root.joinpath(*folders)))
    except PermissionError:  # such as lost+found
        return []
    for entry in entries:
        if entry.name[entry.name.rfind(".") :].lower() in SUFFIXES:
            if entry.is_file():
                names.append(entry.name)
        elif entry.is_dir(follow_symlinks=False):
            results += _recordings(root, (*folders, entry.name))
    return [*results, (folders, names)]


def _split(clip_ids: "pd.Series[str]") -> list[str]:
    """Train or test for one machine's normal clips."""
    count = max(len(clip_ids) // 5, int(len(clip_ids) > 1))
    for_test = set(sorted(clip_ids, key=lambda clip_id: sha256(clip_id.encode()).digest())[:count])
    return ["test" if clip_id in for_test else "train" for clip_id in clip_ids]
