"""The table of a comparison: every detector on every machine id and in the mean, each figure with its interval."""

from dataclasses import dataclass

import numpy as np

from asd_core.evaluation.stratified_bootstrap import MEAN, Draws, Metric, bootstrap
from asd_core.lazy import pd

METRICS: tuple[Metric, ...] = ("auc", "pauc")


def ranking(draws: Draws) -> "pd.DataFrame":
    """One row per detector and machine id, then one for the mean over its ids; what is not computable is ``nan``.

    Returns:
        Columns detector, machine_id, auc, auc_low, auc_high, pauc, n_normal, n_anomaly, pauc_low, pauc_high, n_ids (machine
        ids that the figure is of), the intervals being 95% ones over the same resampled clips for all detectors.
    """
    tables = []
    for machine_id in (*draws.machine_ids, MEAN):
        of = draws.machine_ids if machine_id == MEAN else [machine_id]
        n_ids = draws.n_known() if machine_id == MEAN else np.isfinite(draws.point(machine_id)).astype(int)
        columns: dict[str, object] = {"detector": draws.detectors, "machine_id": machine_id, "n_ids": n_ids}
        for metric in METRICS:
            low, high = draws.interval(machine_id, metric).T
            columns |= {metric: draws.point(machine_id, metric), f"{metric}_low": low, f"{metric}_high": high}
        for index, label in enumerate(("n_normal", "n_anomaly")):
            columns[label] = sum(draws.clips[i][index] for i in of)
        tables.append(pd.DataFrame(columns))
    names = ["detector", "machine_id", "auc", "auc_low", "auc_high", "pauc", "n_normal", "n_anomaly"]
    table = pd.concat(tables, ignore_index=True)[[*names, "pauc_low", "pauc_high", "n_ids"]]
    order = {key: index for index, key in enumerate(draws.detectors)}
    return table.sort_values("detector", key=lambda k: k.map(order), kind="stable", ignore_index=True)


def worst_machine(table: "pd.DataFrame", metric: Metric) -> dict[str, tuple[str, float]]:
    """Of each detector the machine id of lowest figure; none for a detector without a computable one."""
    known = table[(table["machine_id"] != MEAN) & np.isfinite(table[metric])]
    lowest = known.loc[known.groupby("detector", sort=False)[metric].idxmin()]
    return {
        str(d): (str(i), float(v)) for d, i, v in lowest[["detector", "machine_id", metric]].itertuples(index=False)
    }


@dataclass(frozen=True)
class Result:
    """One row of the results table: a detector on one machine id, or the mean over ids."""

    detector: str
    machine_id: str  # an id, or "mean"
    auc: float
    auc_low: float
    auc_high: float
    pauc: float
    pauc_low: float
    pauc_high: float
    n_normal: int
    n_anomaly: int
    n_ids: int  # machine ids that the figure is of: means over different ones cannot be compared


def evaluate(scores: "pd.DataFrame", resamples: int | None = None) -> list[Result]:
    """The table as objects: for each detector its ids, then a row ``mean``; what cannot be computed is ``nan``.

    Args:
        scores: columns ``detector, machine_id, label, raw, clip_id``; only labels normal and anomaly count.
    """
    subset = set(scores[["detector", "machine_id"]].drop_duplicates().itertuples(index=False, name=None))
    rows = ranking(bootstrap(scores, resamples)).to_dict("records")
    return [Result(**r) for r in rows if r["machine_id"] == MEAN or (r["detector"], r["machine_id"]) in subset]
