"""How far a score lies beyond its threshold, in units of the normal spread.

A percentile among n held-out normals stops at 100: beyond all of them it can neither rank nor be drawn. The margin goes on.
"""

from typing import overload

import numpy as np

from asd_core.evaluation.roc_auc import Floats

UPPER = 0.8413447460685429  # a normal variable is below its mean plus one standard deviation with this probability


def normal_spread(normals: Floats) -> float:
    """The distance from the median of the held-out normals' raw scores ``(n,)`` up to their 84th percentile, in raw units:
    one standard deviation where they are Gaussian.

    Upwards alone, because that is the side of the anomalies and most scores are skewed; a quantile, so that up to 15% of
    strange clips among them do not widen it; without the threshold in it, so that it is the same at every false-alarm
    rate. Where that part of them is equal, their standard deviation; where all are, their size (1 for 0).

    Raises:
        ValueError: without any.
    """
    if not len(normals):
        raise ValueError("The normal spread needs held-out normal scores: there are none.")
    middle, upper = np.quantile(normals, [0.5, UPPER])
    least = 1e-9 * float(np.abs(normals).max())  # below that they differ by rounding
    spreads = (float(upper - middle), float(np.std(normals)), abs(float(middle)))
    return next((spread for spread in spreads if spread > least), 1.0)


@overload
def margin(score: float, threshold: float, spread: float) -> float: ...
@overload
def margin(score: Floats, threshold: float, spread: float) -> Floats: ...
def margin(score: float | Floats, threshold: float, spread: float) -> float | Floats:
    """How many normal spreads a raw score lies above its threshold: unbounded, without a unit.

    0 is at the threshold, 1 one normal spread beyond it, below 0 is normal. Rises with the raw score, so that it ranks as
    that does within a machine id, and can be compared across machine ids and detectors as the raw score cannot.

    Args:
        score: raw, one or ``(n,)``; nan stays nan.
        threshold: on the raw score.
        spread: of the raw scores of held-out normal clips of the same machine id, see :func:`normal_spread`.
    """
    result = (np.asarray(score, dtype=np.float64) - threshold) / spread
    return result if result.ndim else float(result)


def percentile_in_words(percentile: float, n: int | None = None) -> str:
    """A percentile among held-out normals as text: ``99.8% of normal clips score lower``; where it stops, that it does.

    Args:
        percentile: 0 to 100; nan gives an empty text.
        n: how many were held out, where known.
    """
    if not np.isfinite(percentile):
        return ""
    every = f"all {n} held-out clips" if n and n > 1 else "the one held-out clip" if n else "all held-out clips"
    if percentile >= 100.0:
        return f"beyond {every}"
    if percentile <= 0.0:
        return f"below {every}"
    # 99.96 must not be read as 100, nor 0.04 as 0.
    shown = min(max(percentile, 0.1), 99.9)
    return f"{f'{shown:.1f}'.removesuffix('.0')}% of normal clips score lower"
