"""Is one detector better than another, where, and on which clips? Paired comparisons over a score table.

A score table has columns ``detector, machine_id, label, raw, clip_id``, ``calibrated`` where stated, and any attributes.
All detectors are compared on the same resampled clips, so that what makes a sample easy is shared and cancels in
differences (Efron and Tibshirani, 1993, ch. 8). The intervals cover the choice of test clips; the luck of a training
seed is not in them.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, Literal, NamedTuple
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from asd_core.evaluation.intervals import difference_interval, logit_interval
from asd_core.evaluation.linear_part import LARGE, linear_parts, resampled_parts
from asd_core.evaluation.roc_auc import MAX_FPR, RESAMPLES, Floats, auc, mean_of_known, pauc
from asd_core.lazy import pd

Metric = Literal["auc", "pauc"]
Interval = tuple[float, float]
Counts = NDArray[Any]  # of how often clips are taken: bytes, whole numbers of 4 bytes, or floats
MEAN = "mean"
FLOOR: dict[Metric, float] = {"auc": 0.0, "pauc": 0.5 - 0.5 * (0.5 * MAX_FPR) / (1.0 - 0.5 * MAX_FPR)}  # no detection
CHUNK_NUMBERS = 5_000_000  # counts held at once: 20 MB; the scores are sorted again for each chunk
WORK = 100_000_000  # scores drawn over all resamples: some 2 s on one core
FEWEST = 200  # resamples: only for so many clips that an interval is a few thousandths wide


def resampled(
    normal: Floats, anomaly: Floats, taken_normal: Counts, taken_anomaly: Counts, max_fpr: float = MAX_FPR
) -> tuple[Floats, Floats]:
    """AUC and pAUC (McClish, 1989) of many resamples at once, exact also where scores are tied.

    Down the distinct scores of normal clips the ROC curve of a resample runs from detection count ``before`` to
    ``before + rise`` (which is 0 without ties between the classes) while ``width`` normal clips are passed; the area is
    the sum of these trapezoids, and pAUC cuts the one in which the false-alarm rate passes ``max_fpr``.

    Args:
        normal: ``(n,)`` scores. anomaly: ``(m,)`` scores.
        taken_normal: ``(n, resamples)``, how often each normal clip is taken, in the order of ``normal``; what :func:`taken`
            gives, or any floats.
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
    """Are these counts of :func:`taken`, of which each resample has as many as there are clips?"""
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


