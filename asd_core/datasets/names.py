"""Names of clips that tell apart: no two lines of a list, no two messages read the same."""

import hashlib
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

from asd_core.datasets.words import names_label

if TYPE_CHECKING:
    import pandas as pd


def short_names(clip_ids: Sequence[str]) -> list[str]:
    """File names of clips; of those that share one, as much of the path as tells them apart.

    Args:
        clip_ids: paths within a dataset; the same one may stand there twice.
    """
    names = {clip_id: clip_id.rsplit("/", 1)[-1] for clip_id in clip_ids}
    deepest = max((clip_id.count("/") + 1 for clip_id in names), default=1)
    for parts in range(2, deepest + 1):
        often = Counter(names.values())
        equal = [clip_id for clip_id, name in names.items() if often[name] > 1]
        if not equal:
            break
        names.update((clip_id, "/".join(clip_id.rsplit("/", parts)[-parts:])) for clip_id in equal)
    return [names[clip_id] for clip_id in clip_ids]


def clip_titles(catalogue: "pd.DataFrame", *, on_disk: bool = False) -> dict[str, str]:
    """Titles of clips on screen, by clip id: they tell clips apart and do not give away their labels.

    Where names hold their clips' labels (``anomaly_id_00_00000012.wav``, ``abnormal/3.wav``) a reader has the answer before the
    question, so all clips of such a catalogue are numbered instead: ``id 00 · clip 12``, in the order of a hash within the machine
    id, which puts neither class first. Elsewhere a clip is called by its file, see :func:`short_names`.

    Args:
        catalogue: columns ``clip_id, machine_id, label``.
        on_disk: people look for these files. Where labels are in folders' names only, titles end with the files':
            ``id 00 · rec_012.wav``, all of them numbered, too, where two would be equal.
    """
    clip_ids, labels = catalogue["clip_id"].tolist(), catalogue["label"].tolist()
    names = short_names(clip_ids)
    if not any(map(names_label, names, labels)):
        return dict(zip(clip_ids, names, strict=True))
    rows = list(zip(catalogue["machine_id"], clip_ids, strict=True))
    files = [clip_id.rsplit("/", 1)[-1] for clip_id in clip_ids]
    ends = dict.fromkeys(clip_ids, "")
    if on_disk and not any(map(names_label, files, labels)):
        ends = {clip_id: f" · {file}" for clip_id, file in zip(clip_ids, files, strict=True)}
        titles = {i: f"id {machine_id}{ends[i]}" for machine_id, i in sorted(rows, key=lambda row: ends[row[1]])}
        if len(set(titles.values())) == len(titles):
            return titles
    rows.sort(key=lambda row: (ends[row[1]], hashlib.sha256(row[1].encode()).digest()))
    numbers, result = Counter[str](), {}
    for machine_id, clip_id in rows:
        numbers[machine_id] += 1
        result[clip_id] = f"id {machine_id} · clip {numbers[machine_id]}{ends[clip_id]}"
    return result
