"""Folders of recordings as catalogues. A layout is a function from a recording's folders and stem to a row, or ``None``.

A row has the catalogue's columns but ``clip_id`` and ``domain``; whatever else it has is an attribute of the clip.

Known now: DCASE 2020 Task 2, and plain folders ``normal/`` and ``anomaly/``. Others are one more function in ``LAYOUTS``.
"""

import os
import re
from collections.abc import Callable, Sequence
from pathlib import Path

from asd_core.datasets.catalogue import COLUMNS, Dataset, file_stamp
from asd_core.errors import DatasetError
from asd_core.sound import SUFFIXES

Row = dict[str, str]
PLAIN_ID = "00"  # a plain folder holds one machine unless its path names an id

_DCASE_2020 = re.compile(r"(?:(?P<label>normal|anomaly)_)?id_(?P<id>\d\d)_\d{8}$")
_ID_FOLDER = re.compile(r"id_(?P<id>\w+)$")
_NORMAL = {"normal"}
_ANOMALY = {"anomaly", "anomalous", "abnormal", "broken"}


def dcase_2020(folders: Sequence[str], stem: str) -> Row | None:
    """``<machine type>/<train|test>/[normal_|anomaly_]id_00_00000000.wav`` (unlabelled names are the eval set's)."""
    if not folders or folders[-1] not in ("train", "test") or not (match := _DCASE_2020.match(stem)):
        return None
    return {
        "machine_type": folders[-2] if len(folders) > 1 else "machine",
        "machine_id": match["id"],
        "split": folders[-1] if match["label"] else "eval",
        "label": match["label"] or "unlabelled",
    }


def plain(folders: Sequence[str], stem: str) -> Row | None:
    """``[<train|test>/][id_<name>/]<normal|anomaly|abnormal|broken>/<any name>``.

    Without a train or test folder, normal clips train; see :func:`folder_dataset` for the test set's normals.
    """
    folders = [name.lower() for name in folders]
    labels = [f for f in folders if f in _NORMAL | _ANOMALY]
    if not labels:
        return None
    label = "normal" if labels[-1] in _NORMAL else "anomaly"
    machine_id = next((m["id"] for f in reversed(folders) if (m := _ID_FOLDER.match(f))), PLAIN_ID)
    split = next((f for f in folders if f in ("train", "test")), "" if label == "normal" else "test")
    return {"machine_type": "machine", "machine_id": machine_id, "split": split, "label": label}


LAYOUTS: tuple[Callable[[Sequence[str], str], Row | None], ...] = (
    dcase_2020,
    plain,
)


def folder_dataset(root: Path) -> Dataset:
    """The recordings under a folder as a dataset.

    Plain folders without ``train`` and ``test`` get both: every fifth normal clip of a machine, by the order of a hash
    of its name, is for testing.

    Raises:
        DatasetError: for a missing folder, or one without a recording in a known layout.
    """
    import pandas as pd

    if not root.is_dir():
        raise DatasetError(f"{root} is not a folder: give the folder that holds the recordings.")
    # A folder above the given one may carry the machine type (…/slider) or the split.
    above = [part for part in root.absolute().parts[-2:] if part != root.anchor]
    rows: list[Row] = []
    for folders, names in sorted(_recordings(root)):
        inside = "".join(f"{folder}/" for folder in folders)
        for name in sorted(names):
            stem = name[: name.rfind(".")]
            row = next((found for layout in LAYOUTS if (found := layout([*above, *folders], stem))), None)
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
        for _, clips in catalogue[unsplit].groupby(["machine_type", "machine_id"]):
            catalogue.loc[clips.index, "split"] = _split(clips["clip_id"].tolist())
    base = root.resolve()
    return Dataset(
        root.name or "recordings",
        base.name or "recordings",
        str(base),
        catalogue,
        lambda clip_id: base / clip_id,
        lambda found: [file_stamp(f"{base}/{clip_id}") for clip_id in found["clip_id"]],
    )


def _recordings(root: Path, folders: tuple[str, ...] = ()) -> list[tuple[tuple[str, ...], list[str]]]:
    """Each folder under a folder, with the names of its sound files. What the folder says of an entry is believed: asking
    the disk for each of 100,000 files takes half a second."""
    names: list[str] = []
    found: list[tuple[tuple[str, ...], list[str]]] = []
    try:
        entries = list(os.scandir(root.joinpath(*folders)))
    except PermissionError:  # such as lost+found
        return []
    for entry in entries:
        if entry.name[entry.name.rfind(".") :].lower() in SUFFIXES:
            if entry.is_file():
                names.append(entry.name)
        elif entry.is_dir(follow_symlinks=False):
            found += _recordings(root, (*folders, entry.name))
    return [*found, (folders, names)]


def _split(clip_ids: list[str]) -> list[str]:
    """Train or test for each normal clip of one machine: a fifth tests, one at least where there are two clips."""
    from hashlib import sha256

    order = sorted(range(len(clip_ids)), key=lambda i: sha256(clip_ids[i].encode()).digest())
    n_test = max(len(order) // 5, 1) if len(order) > 1 else 0
    for_test = set(order[:n_test])
    return ["test" if i in for_test else "train" for i in range(len(clip_ids))]
