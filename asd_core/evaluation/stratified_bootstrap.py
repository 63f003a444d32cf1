"""AUC and pAUC of detectors on the same bootstrap samples of clips, drawn within each machine id and class.

A score table has columns ``detector, machine_id, label, raw, clip_id``, ``calibrated`` where stated, and any attributes.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from asd_core.evaluation.clip_resampling import resamples_for, taken
from asd_core.evaluation.intervals import logit_interval
from asd_core.evaluation.linear_part import LARGE, linear_parts, resampled_parts
from asd_core.evaluation.resampled_auc import resampled
from asd_core.evaluation.roc_auc import MAX_FPR, Floats, auc, mean_of_known, pauc
from asd_core.lazy import pd

Metric = Literal["auc", "pauc"]
Interval = tuple[float, float]
MEAN = "mean"
FLOOR: dict[Metric, float] = {"auc": 0.0, "pauc": 0.5 - 0.5 * (0.5 * MAX_FPR) / (1.0 - 0.5 * MAX_FPR)}  # no detection


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
