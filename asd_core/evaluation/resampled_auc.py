"""AUC and pAUC of many resamples at once."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from asd_core.evaluation.roc_auc import MAX_FPR, Floats

Counts = NDArray[Any]  # of how often clips are taken: bytes, whole numbers of 4 bytes, or floats


def resampled(
    normal: Floats, anomaly: Floats, taken_normal: Counts, taken_anomaly: Counts, max_fpr: float = MAX_FPR
) -> tuple[Floats, Floats]:
    """AUC and pAUC (McClish, 1989) of many resamples at once, exact also where scores are tied.

    Down the distinct scores of normal clips the ROC curve of a resample runs from detection count ``before`` to
    ``before + rise`` (which is 0 without ties between the classes) while ``width`` normal clips are passed; the area is
    the sum of these trapezoids, and pAUC cuts the one in which the false-alarm rate passes ``max_fpr``.

    Args:
        normal: ``(n,)`` scores. anomaly: ``(m,)`` scores.
        taken_normal: ``(n, resamples)``, how often each normal clip is taken, in the order of ``normal``; what
            :func:`asd_core.evaluation.clip_resampling.taken` gives, or any floats.
        taken_anomaly: ``(m, resamples)``, the same for the anomalies.

    Returns:
        AUC and pAUC, each ``(resamples,)``.
    """
    width, before, reached = resampled_steps(normal, anomaly, taken_normal, taken_anomaly)
    rise = reached - before if reached is not before else None
    if _are_bytes(taken_normal, taken_anomaly):
        n, m = (np.full(width.shape[1], float(len(scores))) for scores in (normal, anomaly))
    else:
        n, m = taken_normal.sum(axis=0), taken_anomaly.sum(axis=0)
    limit = max_fpr * n

    area = np.einsum("kr,kr->r", width, before).astype(np.float64)
    # Resamples pass the limit within a few standard deviations of as many rows, unless the sample is very small or tied:
    # look there first.
    expected = max_fpr * len(width)
    for top in (int(expected + 6.0 * np.sqrt(expected)) + 10, len(width)):
        passed = running_sum(width[:top].copy())
        if (passed[-1] >= limit).all():
            break
    inside = np.diff(np.minimum(passed, limit), axis=0, prepend=0.0)
    part = np.einsum("kr,kr->r", inside, before[:top])
    if rise is not None:
        area += 0.5 * np.einsum("kr,kr->r", width, rise)
        share = np.divide(inside, width[:top], out=np.zeros_like(inside), where=width[:top] > 0)
        part += 0.5 * np.einsum("kr,kr,kr->r", inside, share, rise[:top])
    chance = 0.5 * max_fpr**2
    return area / (n * m), 0.5 * (1.0 + (part / (n * m) - chance) / (max_fpr - chance))


def resampled_steps(
    normal: Floats, anomaly: Floats, taken_normal: Counts, taken_anomaly: Counts
) -> tuple[Counts, Counts, Counts]:
    """ROC curves of many resamples, down the distinct scores of normal clips: each array ``(n_distinct, resamples)``.

    Returns:
        Normal clips passed at each score, anomalies above it, and anomalies at or above it (the same array without ties
        between the classes). Arguments as in :func:`resampled`.
    """
    falling = np.argsort(-normal)
    values, starts = np.unique(-normal[falling], return_index=True)
    width = taken_normal[falling]
    kind = _counting(taken_normal, taken_anomaly)
    width = width.astype(kind) if len(starts) == len(normal) else np.add.reduceat(width, starts, axis=0, dtype=kind)
    rising = np.argsort(-anomaly)
    detections = np.zeros((len(anomaly) + 1, taken_anomaly.shape[1]), dtype=kind)
    detections[1:] = taken_anomaly[rising]
    running_sum(detections)
    ordered = -anomaly[rising]
    above, reached = np.searchsorted(ordered, values, side="left"), np.searchsorted(ordered, values, side="right")
    before = detections[above]
    return width, before, detections[reached] if (above < reached).any() else before


def _are_bytes(taken_normal: Counts, taken_anomaly: Counts) -> bool:
    """Are these counts of :func:`asd_core.evaluation.clip_resampling.taken`, of which each resample has as many as there are clips?"""
    return taken_normal.dtype == np.uint8 == taken_anomaly.dtype


def _counting(taken_normal: Counts, taken_anomaly: Counts) -> type[np.int32] | type[np.float64]:
    """What pairs of an anomaly and a normal clip are counted in: whole numbers of 4 bytes while none runs over, else floats."""
    whole = 2 * len(taken_normal) * len(taken_anomaly) < np.iinfo(np.int32).max
    return np.int32 if whole and _are_bytes(taken_normal, taken_anomaly) else np.float64


def running_sum(counts: Counts) -> Counts:
    """The counts ``(n, resamples)`` themselves, each row with those above it added. ``np.cumsum`` takes four times as long, for it
    goes down one column after the other: here rows are added that lie a block apart, and then to each block what came before."""
    length = max(1, int(np.sqrt(len(counts))))
    n_blocks = len(counts) // length
    blocks = counts[: n_blocks * length].reshape(n_blocks, length, -1)
    for row in range(1, length):
        blocks[:, row] += blocks[:, row - 1]
    for block in range(1, n_blocks):
        blocks[block] += blocks[block - 1, -1]
    for row in range(max(1, n_blocks * length), len(counts)):
        counts[row] += counts[row - 1]
    return counts
