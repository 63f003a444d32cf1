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


def clip_titles(catalogue: "pd.DataFrame") -> dict[str, str]:
    """Titles of clips on screen, by clip id: they tell clips apart and do not give away their labels.

    Where names hold their clips' labels (``anomaly_id_00_00000012.wav``, ``abnormal/3.wav``) a reader has the answer before the
    question, so all clips of such a catalogue are numbered instead: ``id 00 · clip 12``, in the order of a hash within the machine
    id, which puts neither class first. Elsewhere a clip is called by its file, see :func:`short_names`.

    Args:
        catalogue: columns ``clip_id, machine_id, label``.
    """
    clip_ids = catalogue["clip_id"].tolist()
    names = short_names(clip_ids)
    if not any(names_label(name, label) for name, label in zip(names, catalogue["label"], strict=True)):
        return dict(zip(clip_ids, names, strict=True))
    pairs = sorted(
        zip(catalogue["machine_id"], clip_ids, strict=True), key=lambda pair: hashlib.sha256(pair[1].encode()).digest()
    )
    numbers, result = Counter[str](), {}
    for machine_id, clip_id in pairs:
        numbers[machine_id] += 1
        result[clip_id] = f"id {machine_id} · clip {numbers[machine_id]}"
    return result
