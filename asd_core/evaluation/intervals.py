"""95% intervals of figures between a floor and 1: symmetric on the logit scale, so that they never leave the range."""

import numpy as np

from asd_core.evaluation.roc_auc import Floats

Z95 = 1.959963984540054  # a normal variable is within this many standard deviations with probability 0.95
FEW = 1.5  # fewer clips than this decide a figure: its spread is unknown


def wilson(count: float, n: int) -> tuple[float, float]:
    """95% interval of a proportion (Wilson, 1927), valid also at 0 and at n. ``nan`` for n = 0."""
    if not n:
        return float("nan"), float("nan")
    p, z2 = count / n, Z95**2
    centre = (p + z2 / (2 * n)) / (1 + z2 / n)
    half = Z95 / (1 + z2 / n) * float(np.sqrt(p * (1 - p) / n + z2 / (4 * n * n)))
    # At the ends the bound is 0 or 1 in exact arithmetic.
    return 0.0 if count == 0 else centre - half, 1.0 if count == n else centre + half


def logit_interval(
    observed: float, draws: Floats, *, floor: float, deciding: float, groups: int = 1
) -> tuple[float, float]:
    """``observed`` plus and minus 1.96 bootstrap standard errors on the logit scale of ``floor`` to 1 (delta method).

    The percentile interval of an area under a ROC curve near 1 is too narrow, and that of a partial area everywhere:
    a resample invents no new clip. The bootstrap's variance of a figure that ``deciding`` clips decide is too small by
    (deciding - 1) / deciding (Efron and Tibshirani, 1993, ch. 5), which is corrected. How often these intervals hold the
    true value is measured by ``benchmarks/coverage.py``.

    Args:
        observed: the figure on the clips themselves.
        draws: ``(resamples,)`` figures of bootstrap samples.
        floor: the smallest value that the figure can have.
        deciding: clips that decide it: the fewer of a class's clips for an AUC, those left of the limit for a pAUC.
        groups: how many samples (machine ids) of so many deciding clips the figure is the mean of.

    Returns:
        Low and high; ``nan`` when the figure is not computable. At an end of the range, where every resample gives the
        same figure, Wilson's interval of as many clips as decide it.
    """
    if not np.isfinite(observed):
        return float("nan"), float("nan")
    share = (observed - floor) / (1.0 - floor)
    if not 1e-9 < share < 1 - 1e-9:
        n = max(1, round(deciding * groups))
        low, high = wilson(round(share) * n, n)
        return floor + low * (1.0 - floor), floor + high * (1.0 - floor)
    inflation = float(np.sqrt(deciding / (deciding - 1.0))) if deciding > FEW else float(np.sqrt(3.0))
    error = float(np.std(draws, ddof=1)) * inflation / (1.0 - floor) / (share * (1.0 - share))
    centre = float(np.log(share / (1.0 - share)))
    ends = [
        1.0 / (1.0 + float(np.exp(np.clip(-end, -500, 500)))) for end in (centre - Z95 * error, centre + Z95 * error)
    ]
    return floor + ends[0] * (1.0 - floor), floor + ends[1] * (1.0 - floor)


def difference_interval(figures: Floats, draws: Floats, intervals: Floats) -> tuple[float, float]:
    """95% interval of the first of two paired figures less the second, from the interval of each (MOVER).

    The method of variance estimates recovery (Zou and Donner, 2008): each end of each interval stands for that figure's
    standard error there, and the correlation of the draws for what the same clips share. So it is as asymmetric as the
    intervals near 1, where the quantiles of resampled differences are too narrow, and it stays open where every resample
    gives the same figure.

    Args:
        figures: ``(2,)`` observed. draws: ``(2, resamples)`` on the same resampled clips. intervals: ``(2, 2)``, low and
            high of each.

    Returns:
        Low and high. Both are the difference where all draws agree and are no end of the range: the same ranking.
    """
    first, second = (float(figure) for figure in figures)
    difference, spread = first - second, np.asarray(draws.std(axis=1))
    if np.allclose(draws[0], draws[1], rtol=0, atol=1e-12) and spread.min() > 0:
        return difference, difference
    shared = float(np.asarray(np.corrcoef(draws))[0, 1]) if spread.min() > 0 else 0.0
    (low_1, high_1), (low_2, high_2) = ((float(low), float(high)) for low, high in intervals)

    def reach(one: float, other: float) -> float:
        return float(np.sqrt(max(0.0, one**2 + other**2 - 2.0 * shared * one * other)))

    return difference - reach(first - low_1, high_2 - second), difference + reach(high_1 - first, second - low_2)