@dataclass(frozen=True, eq=False)
class Draws:
    """AUC and pAUC of detectors on the same bootstrap samples; ``nan`` where not computable."""

    detectors: tuple[str, ...]
    machine_ids: tuple[str, ...]
    observed: dict[Metric, Floats]  # (n_ids, n_detectors)
    draws: dict[Metric, Floats]  # (n_ids, n_detectors, resamples)
    clips: dict[str, tuple[int, int]]  # normal and anomalous clips of each id that every detector of it has scored
    left_out: dict[str, int]  # labelled clips of each id that some detector of it has no finite score for
    all_compared: "Draws | None" = None  # with those that are compared and not shown; ``None`` where all are shown

    @property
    def whole(self) -> "Draws":
        """The same with the detectors that are compared and not shown."""
        return self.all_compared or self

    def shown(self, detectors: Collection[str]) -> "Draws":
        """The same of some of the detectors alone; the others still count as controls, see :func:`against_best_control`."""
        keep = [d for d, key in enumerate(self.detectors) if key in detectors]
        if len(keep) == len(self.detectors):
            return self
        observed, draws = ({m: of[:, keep] for m, of in values.items()} for values in (self.observed, self.draws))
        keys = tuple(self.detectors[d] for d in keep)
        return replace(self, detectors=keys, observed=observed, draws=draws, all_compared=self.whole)

    def point(self, machine_id: str = MEAN, metric: Metric = "auc") -> Floats:
        """``(n_detectors,)`` observed figures of one id, or the mean over the ids each detector has."""
        return self._of(self.observed[metric], machine_id)

    def figure(self, detector: str) -> float:
        """The AUC of one of them, the mean over its machine ids."""
        return float(self.point()[self.detectors.index(detector)])

    def called(self, figure: str) -> str:
        """What a figure over all machine ids is called: ``mean AUC``, of a single id ``AUC``."""
        return f"mean {figure}" if len(self.machine_ids) > 1 else figure

    def of(self, machine_id: str = MEAN, metric: Metric = "auc") -> Floats:
        """``(n_detectors, resamples)`` figures of one id, or the mean over the ids each detector has."""
        return self._of(self.draws[metric], machine_id)

    def interval(self, machine_id: str = MEAN, metric: Metric = "auc") -> Floats:
        """``(n_detectors, 2)``: 95% intervals, see :func:`asd_core.evaluation.intervals.logit_interval`."""
        ids = np.array([machine_id in (MEAN, i) for i in self.machine_ids], dtype=bool)
        known = np.isfinite(self.observed[metric]) & ids[:, None]
        intervals = [self.interval_over(np.flatnonzero(rows), d, metric) for d, rows in enumerate(known.T)]
        return np.array(intervals, dtype=np.float64).reshape(-1, 2)

    def interval_over(self, rows: NDArray[np.intp], detector: int, metric: Metric) -> Interval:
        """95% interval of one detector's mean figure over the machine ids of some ``rows``; ``nan`` for none."""
        if not len(rows):
            return float("nan"), float("nan")
        clips = [self.clips[self.machine_ids[r]] for r in rows]
        deciding = [MAX_FPR * n if metric == "pauc" else min(n, m) for n, m in clips]
        return logit_interval(
            float(self.observed[metric][rows, detector].mean()),
            self.draws[metric][rows, detector].mean(axis=0),
            floor=FLOOR[metric],
            deciding=float(np.mean(deciding)),
            groups=len(rows),
        )

    def n_known(self, metric: Metric = "auc") -> "NDArray[np.intp]":
        """``(n_detectors,)`` machine ids that each detector's mean is of."""
        return np.asarray(np.isfinite(self.observed[metric]).sum(axis=0))

    def n_computable(self, metric: Metric = "auc") -> int:
        """Machine ids for which at least one detector has a figure."""
        return int(np.isfinite(self.observed[metric]).any(axis=1).sum())

    def ranked(self, machine_id: str = MEAN, metric: Metric = "auc") -> list[str]:
        """Detectors from the highest figure to the lowest. Of the mean only those that know every machine id: a mean over
        fewer ids, perhaps the easy ones, has no place among theirs."""
        point = self.point(machine_id, metric)
        comparable = np.isfinite(point)
        if machine_id == MEAN:
            comparable &= self.n_known(metric) == self.n_computable(metric)
        return [self.detectors[i] for i in np.argsort(-point, kind="stable") if comparable[i]]

    def order(self, machine_id: str = MEAN, metric: Metric = "auc") -> list[str]:
        """All detectors: the ranked ones, then those that know fewer machine ids, then those without a figure."""
        falling = [self.detectors[i] for i in np.argsort(-self.point(machine_id, metric), kind="stable")]
        return list(dict.fromkeys([*self.ranked(machine_id, metric), *falling]))

    def coverage(self, metric: Metric = "auc") -> dict[str, str]:
        """Of each detector with a mean over fewer machine ids than others: ``2 of 4 ids``."""
        total = self.n_computable(metric)
        known = zip(self.detectors, self.n_known(metric), strict=True)
        return {key: f"{n} of {total} ids" for key, n in known if 0 < n < total}

    @property
    def resamples(self) -> int:
        """How many resamples stand behind the intervals."""
        return int(self.draws["auc"].shape[-1])

    def _of(self, values: Floats, machine_id: str) -> Floats:
        return mean_of_known(values) if machine_id == MEAN else values[self.machine_ids.index(machine_id)]


