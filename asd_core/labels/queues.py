"""In which order clips are presented."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from asd_core.errors import LabelError

if TYPE_CHECKING:
    import pandas as pd

NEEDS_DETECTOR = ("most anomalous", "nearest a threshold")
NEEDS_SCORES = (*NEEDS_DETECTOR, "detectors disagree")
NEEDS_OTHERS = ("second opinion",)  # other people's labels too
QUEUES = ("random", "in order", "most anomalous", "detectors disagree", "nearest a threshold", *NEEDS_OTHERS)
FROM_SELECTION, FROM_UPLOADS = "selection", "uploads"  # clips that come from elsewhere, whatever their order
CONFLICTS = "conflicts"  # where adjudications come from
# Scores or people picked the clips of these: those labelled so far are no fair sample of the dataset.
PICKED = (*NEEDS_SCORES, *NEEDS_OTHERS, FROM_SELECTION, CONFLICTS)


@dataclass(frozen=True, eq=False)
class ClipScores:
    """Detectors' scores in the order of a table of clips; ``nan`` where a detector did not score a clip."""

    detectors: list[str]
    margin: NDArray[
        np.float64
    ]  # (n_clips, n_detectors), normal spreads above the threshold: unlike percentiles, unbounded


def align_scores(clips: "pd.DataFrame", scores: "pd.DataFrame") -> ClipScores:
    """Put a score table (one row per clip and detector, see :func:`asd_core.scoring.with_margins`) into the order of
    clips.

    Worth keeping for the page: with many detectors it takes longer than :func:`label_queue`.

    Args:
        clips: columns clip_id and sha256 ("" where unknown: then the clip_id is what they have in common).
    """
    import pandas as pd

    detectors = [str(name) for name in scores["detector"].drop_duplicates()]
    margins = np.full((len(clips), len(detectors)), np.nan)
    by_hash, by_name = pd.Index(clips["sha256"]), pd.Index(clips["clip_id"])
    known = (clips["sha256"] != "").to_numpy()
    for column, detector in enumerate(detectors):
        subset = scores[scores["detector"] == detector].drop_duplicates("clip_id")
        rows = _rows(subset, "clip_id", by_name)
        if "sha256" in subset and known.any():
            # The same sound may be in the catalogue under two names: each takes the score of its bytes.
            hashed = subset[subset["sha256"] != ""].drop_duplicates("sha256")
            rows = np.where(known, _rows(hashed, "sha256", by_hash, subset), rows)
        result = rows >= 0
        margins[result, column] = subset["margin"].to_numpy(float)[rows[result]]
    return ClipScores(detectors, margins)


def _rows(
    table: "pd.DataFrame", key: str, wanted: "pd.Index[Any]", within: "pd.DataFrame | None" = None
) -> NDArray[np.int64]:
    """For every wanted key its row's position in ``within`` (the table itself by default), -1: it has none."""
    import pandas as pd

    positions = pd.Index(table[key]).get_indexer(wanted)
    if within is None or not len(table):
        return np.asarray(positions, dtype=np.int64)
    place = pd.Index(within.index).get_indexer(table.index)
    return np.where(positions >= 0, place[positions], -1)


