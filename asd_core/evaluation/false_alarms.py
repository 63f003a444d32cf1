"""What a threshold set on held-out normal clips promises, and to whom.

The split-conformal threshold is the k-th smallest of n held-out scores, k = ceil((n + 1)(1 - rate)). Over draws of the
held-out clips the share of new normal clips above it is ``rate`` on average (at most: k is rounded up). One draw was made,
and the share above *its* k-th smallest score is a random number: Beta(n + 1 - k, k) where scores are continuous (Vovk, 2012,
"Conditional validity of inductive conformal predictors"; Angelopoulos and Bates, 2021, section 3.2).
"""

from collections.abc import Sequence
from functools import lru_cache
from math import ceil
from typing import Literal

import numpy as np

from asd_core.lazy import scipy

Breach = Literal["", "luck", "beyond"]
# How many held-out clips of one split each clip of a cross-conformal threshold is worth: the five fits share most of their clips, so
# its rate varies more than a beta distribution of all clips says. With one half, 93 to 100% of simulated draws were in
# the range (docs/coverage.md).
CROSSED_WEIGHT = 0.5
# By how many clips more a cross-conformal threshold's rate is what one split's of so many would be: the largest scores of five fits come
# from those that scale widest, and one of the five is in use. Simulated (docs/coverage.md); it tells below fifty clips.
CROSSED_MORE = 2
DRAWS = 4000


def conformal_rank(n: int, rate: float) -> int:
    """Which of ``n`` rising held-out scores is the threshold for a false-alarm rate, from 1 to ``n``.

    Raises:
        ValueError: for no clip, or a rate that is not between 0 and 1.
    """
    if n < 1 or not 0.0 < rate < 1.0:
        raise ValueError(f"A threshold takes a held-out clip or more ({n}) and a rate between 0 and 1 ({rate}).")
    return min(max(ceil((n + 1) * (1.0 - rate) - 1e-9), 1), n)


def rate_on_average(n: int, rate: float, *, crossed: bool = False) -> float:
    """The false-alarm rate of the threshold that ``n`` held-out scores give for an asked one, on average over draws of them.

    (n + 1 - k) / (n + 1), k of :func:`conformal_rank`: the asked rate in steps of 1/(n + 1), rounded down, or the smallest
    step where it is below that. 60 clips at 5%: 3/61.

    Args:
        crossed: whether each score is of another of five fits (cross-conformal), see :data:`CROSSED_MORE`.

    Raises:
        ValueError: as :func:`conformal_rank`.
    """
    return (n + 1 - conformal_rank(n, rate)) / (n + 1 + (CROSSED_MORE if crossed else 0))


def held_out_needed(rate: float) -> int:
    """The fewest held-out normal clips whose threshold has this false-alarm rate on average: 19 for 5%, 99 for 1%."""
    return ceil(1.0 / rate - 1e-9) - 1


def enough_held_out(n: int, rate: float) -> bool:
    """Whether ``n`` held-out normal clips are enough to decide at this false-alarm rate, see :func:`held_out_needed`."""
    return n >= held_out_needed(rate)


def false_alarm_range(n: int, rate: float, share: float = 0.95, clip_weight: float = 1.0) -> tuple[float, float]:
    """Between which false-alarm rates the threshold of ``n`` held-out clips lies in ``share`` of all draws of them.

    60 clips at 5%: 0.010 to 0.115. With too few clips for the rate, the range of the threshold that is then taken, the
    highest of them.

    Args:
        clip_weight: of a held-out clip, 1 for one split; see :data:`CROSSED_WEIGHT`.

    Raises:
        ValueError: as :func:`conformal_rank`.
    """
    k = conformal_rank(n, rate)
    low, high = scipy.stats.beta.interval(share, clip_weight * (n + 1 - k), clip_weight * k)
    return float(low), float(high)


@lru_cache(maxsize=256)  # the same for all detectors with one set of held-out clips
def mean_false_alarm_range(
    n: Sequence[int], clips: Sequence[int], rate: float, clip_weight: Sequence[float] = ()
) -> tuple[float, float]:
    """The 95% range of :func:`false_alarm_range` for several machine ids together, each at its own threshold.

    Args:
        n: held-out clips of each id, a tuple. clips: normal clips of each id that are scored, the weights, a tuple.
        clip_weight: of a held-out clip of each id, a tuple; 1 by default, see :func:`false_alarm_range`.

    Returns:
        From simulated draws that are independent from id to id; ``nan`` without a clip.
    """
    if not sum(clips):
        return float("nan"), float("nan")
    rng = np.random.default_rng(0)
    ranks = [conformal_rank(k, rate) for k in n]
    drawn = np.array(
        [
            rng.beta(w * (k + 1 - r), w * r, DRAWS)
            for k, r, w in zip(n, ranks, clip_weight or [1.0] * len(n), strict=True)
        ]
    )
    low, high = np.quantile(np.average(drawn, axis=0, weights=clips), (0.025, 0.975))
    return float(low), float(high)


def breach(observed_low: float, promised: float, highest: float) -> Breach:
    """Whether more false alarms were seen than promised, and whether the held-out clips explain it.

    Args:
        observed_low: lower end of the observed rate's 95% interval. promised: the rate on average.
        highest: upper end of the threshold's own range (:func:`false_alarm_range`).

    Returns:
        ``""`` where the interval reaches down to what was promised; else ``"luck"`` where it meets the range of thresholds
        that so few held-out clips give, and ``"beyond"`` where it lies above: normal clips unlike the held-out ones.
    """
    if not observed_low > promised + 1e-12:
        return ""
    return "luck" if observed_low <= highest else "beyond"
