"""Detectors ranked by what is known without an anomaly: how well each tells synthetic ones from held-out normal clips."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from asd_core.artifacts import Manifest
from asd_core.detectors import Scores, is_control
from asd_core.evaluation import auc, normal_spread
from asd_core.lazy import pd
from asd_core.training.checks import SyntheticCheck, auc_difference

CURVES = ["detector", "kind", "db", "auc"]
COLUMNS = [
    *("detector", "auc", "low", "high", "untrained", "stability", "tail"),
    *("tied", "clear", "above", "n_normal", "n_sources", "n_ids"),
]


@dataclass(frozen=True, eq=False)
class Sensitivity:
    """What the evidence says of some detectors.

    Attributes:
        figures: a row per detector (the index), the highest AUC first, those that know fewer machine ids last; see
            :meth:`Evidence.sensitivity`.
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


class Evidence:
    """An evidence table of which detectors are chosen again and again: what is said of one of them, or of a pair, is computed once."""

    def __init__(self, table: "pd.DataFrame", manifests: Mapping[str, Manifest]) -> None:
        """
        Args:
            table: of :func:`asd_core.training.read_evidence`.
        """
        self.of = {str(key): rows for key, rows in table.groupby("detector", sort=False)}
        self.manifests = manifests
        self._clips = {key: frozenset(rows["clip_id"]) for key, rows in self.of.items()}
        self._on: dict[tuple[str, frozenset[str]], SyntheticCheck] = {}
        checks = {key: self._check_on(key, clips) for key, clips in self._clips.items()}
        self._checks = {key: check for key, check in checks.items() if len(check.anomalies)}
        self._known = {key: set(check.normal_ids) for key, check in self._checks.items()}
        self._own: dict[str, dict[str, Any]] = {}
        self._curves: dict[str, pd.DataFrame] = {}
        self._differences: dict[tuple[str, str], tuple[float, float]] = {}

    def sensitivity(self, shown: Collection[str] | None = None) -> Sensitivity:
        """Figures of some detectors.

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
            - ``n_normal, n_sources``: held-out clips, and those that anomalies were made of;
            - ``n_ids``: machine ids of the held-out clips;
            - ``tied``: the best or not to be told apart from it, controls and those that know fewer machine ids aside (the
              paired interval includes 0);
            - ``clear``: the paired interval of the difference from the best control is above 0; also True without a control.
            - ``above``: so is the difference itself, on all clips of both.
        """
        known, chosen = self._known, [key for key in self._checks if shown is None or key in shown]
        n_ids = len(set[str]().union(*(known[key] for key in chosen)))
        every = sorted(self._checks, key=lambda key: (len(known[key]) < n_ids, -self._checks[key].auc))
        control = next((key for key in every if is_control(key)), "")
        order = [key for key in every if key in chosen]
        ranked = [key for key in order if len(known[key]) == n_ids and not is_control(key)]
        rows = [
            self._figures(key)
            | {
                "tied": key in ranked and (key == ranked[0] or self._ties(ranked[0], key)),
                "clear": is_control(key) or not control or self._difference(key, control)[0] > 0.0,
                "above": is_control(key) or not control or self._checks[key].auc > self._checks[control].auc,
            }
            for key in order
        ]
        figures = (
            pd.DataFrame(rows, columns=COLUMNS)
            .astype({"tied": bool, "clear": bool, "above": bool})
            .set_index("detector")
        )
        curves = pd.concat([self._curve(key) for key in order]) if order else pd.DataFrame(columns=CURVES)
        return Sensitivity(figures, curves.reset_index(drop=True), n_ids, control)

    def _figures(self, key: str) -> dict[str, Any]:
        """What is said of a detector whatever others there are."""
        if key not in self._own:
            check, untrained = self._checks[key], as_check(self.of[key], "untrained")
            low, high = check.interval(check.draws)
            self._own[key] = {
                "detector": key,
                "auc": check.auc,
                "low": low,
                "high": high,
                "untrained": untrained.auc if len(untrained.anomalies) else np.nan,
                "stability": _stability(self.of[key]),
                "tail": _tail(self.manifests[key]) if key in self.manifests else np.nan,
                "n_normal": len(check.normal),
                "n_sources": len(np.unique(check.sources)),
                "n_ids": len(self._known[key]),
            }
        return self._own[key]

    def _curve(self, key: str) -> "pd.DataFrame":
        if key not in self._curves:
            self._curves[key] = _curve(key, self.of[key])
        return self._curves[key]

    def _difference(self, one: str, other: str) -> tuple[float, float]:
        """95% interval of how much better one detector is, on the held-out clips that both have (a fusion has half of them)."""
        if (one, other) not in self._differences:
            shared = self._clips[one] & self._clips[other]
            checks = [self._check_on(key, shared) for key in (one, other)]
            apart = auc_difference(*checks) if all(len(check.anomalies) for check in checks) else (-1.0, 1.0)
            self._differences[one, other] = apart
        return self._differences[one, other]

    def _check_on(self, key: str, clips: frozenset[str]) -> SyntheticCheck:
        """One detector's evidence on some clips."""
        if (key, clips) not in self._on:
            rows = self.of[key]
            self._on[key, clips] = as_check(rows if clips == self._clips[key] else rows[rows["clip_id"].isin(clips)])
        return self._on[key, clips]

    def _ties(self, best: str, other: str) -> bool:
        low, high = self._difference(best, other)
        return low <= 1e-12 and high >= -1e-12


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


def _curve(key: str, table: "pd.DataFrame") -> "pd.DataFrame":
    """AUC over strength of each kind, mean over machine ids."""
    normal: dict[str, Scores] = {
        str(i): group["trained"].to_numpy(dtype=np.float64)
        for i, group in table[table["kind"] == ""].groupby("machine_id")
    }
    rows = []
    for (kind, db), group in table[table["kind"] != ""].groupby(["kind", "db"], sort=False):
        each = [
            auc(normal[str(i)], made["trained"].to_numpy(dtype=np.float64))
            for i, made in group.groupby("machine_id")
            if str(i) in normal
        ]
        rows.append((key, str(kind), float(db), float(np.mean(each))))
    return pd.DataFrame(rows, columns=CURVES)
