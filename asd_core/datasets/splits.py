"""Which recordings of a tree are to learn from, and which to test on."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from hashlib import sha256
from typing import TYPE_CHECKING

from asd_core.counting import counted
from asd_core.datasets.layouts import CatalogueRow
from asd_core.datasets.words import VALIDATION, split_of

if TYPE_CHECKING:
    import pandas as pd

# What differs in names of one sound: MIMII's noise level, the microphone of ToyADMOS (once more at the beginning) and ToyADMOS2
_SAME_SOUND = re.compile(r"(?:(?<=/)|^)-?\d+_?dB[^/]*/|\d+_(?=Toy[^/]*_ch\d+_\d+\.\w+$)|_(?:ch|mic)\d+(?=_\d+\.\w+$)")


def dev_beside_train(recordings: Iterable[tuple[str, ...]]) -> bool:
    """Is there a folder ``dev`` beside one called ``train``? Elsewhere, ``dev`` is DCASE's development set or a machine."""
    folders = {path[:depth] for path in {path[:-1] for path in recordings} for depth in range(1, len(path) + 1)}
    trained = {folder[:-1] for folder in folders if split_of(folder[-1:]) == "train"}
    return any(folder[-1].lower() == "dev" and folder[:-1] in trained for folder in folders)


def split_names(folders: tuple[str, ...], dev: bool) -> tuple[str, ...]:
    """Folders as they are read: ``dev`` is one more word for ``val`` in a tree where it stands beside ``train``."""
    return tuple("val" if folder.lower() == "dev" else folder for folder in folders) if dev else folders


def validation_notes(rows: Mapping[str, CatalogueRow], dev: bool) -> list[str]:
    """A sentence about validation folders whose recordings are for testing, where there are such."""
    tested = Counter(clip_id.rpartition("/")[0] for clip_id, row in rows.items() if row["split"] == "test")
    used: Counter[str] = Counter()
    for path, n in tested.items():
        folders = tuple(path.split("/"))
        named = [(f, name) for f, name in zip(folders, split_names(folders, dev), strict=True) if split_of([name])]
        if named and named[-1][1].lower() in VALIDATION:
            used[named[-1][0]] += n
    return [
        f"{counted(n, 'recording')} in {folder}/ {'is' if n == 1 else 'are'} used for testing: detectors learn from train/ alone."
        for folder, n in sorted(used.items())
    ]


def anomalies_to_test(rows: Mapping[str, CatalogueRow]) -> list[str]:
    """Make anomalies that are not for testing so; returns the clip ids of those that were to be learned from."""
    anomalies = {c: row for c, row in rows.items() if row["label"] == "anomaly" and row["split"] in ("", "train")}
    in_training = sorted(clip_id for clip_id, row in anomalies.items() if row["split"])
    for row in anomalies.values():
        row["split"] = "test"
    return in_training


def split_by_name(clip_ids: "pd.Series[str]") -> list[str]:
    """Train or test for one machine's normal clips: a fifth, but at least one of two, is for testing, chosen by the order of a
    hash of their names. Recordings of one sound (by several microphones, or mixed at several noise levels) go to the
    same side."""
    originals = [_SAME_SOUND.sub("", clip_id) for clip_id in clip_ids]
    ordered = sorted(set(originals), key=lambda original: sha256(original.encode()).digest())
    for_test = set(ordered[: max(len(ordered) // 5, int(len(ordered) > 1))])
    return ["test" if original in for_test else "train" for original in originals]
