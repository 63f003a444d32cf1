"""Detectors ranked by what is known without an anomaly: how well each tells synthetic ones from held-out normal clips."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import numpy as np

from asd_core.artifacts import Manifest
from asd_core.detectors import Scores, is_control
from asd_core.evaluation import auc, normal_spread
from asd_core.lazy import pd
from asd_core.training.checks import SyntheticCheck, auc_difference


@dataclass(frozen=True, eq=False)
class Sensitivity:
    """What the evidence says of some detectors.

    Attributes:
        figures: a row per detector (the index), the highest AUC first, those that know fewer machine ids last; see
            :func:`sensitivity`.
        curves: columns ``detector, kind, db, auc`` (mean over machine ids).
        n_ids: machine ids that at least one of them knows.
        control: the best control, which they are judged against, shown or not; empty without one.
    """

    figures: "pd.DataFrame"
    curves: "pd.DataFrame"
    n_ids: int
    control: str

    @property
    def ranked(self) -> list[str]:
        """Detectors that know every machine id, the highest AUC first: a mean over fewer has no place among theirs."""
        return [str(key) for key in self.figures.index[self.figures["n_ids"] == self.n_ids]]

    def coverage(self) -> dict[str, str]:
        """Of each detector with a mean over fewer machine ids than others: ``2 of 4 ids``."""
        return {str(key): f"{n} of {self.n_ids} ids" for key, n in self.figures["n_ids"].items() if n < self.n_ids}

    @property
    def best(self) -> list[str]:
        """The detector of the highest AUC, controls aside, and those that cannot be told apart from it."""
        return [str(key) for key in self.figures.index[self.figures["tied"]]]


def sensitivity(
    table: "pd.DataFrame", manifests: Mapping[str, Manifest], shown: Collection[str] | None = None
) -> Sensitivity:
    """Figures of each detector of an evidence table (see :func:`asd_core.training.read_evidence`).

    Args:
        shown: the detectors that have a row; all for ``None``. Controls of the table count whether they have one or not.

    Returns:
        ``figures`` has the columns

        - ``auc, low, high``: of all kinds and strengths together against held-out normal clips, mean over machine ids, and
          its 95% interval (clips resampled together with what was made of them);
        - ``untrained``: the same figure of the network as it was built; nan without one;
        - ``stability``: Spearman's rank correlation of the held-out clips' scores by detectors that were fitted on either
          half of the clips, mean over machine ids; nan where it was not measured;
        - ``tail``: how far the 95th percentile of the held-out scores lies above their median, in normal spreads (1.64 for
          Gaussian scores), mean over machine ids;
        - ``tied``: the best or not to be told apart from it, controls and those that know fewer machine ids aside (the
          paired interval includes 0);
        - ``clear``: the paired interval of the difference from the best control is above 0; also True without a control;
        - ``n_normal, n_sources``: held-out clips, and those that anomalies were made of;
        - ``n_ids``: machine ids of the held-out clips.
    """
    of = {str(key): rows for key, rows in table.groupby("detector", sort=False)}
    checks = {key: check for key, rows in of.items() if len((check := as_check(rows)).anomalies)}
    known = {key: set(check.normal_ids) for key, check in checks.items()}
    n_ids = len(set[str]().union(*(ids for key, ids in known.items() if shown is None or key in shown)))
    every = sorted(checks, key=lambda key: (len(known[key]) < n_ids, -checks[key].auc))
    control = next((key for key in every if is_control(key)), "")
    order = [key for key in every if shown is None or key in shown]
    ranked = [key for key in order if len(known[key]) == n_ids and not is_control(key)]
    rows = []
    for key in order:
        check = checks[key]
        low, high = check.interval(check.resampled())
        untrained = as_check(of[key], "untrained")
        rows.append(
            {
                "detector": key,
                "auc": check.auc,
                "low": low,
                "high": high,
                "untrained": untrained.auc if len(untrained.anomalies) else np.nan,
                "stability": _stability(of[key]),
                "tail": _tail(manifests[key]) if key in manifests else np.nan,
                "tied": key in ranked and (key == ranked[0] or _ties(of[ranked[0]], of[key])),
                "clear": is_control(key) or not control or _difference(of[key], of[control])[0] > 0.0,
                "n_normal": len(check.normal),
                "n_sources": len(np.unique(check.sources)),
                "n_ids": len(known[key]),
            }
        )
    columns = [
        "detector",
        "auc",
        "low",
        "high",
        "untrained",
        "stability",
        "tail",
        "tied",
        "clear",
        "n_normal",
        "n_sources",
        "n_ids",
    ]
    figures = pd.DataFrame(rows, columns=columns).astype({"tied": bool, "clear": bool}).set_index("detector")
    return Sensitivity(figures, _curves({key: of[key] for key in order}), n_ids, control)


def as_check(table: "pd.DataFrame", column: str = "trained") -> SyntheticCheck:
    """One detector's evidence as a check of all kinds and strengths together, by the ranks of one column."""
    ranked = table[table[column].notna()]
    normal, anomalies = ranked[ranked["kind"] == ""], ranked[ranked["kind"] != ""]
    place = {clip_id: k for k, clip_id in enumerate(normal["clip_id"])}
    anomalies = anomalies[anomalies["clip_id"].isin(place)]
    return SyntheticCheck(
        normal[column].to_numpy(dtype=np.float64),
        normal["machine_id"].tolist(),
        anomalies[column].to_numpy(dtype=np.float64),
        np.array([place[clip_id] for clip_id in anomalies["clip_id"]], dtype=np.intp),
        anomalies["kind"].tolist(),
    )