def resamples_for(n_rows: int) -> int:
    """How many resamples a score table of so many rows gets: 1,000 up to 100,000 rows, then fewer, not below 200.

    The ends of a percentile interval from 200 resamples are off by about a tenth of its width (they are quantiles of 200
    draws), which is less than the figures show once clips come in tens of thousands.
    """
    return int(min(RESAMPLES, max(FEWEST, WORK // max(1, n_rows))))


def taken(machine_id: str, n: int, m: int, resamples: int, seed: int) -> Iterator[tuple[slice, Counts, Counts]]:
    """How often each of ``n`` normal and ``m`` anomalous clips of an id is taken, some resamples at a time.

    Yields:
        Which resamples, then counts ``(n, resamples)`` and ``(m, resamples)``. They depend on ``seed`` and the id alone.
    """
    chunk = max(16, CHUNK_NUMBERS // (n + m))
    if resamples <= chunk:
        yield slice(0, resamples), *_taken_at_once(machine_id, n, m, resamples, seed)
        return
    generators = _generators(machine_id, seed)
    for first in range(0, resamples, chunk):
        size = min(chunk, resamples - first)
        yield slice(first, first + size), *_draw(generators, n, m, size)


@lru_cache(maxsize=8)  # of 5 MB: the band of a curve takes the clips again that its intervals have taken
def _taken_at_once(machine_id: str, n: int, m: int, resamples: int, seed: int) -> tuple[Counts, Counts]:
    drawn = _draw(_generators(machine_id, seed), n, m, resamples)
    for counts in drawn:
        counts.setflags(write=False)
    return drawn


def _generators(machine_id: str, seed: int) -> list[np.random.Generator]:
    """One for normal clips and one for anomalies, so that the draws do not depend on how the resamples are cut into chunks."""
    return [np.random.default_rng([seed, crc32(machine_id.encode()), k]) for k in (0, 1)]


def _draw(generators: list[np.random.Generator], n: int, m: int, size: int) -> tuple[Counts, Counts]:
    normal, anomaly = (_counts(rng, k, size) for rng, k in zip(generators, (n, m), strict=True))
    return normal, anomaly


def _counts(rng: np.random.Generator, n: int, size: int) -> Counts:
    # A byte is enough: of more clips than that none is taken 256 times (once in 10^500 draws).
    if n < LARGE:
        return np.ascontiguousarray(rng.multinomial(n, np.full(n, 1.0 / n), size=size).T, dtype=np.uint8)
    counts = np.empty((size, n), dtype=np.uint8)  # the same distribution, in a seventh of the time
    for row in counts:
        row[:] = np.bincount(rng.integers(n, size=n, dtype=np.int32), minlength=n)
    return np.ascontiguousarray(counts.T)


def bootstrap(scores: "pd.DataFrame", resamples: int | None = None, seed: int = 0) -> Draws:
    """Stratified bootstrap: normal and anomalous clips of each machine id are drawn with replacement, for all detectors.

    1,000 resamples of 20 detectors on 2,000 clips take 0.4 s on one core. Where an id has thousands of clips of each class, a resample is
    the linear part of the figure (:mod:`asd_core.evaluation.linear_part`), for detectors whose figure enough of them decide.

    Clips of an id that one of its detectors has not scored are left out for all of them (``left_out``): a comparison on
    different clips would not be paired. The draws of an id depend on ``seed`` and the id alone, neither on the order of
    rows nor on which detectors or other ids are in the table.

    Args:
        scores: columns ``detector, machine_id, label, raw, clip_id``; only labels normal and anomaly count, and a detector
            or id without any has no figure.
        resamples: as many as ``resamples_for`` gives for ``None``; none for 0, where the observed figures alone are read.

    Raises:
        ValueError: when a detector has two rows for one clip.
    """
    labelled = scores[scores["label"].isin(["normal", "anomaly"])]
    resamples = resamples_for(len(labelled)) if resamples is None else resamples
    detectors = tuple(scores["detector"].unique())
    ids = tuple(sorted(scores["machine_id"].unique()))
    observed: dict[Metric, Floats] = {m: np.full((len(ids), len(detectors)), np.nan) for m in ("auc", "pauc")}
    draws: dict[Metric, Floats] = {m: np.full((len(ids), len(detectors), resamples), np.nan) for m in observed}
    clips, left_out = dict.fromkeys(ids, (0, 0)), dict.fromkeys(ids, 0)
    for machine_id, raw, is_normal in _by_machine(labelled, detectors):
        row = ids.index(machine_id)
        present = np.flatnonzero(np.isfinite(raw).any(axis=0))
        whole = np.isfinite(raw[:, present]).all(axis=1)
        raw, is_normal = raw[whole], is_normal[whole]
        normal, anomaly = np.ascontiguousarray(raw[is_normal].T), np.ascontiguousarray(raw[~is_normal].T)
        n, m = normal.shape[1], anomaly.shape[1]
        clips[machine_id], left_out[machine_id] = (n, m), int((~whole).sum())
        if not n or not m:
            continue
        parts = {d: linear_parts(normal[d], anomaly[d]) for d in present} if min(n, m) >= LARGE else {}
        linear = {d: of for d, of in parts.items() if all(part.exact_enough for part in of)}
        for d in present:
            if parts:
                figures = [part.observed for part in parts[d]]
            else:
                figures = [auc(normal[d], anomaly[d]), pauc(normal[d], anomaly[d])]
            observed["auc"][row, d], observed["pauc"][row, d] = figures
        if not resamples:
            continue
        for which, taken_normal, taken_anomaly in taken(machine_id, n, m, resamples, seed):
            for d in (d for d in present if d not in linear):
                drawn = resampled(normal[d], anomaly[d], taken_normal, taken_anomaly)
                for metric, values in zip(draws, drawn, strict=True):
                    draws[metric][row, d, which] = values
            if linear:
                for metric, of_metric in zip(draws, zip(*linear.values(), strict=True), strict=True):
                    draws[metric][row, list(linear), which] = resampled_parts(of_metric, taken_normal, taken_anomaly)
    return Draws(detectors, ids, observed, draws, clips, left_out)


def _by_machine(labelled: "pd.DataFrame", detectors: Sequence[str]) -> Iterator[tuple[str, Floats, NDArray[np.bool_]]]:
    """Of each machine id the raw scores ``(n_clips, n_detectors)``, ``nan`` where there is none, and which clips are normal,
    in the order of clip ids. What pandas' ``pivot`` gives, which takes seconds for millions of rows."""
    clips, machines, keys = (pd.Categorical(labelled[name]) for name in ("clip_id", "machine_id", "detector"))
    detector = pd.Index(detectors).get_indexer(keys.categories)[keys.codes]
    raw = labelled["raw"].to_numpy(dtype=np.float64)
    order = np.argsort(np.argsort(clips.categories))  # of the clips' names
    # A clip's number among all, and its label: two of one name, a normal one and an anomaly, are two clips.
    number = 2 * order[clips.codes] + (labelled["label"] == "normal").to_numpy()
    for code in np.argsort(machines.categories):
        rows = np.flatnonzero(machines.codes == code)
        if not len(rows):
            continue
        there = np.zeros(2 * len(order), dtype=bool)
        there[number[rows]] = True
        place = np.cumsum(there) - 1
        cells = place[number[rows]] * len(detectors) + detector[rows]
        if np.bincount(cells).max() > 1:
            raise ValueError(f"A detector has two scores of one clip of machine id {machines.categories[code]}.")
        wide = np.full((int(there.sum()), len(detectors)), np.nan)
        wide.flat[cells] = raw[rows]
        yield str(machines.categories[code]), wide, np.flatnonzero(there) % 2 == 1


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
