"""The linear part of AUC and pAUC: what each clip adds to them, from which many resamples of large samples are one product.

To first order a figure of a resample is the figure itself plus, for each clip taken, that clip's influence divided by the
clips of its class (van der Vaart, "Asymptotic statistics", 1998, ch. 12 and 20). The influences on an AUC are the placement
values of DeLong, DeLong and Clarke-Pearson (1988). What is left out is a share of the variance of about one in as many clips as
decide the figure, so it counts only while few do.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from asd_core.evaluation.roc_auc import MAX_FPR, Floats

LARGE = 5_000  # clips of each class from which the linear part is looked at
DECIDING = 50  # clips that must decide a figure: then its standard error is right within a hundredth


class LinearPart(NamedTuple):
    """A figure and its influences.

    Attributes:
        observed: the figure.
        normal, anomaly: ``(n,)`` and ``(m,)``, of each clip; both have the mean 0.
        exact_enough: whether enough clips decide the figure for a resample to be this part alone.
    """

    observed: float
    normal: Floats
    anomaly: Floats
    exact_enough: bool


def linear_parts(normal: Floats, anomaly: Floats, max_fpr: float = MAX_FPR) -> tuple[LinearPart, LinearPart]:
    """The linear parts of AUC and of pAUC (McClish, 1989), exact also where scores are tied.

    Args:
        normal: ``(n,)`` scores. anomaly: ``(m,)`` scores; neither may be empty.
    """
    falling, rising = np.argsort(-normal, kind="stable"), np.argsort(-anomaly, kind="stable")
    passed, detected = -normal[falling], -anomaly[rising]  # from the highest score down
    n, m = len(normal), len(anomaly)
    # The ROC curve's height above each normal clip, and the false-alarm rates from and to which each anomaly is tied.
    height = (np.searchsorted(detected, passed, "left") + np.searchsorted(detected, passed, "right")) / (2 * m)
    since, until = (np.searchsorted(passed, detected, side) / n for side in ("left", "right"))
    of_normal, of_anomaly = np.empty(n), np.empty(m)
    of_normal[falling], of_anomaly[rising] = height, 1.0 - 0.5 * (since + until)
    area = float(of_anomaly.mean())

    # Left of the limit an anomaly adds what remains from its rate on; within a tie it rises linearly.
    inside = np.minimum(until, max_fpr) - np.minimum(since, max_fpr)
    share = np.divide(inside, until - since, out=np.zeros(m), where=until > since)
    added = max_fpr - np.minimum(until, max_fpr) + 0.5 * inside * share
    part = float(added.mean())
    last = min(int(max_fpr * n), n - 1)
    part_normal, part_anomaly = np.zeros(n), np.empty(m)
    # A normal clip left of the limit pushes those behind it to the right, and as much of the curve over it.
    part_normal[falling[:last]] = height[:last] - height[last]
    part_anomaly[rising] = added
    # Clips of one score move together: that many different ones must lie left of the limit.
    steps = int(np.count_nonzero(np.diff(passed[: last + 1])))
    chance = 0.5 * max_fpr**2
    scale = 0.5 / (max_fpr - chance)
    return (
        _part(area, area, of_normal, of_anomaly, min(n, m)),
        _part(
            0.5 + scale * (part - chance),
            part / max_fpr,
            scale * part_normal,
            scale * part_anomaly,
            min(max_fpr * n, m) if steps >= DECIDING else 0,
        ),
    )


def resampled_parts(parts: Sequence[LinearPart], taken_normal: NDArray[Any], taken_anomaly: NDArray[Any]) -> Floats:
    """One figure of several detectors on the same resamples, ``(n_detectors, resamples)``.

    Args:
        parts: of the figure, a detector each. taken_normal: ``(n, resamples)``, how often each normal clip is taken.
        taken_anomaly: ``(m, resamples)``, the same for the anomalies.
    """
    figures = np.array([[part.observed] for part in parts])
    for influences, taken in (
        ([part.normal for part in parts], taken_normal),
        ([part.anomaly for part in parts], taken_anomaly),
    ):
        figures = figures + np.array(influences) @ taken.astype(np.float64) / len(taken)
    return figures


def _part(observed: float, share: float, normal: Floats, anomaly: Floats, deciding: float) -> LinearPart:
    """The influences around their mean. ``share``: of the area that a figure can have; near its ends few clips decide."""
    enough = min(share, 1.0 - share) * deciding >= DECIDING
    return LinearPart(observed, normal - normal.mean(), anomaly - anomaly.mean(), bool(enough))