def _difference(one: "pd.DataFrame", other: "pd.DataFrame") -> tuple[float, float]:
    """95% interval of how much better one detector is, on the held-out clips that both have (a fusion has half of them)."""
    shared = set(one["clip_id"]) & set(other["clip_id"])
    checks = [as_check(rows[rows["clip_id"].isin(shared)]) for rows in (one, other)]
    if not all(len(check.anomalies) for check in checks):
        return -1.0, 1.0
    return auc_difference(*checks)


def _ties(best: "pd.DataFrame", other: "pd.DataFrame") -> bool:
    low, high = _difference(best, other)
    return low <= 1e-12 and high >= -1e-12


def _stability(table: "pd.DataFrame") -> float:
    """Spearman's correlation is Pearson's of ranks, which is what the table holds."""
    halves = table.loc[table["half_a"].notna(), ["machine_id", "half_a", "half_b"]]
    each = [
        group["half_a"].astype(float).corr(group["half_b"].astype(float))
        for _, group in halves.groupby("machine_id")
        if len(group) > 2 and min(group["half_a"].nunique(), group["half_b"].nunique()) > 1
    ]
    return float(np.mean(each)) if each else float("nan")


def _tail(manifest: Manifest) -> float:
    each = []
    for scores in manifest.calibration.values():
        normals = np.asarray(scores, dtype=np.float64)
        each.append((float(np.quantile(normals, 0.95)) - float(np.median(normals))) / normal_spread(normals))
    return float(np.mean(each))


def _curves(of: Mapping[str, "pd.DataFrame"]) -> "pd.DataFrame":
    rows = []
    for key, table in of.items():
        normal: dict[str, Scores] = {
            str(i): group["trained"].to_numpy(dtype=np.float64)
            for i, group in table[table["kind"] == ""].groupby("machine_id")
        }
        for (kind, db), group in table[table["kind"] != ""].groupby(["kind", "db"], sort=False):
            each = [
                auc(normal[str(i)], made["trained"].to_numpy(dtype=np.float64))
                for i, made in group.groupby("machine_id")
                if str(i) in normal
            ]
            rows.append((key, str(kind), float(db), float(np.mean(each))))
    return pd.DataFrame(rows, columns=["detector", "kind", "db", "auc"])
