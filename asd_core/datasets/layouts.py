"""Folders of recordings as catalogues. A layout is a function from a relative path to a row, or ``None``.

Known now: DCASE 2020 Task 2, and plain folders ``normal/`` and ``anomaly/``. Others are one more function in ``LAYOUTS``.
"""

import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath

from asd_core.audio import SUFFIXES
from asd_core.datasets.catalogue import COLUMNS, Dataset, file_stamp
from asd_core.errors import DatasetError

Row = dict[str, str]
PLAIN_ID = "00"  # a plain folder holds one machine unless its path names an id

_DCASE_2020 = re.compile(r"(?:(?P<label>normal|anomaly)_)?id_(?P<id>\d\d)_\d{8}$")
_ID_FOLDER = re.compile(r"id_(?P<id>\w+)$")
_NORMAL = {"normal"}
_ANOMALY = {"anomaly", "anomalous", "abnormal", "broken"}


def dcase_2020(path: PurePosixPath) -> Row | None:
    """``<machine type>/<train|test>/[normal_|anomaly_]id_00_00000000.wav`` (unlabelled names are the eval set's)."""
    match = _DCASE_2020.match(path.stem)
    if not match or path.parent.name not in ("train", "test"):
        return None
    label = match["label"] or "unlabelled"
    return {
        "machine_type": path.parent.parent.name or "machine",
        "machine_id": match["id"],
        "split": path.parent.name if match["label"] else "eval",
        "label": label,
    }


def plain(path: PurePosixPath) -> Row | None:
    """``[<train|test>/][id_<name>/]<normal|anomaly|abnormal|broken>/<any name>``.

    Without a train or test folder, normal clips train; see :func:`folder_dataset` for the test set's normals.
    """
    folders = [part.lower() for part in path.parts[:-1]]
    labels = [f for f in folders if f in _NORMAL | _ANOMALY]
    if not labels:
        return None
    label = "normal" if labels[-1] in _NORMAL else "anomaly"
    machine_id = next((m["id"] for f in reversed(folders) if (m := _ID_FOLDER.match(f))), PLAIN_ID)
    split = next((f for f in folders if f in ("train", "test")), "" if label == "normal" else "test")
    return {"machine_type": "machine", "machine_id": machine_id, "split": split, "label": label}


LAYOUTS: tuple[Callable[[PurePosixPath], Row | None], ...] = (dcase_2020, plain)


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
    rows: list[Row] = []
    # A folder above the given one may carry the machine type (…/slider) or the split.
    above = "/".join(part for part in root.absolute().parts[-2:] if part != root.anchor)
    for clip_id in sorted(_recordings(root), key=lambda c: c.split("/")):
        path = PurePosixPath(f"{above}/{clip_id}")
        row = next((found for layout in LAYOUTS if (found := layout(path))), None)
        if row:
            rows.append({"clip_id": clip_id, "domain": "source", **row})
    if not rows:
        raise DatasetError(
            f"{root} holds no recording in a known layout: expected train/ and test/ with DCASE 2020 names "
            "(normal_id_00_00000000.wav), or folders normal/ and anomaly/."
        )
    catalogue = pd.DataFrame(rows)[list(COLUMNS)]
    unsplit = catalogue["split"] == ""
    if unsplit.any():
        catalogue.loc[unsplit, "split"] = _split(catalogue.loc[unsplit, "clip_id"].tolist())
    base = root.resolve()
    return Dataset(
        root.name or "recordings",
        base.name or "recordings",
        str(base),
        catalogue,
        lambda clip_id: base / clip_id,
        lambda found: [file_stamp(f"{base}/{clip_id}") for clip_id in found["clip_id"]],
    )


def _recordings(root: Path) -> Iterator[str]:
    """Relative paths of the sound files under a folder, as text: path objects take seconds for 100,000 of them."""
    for folder, _, names in os.walk(root):
        inside = Path(folder).relative_to(root).as_posix()
        for name in names:
            if name[name.rfind(".") :].lower() in SUFFIXES and os.path.isfile(os.path.join(folder, name)):
                yield name if inside == "." else f"{inside}/{name}"


def _split(clip_ids: list[str]) -> list[str]:
    from hashlib import sha256

    order = sorted(range(len(clip_ids)), key=lambda i: sha256(clip_ids[i].encode()).digest())
    for_test = set(order[: len(order) // 5])
    return ["test" if i in for_test else "train" for i in range(len(clip_ids))]
