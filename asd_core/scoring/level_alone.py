"""Where a clip's level alone tells anomalies from normal clips, every detector looks good: a sentence warns of that."""

from asd_core.counting import machines_named
from asd_core.evaluation import auc
from asd_core.lazy import pd

LEVEL = "control_rms"
ALONE = 0.99  # AUC from which on the level alone counts as separating the classes
FEWEST = 5  # clips of either class: fewer are apart by chance


def level_meter(scores: "pd.DataFrame") -> str:
    """A sentence that a level meter would do, and on which machine ids; empty where it would not, or where nothing is
    known.

    Args:
        scores: a score table with columns ``detector, machine_id, label, raw``; only the control of clip level is read.
    """
    auc_by_machine = {}
    level = scores[scores["detector"] == LEVEL]
    for machine_id, group in level.groupby("machine_id", sort=True):
        normal, anomaly = (
            group.loc[group["label"] == label, "raw"].to_numpy(dtype=float) for label in ("normal", "anomaly")
        )
        if min(len(normal), len(anomaly)) >= FEWEST and (figure := auc(normal, anomaly)) >= ALONE:
            auc_by_machine[str(machine_id)] = figure
    if not auc_by_machine:
        return ""
    every = len(auc_by_machine) == level["machine_id"].nunique()
    where = "" if every else f" of {machines_named(auc_by_machine)}"
    figures = f"AUC {min(auc_by_machine.values()):.3f}" + (
        " or more" if max(auc_by_machine.values()) > min(auc_by_machine.values()) else ""
    )
    return (
        f"The clip's level alone tells the labelled anomalies{where} from normal clips ({figures}): a level meter would do, and a high AUC "
        "says little of a detector here."
    )
