"""How well scores separate anomalies from normal clips. Test labels are read here and choose nothing.

AUC and pAUC follow DCASE 2020 Task 2: per machine id, then their arithmetic mean. pAUC is
``roc_auc_score(max_fpr=0.1)``: McClish-standardised, so that chance is 0.5 (the official code's figure).
"""

import numpy as np
from numpy.typing import NDArray

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


def mean_of_known(values: Floats) -> Floats:
    """Mean over the first axis of what is computable, ``nan`` where nothing is."""
    known = np.isfinite(values)
    total, count = np.where(known, values, 0.0).sum(axis=0), known.sum(axis=0)
    return np.asarray(np.divide(total, count, out=np.full(total.shape, np.nan), where=count > 0))


def roc(normal: Floats, anomaly: Floats, floor: float = -np.inf) -> tuple[Floats, Floats, Floats]:
    """False-alarm rates, detection rates and thresholds of a ROC curve from (0, 0) to (1, 1).

    A clip is an anomaly when its score is at or above the threshold; the first threshold is infinite.

    Args:
        floor: the lowest threshold of interest: the curve stops there.
    """
    low, high = np.sort(normal), np.sort(anomaly)
    every = np.sort(np.concatenate([part[np.searchsorted(part, floor) :] for part in (low, high)]), kind="stable")
    thresholds = every[np.r_[True, every[1:] != every[:-1]]][::-1] if len(every) else every
    false_alarms = 1.0 - np.searchsorted(low, thresholds, side="left") / len(normal)
    detections = 1.0 - np.searchsorted(high, thresholds, side="left") / len(anomaly)
    return np.r_[0.0, false_alarms], np.r_[0.0, detections], np.r_[np.inf, thresholds]


def pauc(normal: Floats, anomaly: Floats, max_fpr: float = MAX_FPR) -> float:
    """Area under the ROC curve up to ``max_fpr``, standardised (McClish, 1989): chance 0.5, perfect 1."""
    if not len(normal) or not len(anomaly):
        return float("nan")
    # The curve beyond the limit plays no part: of the normal clips as many as pass it, and the anomalies above them.
    floor = (
        -np.partition(-normal, passing)[passing]
        if (passing := int(max_fpr * len(normal)) + 2) < len(normal)
        else -np.inf
    )
    false_alarms, detections, _ = roc(normal, anomaly, floor)
    last = int(np.searchsorted(false_alarms, max_fpr, side="right"))
    x = np.r_[false_alarms[:last], max_fpr]
    y = np.r_[detections[:last], np.interp(max_fpr, false_alarms, detections)]
    area = float(np.trapezoid(y, x))
    chance = 0.5 * max_fpr**2
    return 0.5 * (1.0 + (area - chance) / (max_fpr - chance))