def label_queue(
    name: str,
    clips: "pd.DataFrame",
    scores: "pd.DataFrame | ClipScores | None" = None,
    current: "pd.DataFrame | None" = None,
    annotator: str = "",
    *,
    detector: str | None = None,
    unlabelled_only: bool = False,
    seed: int = 0,
) -> NDArray[np.int64]:
    """Row positions of ``clips`` in the order in which they are to be presented.

    Args:
        name: one of ``QUEUES``.
            most anomalous: by ``detector``'s margin over its threshold, largest first; clips without a score last.
            nearest a threshold: by how far ``detector``'s margin is from 0, whatever the side.
            detectors disagree: by the standard deviation of the detectors' margins, widest first, each drawn in as
            ``asinh``: linear near the threshold, logarithmic far from it, so that one extreme detector does not decide alone.
            second opinion: clips that somebody else has labelled and ``annotator`` has not, fewest labels first.
        clips: columns clip_id, sha256 ("" where unknown), machine_id; any subset of a dataset (a lasso, an upload).
        scores: a score table, or what :func:`align_scores` made of it for these very clips.
        current: what :meth:`LabelStore.current` gave for the dataset (columns clip_sha256, annotator, label, skipped); the
            annotator's own rows are enough but for ``NEEDS_OTHERS``.
        unlabelled_only: leave out clips that ``annotator`` has labelled. Skipped ones then come last.
        seed: of the random order, which is also the order among equals (the same seed and clips: the same order).

    Raises:
        LabelError: for an unknown queue, and for scores or a detector that are missing.
    """
    if name not in QUEUES:
        raise LabelError(f"There is no queue called {name}: choose {', '.join(QUEUES)}.")
    aligned = _aligned(name, clips, scores)
    if name in NEEDS_DETECTOR and (aligned is None or detector not in aligned.detectors):
        raise LabelError(
            f"The queue {name} needs a detector that has scored these clips: score them, or choose another."
        )
    shuffled = np.random.default_rng(seed).permutation(len(clips))
    second = name in NEEDS_OTHERS
    labelled = skipped = np.zeros(len(clips), dtype=bool)  # by the annotator
    others = np.zeros(len(clips), dtype=np.int64)  # how many others labelled each
    if current is not None and len(current) and (second or unlabelled_only):
        mine, has = current["annotator"] == annotator, current["label"].notna()
        labelled = _isin(clips["sha256"], current.loc[mine & has, "clip_sha256"])
        skipped = _isin(clips["sha256"], current.loc[mine & current["skipped"], "clip_sha256"])
        if second:
            counts = current.loc[has & ~mine, "clip_sha256"].value_counts()
            others = clips["sha256"].map(counts).fillna(0).to_numpy(np.int64)
    if name == "in order":
        order = np.arange(len(clips))
    elif name == "random":
        order = shuffled
    elif second:
        order = shuffled[np.argsort(others[shuffled], kind="stable")]
        order = order[(others[order] > 0) & ~labelled[order]]
    else:
        assert aligned is not None
        order = _by_scores(name, aligned, detector, shuffled)
    if unlabelled_only:
        order = order[~labelled[order]]
        order = order[np.argsort(skipped[order], kind="stable")]
    return order.astype(np.int64)


def _aligned(name: str, clips: "pd.DataFrame", scores: "pd.DataFrame | ClipScores | None") -> ClipScores | None:
    if name not in NEEDS_SCORES:
        return None
    if scores is None or not len(scores.detectors if isinstance(scores, ClipScores) else scores):
        raise LabelError(f"The queue {name} needs scores of these clips: score them first.")
    aligned = scores if isinstance(scores, ClipScores) else align_scores(clips, scores)
    if len(aligned.margin) != len(clips):
        raise LabelError(
            f"The scores are of {len(aligned.margin)} clips and the queue of {len(clips)}: align them anew."
        )
    if name == "detectors disagree" and len(aligned.detectors) < 2:
        raise LabelError("One detector alone cannot disagree: score the clips with another one too.")
    return aligned


def _by_scores(name: str, scores: ClipScores, detector: str | None, shuffled: NDArray[np.int64]) -> NDArray[np.int64]:
    """Clips by falling interest; equals in shuffled order, clips without a score last."""
    if name == "detectors disagree":
        several = np.isfinite(scores.margin).sum(axis=1) >= 2
        interest = np.full(len(scores.margin), np.nan)
        interest[several] = np.nanstd(np.arcsinh(scores.margin[several]), axis=1)
    else:
        margin = scores.margin[:, scores.detectors.index(str(detector))]
        interest = margin if name == "most anomalous" else -np.abs(margin)
    return shuffled[np.argsort(-interest[shuffled], kind="stable")]  # nan sorts last


def _isin(values: "pd.Series[Any]", wanted: "pd.Series[Any]") -> NDArray[np.bool_]:
    """``Series.isin`` for text, thirty times as fast: pandas takes the strings out of Arrow to compare them."""
    import pyarrow as pa
    from pyarrow import compute

    result = compute.is_in(pa.array(values, pa.string()), value_set=pa.array(wanted, pa.string()))
    return np.asarray(result.to_numpy(zero_copy_only=False), dtype=bool)
