"""What people are asked about a tree of recordings."""

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

from asd_core.counting import counted, listed
from asd_core.datasets import plain_folders
from asd_core.datasets.name_groups import NameGroup
from asd_core.datasets.rows_by_name import folders_and_stem, row_by_layout
from asd_core.datasets.tables import Metadata

if TYPE_CHECKING:
    import pandas as pd

LABEL_QUESTION = "normal, anomaly, or leave out?"


def questions_of(catalogue: "pd.DataFrame", asked: Sequence[NameGroup]) -> list[str]:
    questions = [f"{counted(group.count, 'recording')} like {group.example}: {LABEL_QUESTION}" for group in asked]
    types = sorted(catalogue["machine_type"].unique())
    if len(types) > 1:
        questions.append(f"Machines of {len(types)} types ({listed(types)}): train one type, or each on its own?")
    for (machine_type, machine_id), rows in catalogue.groupby(["machine_type", "machine_id"]):
        if not (rows["label"] == "normal").any():
            questions.append(
                f"{machine_type} {machine_id} has no normal recording, and detectors learn from normal sound: where are they?"
            )
    if "snr_db" in catalogue and catalogue["snr_db"].replace("", None).nunique() > 1:
        levels = Counter(catalogue["snr_db"])
        questions.append(
            f"The same recordings at {len(levels)} noise levels ({', '.join(sorted(levels))} dB) are not independent: use one level?"
        )
    if "channel" in catalogue and (n := catalogue["channel"].replace("", None).nunique()) > 1:
        questions.append(f"The same recordings by {n} microphones are not independent: use one?")
    return questions


def against_names(metadata: Metadata) -> list[str]:
    """A question where the labels of a table contradict the recordings' names."""
    labels = [(clip_id, values.get("label"), _named_label(clip_id)) for clip_id, values in metadata.values.items()]
    other = [one for one in labels if {one[1], one[2]} == {"normal", "anomaly"}]
    if not other:
        return []
    clip_id, label, named = other[0]
    return [
        f"The table calls {counted(len(other), 'recording')} otherwise than the name does ({clip_id}: {label}, not {named}): the table "
        "counts; is it right?"
    ]


def _named_label(clip_id: str) -> str:
    """The label in the folders and the name; empty where there is none."""
    folders, stem = folders_and_stem(clip_id)
    if row := row_by_layout(folders, stem):
        return row["label"]
    parts = plain_folders.parts(folders, stem)
    return parts.label if parts else ""
