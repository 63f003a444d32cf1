"""The labels of an evaluation set that were published after a challenge, as its organisers' list has them."""

import csv
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from asd_core.datasets.layouts import LAYOUTS
from asd_core.errors import DatasetError, reason_of

if TYPE_CHECKING:
    import pandas as pd


def read_eval_labels(path: Path, machine_type: str) -> dict[str, str]:
    """Labels of one machine type by the file's name, from a list of DCASE Task 2.

    A line holds the machine type alone; the lines below it a file's name as it was published, then its name with the label:
    ``id_01_00000000.wav,normal_id_01_00000098.wav,0`` (``eval_data_list.csv`` of 2020, zenodo.org/records/3951620) or
    ``section_00_0005.wav,section_00_source_test_anomaly_0005_vel_15.wav`` (2021 and later).

    Raises:
        DatasetError: for a file that cannot be read, or has no label of the machine type.
    """
    try:
        with open(path, encoding="utf-8-sig", newline="") as file:
            lines = [[cell.strip() for cell in line] for line in csv.reader(file)]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DatasetError(
            f"{path} cannot be read ({reason_of(error)}): give the list of labels, eval_data_list.csv."
        ) from error
    labels: dict[str, str] = {}
    machine = ""
    for line in lines:
        cells = [cell for cell in line if cell]
        if len(cells) == 1:
            machine = cells[0]
        elif len(cells) > 1 and machine.lower() == machine_type.lower():
            stem = PurePosixPath(cells[1]).stem
            row = next((parsed for layout in LAYOUTS if (parsed := layout(("test",), stem))), None)
            if row is None or row["label"] == "unlabelled":
                raise DatasetError(
                    f"{path}: {cells[1]} says no label; expected a name such as normal_id_01_00000098.wav."
                )
            labels[cells[0]] = row["label"]
    if not labels:
        raise DatasetError(f"{path} has no labels of {machine_type}: give the list of labels of its evaluation set.")
    return labels


def with_eval_labels(scores: "pd.DataFrame", labels: dict[str, str]) -> "pd.DataFrame":
    """Scores of an evaluation set with its labels; a clip that the list does not name stays without one.

    Args:
        scores: columns ``clip_id, label``.
        labels: by the file's name.
    """
    names = scores["clip_id"].map(lambda clip_id: PurePosixPath(clip_id).name)
    return scores.assign(label=names.map(labels).fillna("unlabelled"))
