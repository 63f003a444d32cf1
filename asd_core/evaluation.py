"""How well scores separate anomalies from normal clips, with intervals. Test labels are read here and choose nothing.

AUC and pAUC follow DCASE 2020 Task 2: per machine id, then their arithmetic mean. pAUC is
``roc_auc_score(max_fpr=0.1)``: McClish-standardised, so that chance is 0.5 (the official code's figure).
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import pandas as pd

MAX_FPR = 0.1
RESAMPLES = 1000
Floats = NDArray[np.float64]


def auc(normal: Floats, anomaly: Floats) -> float:
    """Probability that an anomaly scores above a normal clip, ties counted half (Mann-Whitney U / nm).

    ``nan`` when a class is empty: not computable, never 0.5.
    """
    if not len(normal) or not len(anomaly):
        return float("nan")
    ordered = np.sort(normal)
    below = np.searchsorted(ordered, anomaly, side="left") + np.searchsorted(ordered, anomaly, side="right")
    return float(below.mean() / (2 * len(normal)))


def roc(normal: Floats, anomaly: Floats) -> tuple[Floats, Floats, Floats]:
    """False-alarm rates, detection rates and thresholds of a ROC curve from (0, 0) to (1, 1).

    A clip is an anomaly when its score is at or above the threshold; the first threshold is infinite.
    """
    thresholds = np.unique(np.concatenate([normal, anomaly]))[::-1]
    false_alarms = 1.0 - np.searchsorted(np.sort(normal), thresholds, side="left") / len(normal)
    detections = 1.0 - np.searchsorted(np.sort(anomaly), thresholds, side="left") / len(anomaly)
    return np.r_[0.0, false_alarms], np.r_[0.0, detections], np.r_[np.inf, thresholds]


def pauc(normal: Floats, anomaly: Floats, max_fpr: float = MAX_FPR) -> float:
    """Area under the ROC curve up to ``max_fpr``, standardised (McClish, 1989): chance 0.5, perfect 1."""
    if not len(normal) or not len(anomaly):
        return float("nan")
    false_alarms, detections, _ = roc(normal, anomaly)
    last = int(np.searchsorted(false_alarms, max_fpr, side="right"))
    x = np.r_[false_alarms[:last], max_fpr]
    y = np.r_[detections[:last], np.interp(max_fpr, false_alarms, detections)]
    area = float(np.trapezoid(y, x))
    chance = 0.5 * max_fpr**2
    return 0.5 * (1.0 + (area - chance) / (max_fpr - chance))


def bootstrap_auc(normal: Floats, anomaly: Floats, *, resamples: int = RESAMPLES, seed: int = 0) -> Floats:
    """AUC of ``(resamples,)`` stratified bootstrap samples: normals and anomalies are each drawn with replacement.

    Drawing is a matter of how often each clip is taken, so one matrix of comparisons serves all resamples.
    """
    rng = np.random.default_rng(seed)
    n, m = len(normal), len(anomaly)
    ordered = np.sort(normal)
    left, right = np.searchsorted(ordered, anomaly, side="left"), np.searchsorted(ordered, anomaly, side="right")
    taken_normal = rng.multinomial(n, np.full(n, 1.0 / n), size=resamples)
    taken_anomaly = rng.multinomial(m, np.full(m, 1.0 / m), size=resamples)
    below = np.concatenate([np.zeros((resamples, 1)), np.cumsum(taken_normal, axis=1)], axis=1)
    return np.asarray(((below[:, left] + below[:, right]) * taken_anomaly).sum(axis=1) / (2.0 * n * m))


@dataclass(frozen=True)
class Result:
    """One row of the results table: a detector on one machine id, or the mean over ids."""

    detector: str
    machine_id: str  # an id, or "mean"
    auc: float
    auc_low: float
    auc_high: float
    pauc: float
    n_normal: int
    n_anomaly: int


def evaluate(scores: "pd.DataFrame", *, resamples: int = RESAMPLES, seed: int = 0) -> list[Result]:
    """Per machine id and their mean, with 95 % bootstrap intervals (percentile method).

    Args:
        scores: columns ``detector, machine_id, label, raw``; rows without a label of normal or anomaly are left out.

    Returns:
        For each detector its ids, then a row ``mean``; figures that cannot be computed are ``nan``.
    """
    results: list[Result] = []
    labelled = scores[scores["label"].isin(["normal", "anomaly"])]
    for detector, own in labelled.groupby("detector", sort=False):
        rows, draws = [], []
        for index, (machine_id, group) in enumerate(own.groupby("machine_id", sort=True)):
            raw = group["raw"].to_numpy(dtype=np.float64)
            is_normal = (group["label"] == "normal").to_numpy()
            normal, anomaly = raw[is_normal], raw[~is_normal]
            low = high = float("nan")
            if len(normal) and len(anomaly):
                # One seed: the same table gives the same interval. Draws of two detectors are not paired here;
                # ``comparison.bootstrap`` resamples the same clips for all.
                drawn = bootstrap_auc(normal, anomaly, resamples=resamples, seed=seed + index)
                draws.append(drawn)
                low, high = (float(v) for v in np.quantile(drawn, [0.025, 0.975]))
            figures = (auc(normal, anomaly), low, high, pauc(normal, anomaly))
            rows.append(Result(str(detector), str(machine_id), *figures, len(normal), len(anomaly)))
        results += rows
        results.append(_mean(str(detector), rows, draws))
    return results


def _mean(detector: str, rows: list[Result], draws: list[Floats]) -> Result:
    computable = [r for r in rows if np.isfinite(r.auc)]
    low = high = mean_auc = mean_pauc = float("nan")
    if computable:
        mean_auc = float(np.mean([r.auc for r in computable]))
        mean_pauc = float(np.mean([r.pauc for r in computable]))
        low, high = (float(v) for v in np.quantile(np.mean(draws, axis=0), [0.025, 0.975]))
    return Result(
        detector, "mean", mean_auc, low, high, mean_pauc, sum(r.n_normal for r in rows), sum(r.n_anomaly for r in rows)
    )
