"""What a few labelled anomalies would add, measured on kinds of faults whose labels were not used.

One kind of fault is left out at a time. A head (logistic regression with an L2 penalty, on how far a clip deviates from normal ones in
each direction) learns to tell training normals from k anomalies of the other kinds, and is measured on the kind that
was left out. So it cannot recognise a fault that it was shown: what is measured is whether knowing some faults helps
with others. This is the question of anomaly detection with a few labels (Pang, Shen and van den Hengel, "Deep anomaly
detection with deviation networks", KDD 2019), whose own test sets hold the same kinds of anomalies as the labelled
ones.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from asd_core.evaluation.intervals import difference_interval, logit_interval
from asd_core.evaluation.resampled_auc import resampled
from asd_core.evaluation.roc_auc import Floats, auc
from asd_core.lazy import pd
from asd_core.progress import Progress, silent

FEWEST_LEARNED = 2  # training normals of a machine: one has no spread
COUNTS = (5, 10, 20)  # labelled anomalies
DRAWS = 10  # of the k anomalies that are labelled
RESAMPLES = 300
PENALTY = 1e-4  # scikit-learn's C: strong, for 64 figures a clip and a handful of anomalies
COMPONENTS = 64
FARTHEST = 20.0  # spreads at which deviations are cut off: a far outlier must not decide alone
COLUMNS = (
    *("k", "kind", "auc", "low", "high", "difference", "difference_low", "difference_high"),
    *("draw_low", "draw_high", "n_anomalies", "n_normal"),
)
EVERY = ""  # in place of a kind: the mean over all


@dataclass(frozen=True, eq=False)
class LabelledClips:
    """Vectors of clips.

    Attributes:
        vectors: ``(n, d)``.
        machine_ids: of each clip.
        kinds: of each clip the kind of its fault; empty for a normal clip.
    """

    vectors: NDArray[np.float32]
    machine_ids: NDArray[np.str_]
    kinds: NDArray[np.str_]

    def where(self, mask: NDArray[np.bool_]) -> "LabelledClips":
        """Some of the clips."""
        return LabelledClips(self.vectors[mask], self.machine_ids[mask], self.kinds[mask])


def few_label_curve(
    train: LabelledClips,
    test: LabelledClips,
    raw: Floats,
    *,
    counts: Sequence[int] = COUNTS,
    draws: int = DRAWS,
    seed: int = 0,
    progress: Progress = silent,
) -> "pd.DataFrame":
    """AUC on kinds of faults that the head has not seen, by how many anomalies of other kinds were labelled.

    Args:
        train: normal clips that the head learns from: none of them is tested.
        test: normal clips, which are only tested, and anomalies of two kinds or more, which are labelled for the other kinds and
            tested where their kind is left out.
        raw: ``(n_test,)`` scores by a detector that uses no label: what the head is compared with, on the same clips.
        counts: k. One for which the other kinds hold too few anomalies is left out.
        draws: how often the k anomalies are drawn.

    Returns:
        A row for each k (0: the detector) and kind (:data:`EVERY`: mean over kinds and machine ids) with the columns ``k, kind,
        auc, low, high`` (95% interval over test clips), ``difference, difference_low, difference_high`` (from the detector,
        paired), ``draw_low, draw_high`` (least and most of the draws of labelled anomalies), ``n_anomalies, n_normal``.
    """
    ids, n = np.unique(train.machine_ids, return_counts=True)
    known = np.isin(test.machine_ids, ids[n >= FEWEST_LEARNED])  # of fewer training normals there is no scale
    train = train.where(np.isin(train.machine_ids, ids[n >= FEWEST_LEARNED]))
    test, raw = test.where(known), raw[known]
    train, test = _deviations(train, test)
    kinds = [str(kind) for kind in np.unique(test.kinds) if kind]
    cells = [(kind, str(i)) for kind in kinds for i in np.unique(test.machine_ids) if _both(test, kind, str(i))]
    taken = {i: _taken(i, "", int(((test.machine_ids == i) & (test.kinds == "")).sum()), seed) for _, i in cells}
    figures = {0: {cell: [_figures(test, raw, cell, taken, seed)] for cell in cells}}
    usable = [k for k in counts if all(((test.kinds != "") & (test.kinds != kind)).sum() >= k for kind in kinds)]
    fits = [(k, kind, draw) for k in usable for kind in kinds for draw in range(draws)]
    for number, (k, kind, draw) in enumerate(fits):
        progress(number / len(fits), f"{k} labelled anomalies, none of {kind.replace('_', ' ')}")
        own = [cell for cell in cells if cell[0] == kind]
        scores = _head_scores(train, test, kind, k, np.random.default_rng([seed, k, draw, crc32(kind.encode())]))
        for cell in own:
            figures.setdefault(k, {}).setdefault(cell, []).append(_figures(test, scores, cell, taken, seed))
    rows = []
    for kind in (EVERY, *kinds):
        own = [cell for cell in cells if kind in (EVERY, cell[0])]
        if not own:
            continue
        deciding = [min(_n(test, "", i), _n(test, of, i)) for of, i in own]
        clips = (sum(_n(test, of, i) for of, i in own), sum(_n(test, "", i) for i in {i for _, i in own}))
        base = _summary(figures[0], own, deciding)
        for k, of_cells in figures.items():
            each = _summary(of_cells, own, deciding)
            ends = np.array([each.interval, base.interval])
            both = np.array([each.auc, base.auc])
            low, high = difference_interval(both, np.array([each.resamples, base.resamples]), ends) if k else (0.0, 0.0)
            rows.append((k, kind, each.auc, *each.interval, each.auc - base.auc, low, high, *each.draws, *clips))
    return pd.DataFrame(
        rows,
        columns=list(COLUMNS),
    )


@dataclass(frozen=True, eq=False)
class _Summary:
    auc: float
    resamples: Floats
    interval: tuple[float, float]
    draws: tuple[float, float]


def _summary(
    figures: dict[tuple[str, str], list[tuple[float, Floats]]], cells: list[tuple[str, str]], deciding: list[int]
) -> _Summary:
    """Mean over cells (a kind on a machine id) and over draws of labelled anomalies."""
    observed = np.array([[value for value, _ in figures[cell]] for cell in cells])  # (n_cells, draws)
    resamples = np.mean([np.mean([values for _, values in figures[cell]], axis=0) for cell in cells], axis=0)
    by_draw, mean = observed.mean(axis=0), float(observed.mean())
    interval = logit_interval(mean, resamples, floor=0.0, deciding=float(np.mean(deciding)), groups=len(cells))
    return _Summary(mean, resamples, interval, (float(by_draw.min()), float(by_draw.max())))


def _head_scores(train: LabelledClips, test: LabelledClips, kind: str, k: int, rng: np.random.Generator) -> Floats:
    """``(n_test,)`` scores by a head that has learned from k anomalies, none of this kind."""
    from sklearn.linear_model import LogisticRegression

    labelled = rng.choice(np.flatnonzero((test.kinds != "") & (test.kinds != kind)), size=k, replace=False)
    vectors = np.concatenate([train.vectors, test.vectors[labelled]])
    is_anomaly = np.arange(len(vectors)) >= len(train.vectors)
    head = LogisticRegression(C=PENALTY, class_weight="balanced", max_iter=500)
    return np.asarray(head.fit(vectors, is_anomaly).decision_function(test.vectors), dtype=np.float64)


def _deviations(train: LabelledClips, test: LabelledClips) -> tuple[LabelledClips, LabelledClips]:
    """How far each clip lies from the normal clips of its machine id along each principal component of these, in their spreads:
    one head serves all machines, and begins where a detector without labels ends, at deviations in either direction. (A head on
    the vectors themselves, which must learn a direction, does no better than chance on kinds that it has not seen.)"""
    from sklearn.decomposition import PCA

    ids = np.unique(train.machine_ids)
    n = min(COMPONENTS, train.vectors.shape[1], *(int((train.machine_ids == i).sum()) // 2 for i in ids))
    parts = [
        LabelledClips(np.zeros((len(part.vectors), n), dtype=np.float32), part.machine_ids, part.kinds)
        for part in (train, test)
    ]
    for machine_id in ids:
        normal = train.vectors[train.machine_ids == machine_id].astype(np.float64)
        mean, spread = normal.mean(axis=0), np.maximum(normal.std(axis=0), 1e-6)
        axes = PCA(n, whiten=True, svd_solver="full").fit((normal - mean) / spread)
        for part, full in zip(parts, (train, test), strict=True):
            rows = part.machine_ids == machine_id
            if rows.any():
                whitened = axes.transform((full.vectors[rows].astype(np.float64) - mean) / spread)
                part.vectors[rows] = np.minimum(np.abs(whitened), FARTHEST)
    return parts[0], parts[1]


def _n(test: LabelledClips, kind: str, machine_id: str) -> int:
    return int(((test.machine_ids == machine_id) & (test.kinds == kind)).sum())


def _both(test: LabelledClips, kind: str, machine_id: str) -> bool:
    return bool(_n(test, kind, machine_id) and _n(test, "", machine_id))


def _taken(machine_id: str, kind: str, n: int, seed: int) -> Floats:
    """How often each of n clips is taken in each resample, ``(n, RESAMPLES)``: the same for all that are compared."""
    rng = np.random.default_rng([seed, crc32(machine_id.encode()), crc32(kind.encode())])
    counts = rng.multinomial(n, np.full(n, 1.0 / n), size=RESAMPLES).T
    return np.ascontiguousarray(counts, dtype=np.float64)


def _figures(
    test: LabelledClips, scores: Floats, cell: tuple[str, str], taken: dict[str, Floats], seed: int
) -> tuple[float, Floats]:
    """AUC of one kind on one machine id, observed and of each resample."""
    kind, machine_id = cell
    own = test.machine_ids == machine_id
    normal, anomaly = scores[own & (test.kinds == "")], scores[own & (test.kinds == kind)]
    drawn = resampled(normal, anomaly, taken[machine_id], _taken(machine_id, kind, len(anomaly), seed))[0]
    return auc(normal, anomaly), drawn
