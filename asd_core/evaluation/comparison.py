"""Is one detector better than another, and on which machines? Paired comparisons over bootstrap draws.

All detectors are compared on the same resampled clips, so that what makes a sample easy is shared and cancels in
differences (Efron and Tibshirani, 1993, ch. 8). The intervals cover the choice of test clips; the luck of a training
seed is not in them.
"""

from collections.abc import Collection, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from asd_core.evaluation.intervals import difference_interval
from asd_core.evaluation.stratified_bootstrap import MEAN, Draws, Metric


class Difference(NamedTuple):
    """Of two detectors' figures: observed, and its 95% interval."""

    difference: float
    low: float
    high: float


def paired_difference(draws: Draws, a: str, b: str, *, metric: Metric = "auc", machine_id: str = MEAN) -> Difference:
    """How much better ``a`` is than ``b`` on one machine id, or in the mean over the ids that both have.

    The interval is put together from those of the two figures and the correlation of their bootstrap draws (see
    :func:`asd_core.evaluation.intervals.difference_interval`). Quantiles of the resampled differences hold the truth too
    rarely near 1. docs/coverage.md has how often both do.
    """
    rows, pair = _paired(draws, a, b, metric, machine_id)
    if not len(rows):
        return Difference(*[float("nan")] * 3)
    if a == b:
        return Difference(0.0, 0.0, 0.0)
    chosen = np.ix_(rows, pair)
    figures = draws.observed[metric][chosen].mean(axis=0)
    low, high = difference_interval(
        figures,
        draws.draws[metric][chosen].mean(axis=0),
        np.array([draws.interval_over(rows, int(d), metric) for d in pair]),
    )
    return Difference(float(figures[0] - figures[1]), low, high)


def paired_figures(
    draws: Draws, a: str, b: str, *, metric: Metric = "auc", machine_id: str = MEAN
) -> tuple[float, float]:
    """The two figures that :func:`paired_difference` is of: over the same machine ids, so not always those of a ranking."""
    rows, pair = _paired(draws, a, b, metric, machine_id)
    first, second = draws.observed[metric][np.ix_(rows, pair)].mean(axis=0) if len(rows) else [float("nan")] * 2
    return float(first), float(second)


def _paired(draws: Draws, a: str, b: str, metric: Metric, machine_id: str) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Rows of the machine ids (one, or all) that two detectors both have, and the columns of the two."""
    pair = np.array([draws.detectors.index(a), draws.detectors.index(b)])
    known = np.isfinite(draws.observed[metric][:, pair]).all(axis=1)
    return np.flatnonzero(known & np.array([machine_id in (MEAN, i) for i in draws.machine_ids], dtype=bool)), pair


def tied_with_best(draws: Draws, *, metric: Metric = "auc", machine_id: str = MEAN) -> list[str]:
    """The detector of highest observed figure, then those whose 95% paired interval to it includes 0, in falling order; of
    the mean only detectors that know every machine id, see :meth:`Draws.ranked`.

    The best is chosen on the same clips, and many pairs are tested without correction: the group is a caution against
    reading too much into a ranking, not a test of each member.
    """
    ranked = draws.ranked(machine_id, metric)
    if not ranked:
        return []
    pairs = {d: paired_difference(draws, ranked[0], d, metric=metric, machine_id=machine_id) for d in ranked[1:]}
    return [ranked[0], *(d for d, pair in pairs.items() if pair.low <= 1e-12 and pair.high >= -1e-12)]


class AgainstControl(NamedTuple):
    """A detector beside the best control."""

    detector: str
    control: str
    pair: Difference  # detector less control
    by_point: bool  # its observed figure is not above the control's
    by_interval: bool  # the 95% interval of the difference is not above 0: it may be no better


def not_better_than_control(
    draws: Draws, controls: Sequence[str], *, metric: Metric = "auc", machine_id: str = MEAN
) -> list[AgainstControl]:
    """Detectors whose paired difference to the best of ``controls`` is not above 0, by the point or by the interval.

    One that shares no machine id with the best control is compared with nothing, and is not among them.
    """
    against = against_best_control(draws, controls, metric=metric, machine_id=machine_id)
    return [one for one in against if one.by_point or one.by_interval]


def best_control(draws: Draws, controls: Collection[str], *, metric: Metric = "auc", machine_id: str = MEAN) -> str:
    """The control of highest observed figure, shown or not; empty without one that has a figure.

    It is chosen on the same clips: that is strict on the detectors. Of the mean, a control that knows every machine id
    goes before others.
    """
    whole = draws.whole
    point = dict(zip(whole.detectors, whole.point(machine_id, metric), strict=True))
    order = whole.order(machine_id, metric)
    return next((key for key in order if key in controls and np.isfinite(point[key])), "")


def against_best_control(
    draws: Draws, controls: Sequence[str], *, metric: Metric = "auc", machine_id: str = MEAN
) -> list[AgainstControl]:
    """All detectors that share a machine id with the best of ``controls``, with their paired difference to it; none without a control.
    Controls count whether they are shown or not (:attr:`Draws.whole`).
    """
    best = best_control(draws, controls, metric=metric, machine_id=machine_id)
    if not best:
        return []
    pairs = {
        detector: paired_difference(draws.whole, detector, best, metric=metric, machine_id=machine_id)
        for detector in draws.detectors
        if detector not in controls
    }
    return [
        AgainstControl(detector, best, pair, by_point=pair.difference <= 0, by_interval=pair.low <= 0)
        for detector, pair in pairs.items()
        if np.isfinite(pair.difference)
    ]
