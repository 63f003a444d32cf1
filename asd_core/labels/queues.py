"""In which order clips are heard."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import pandas as pd

QUEUES = (
    "in order",
    "random",
    "most anomalous",
    "detectors disagree",
    "nearest a threshold",
    "second opinion",
)
NEEDS_SCORES = ("most anomalous", "detectors disagree", "nearest a threshold")
NEEDS_DETECTOR = ("most anomalous", "nearest a threshold")


@dataclass(frozen=True, eq=False)
class ClipScores:
    """Detectors' scores in the order of a table of clips; ``nan`` where a detector did not score a clip."""

    detectors: list[str]
    calibrated: NDArray[np.float64]  # (n_clips, n_detectors), percentiles 0 to 100
    raw: NDArray[np.float64]  # (n_clips, n_detectors)


def align(clips: "pd.DataFrame", scores: "pd.DataFrame") -> ClipScores:
    """Put a score table (one row a clip and detector, see :func:`asd_core.score_store.read`) into the order of clips.

    Worth keeping for the page: with many detectors it takes longer than :func:`queue`.

    Args:
        clips: columns clip_id and sha256 ("" where unknown: then the clip_id is what they have in common).
    """
    raise NotImplementedError


def queue(
    name: str,
    clips: "pd.DataFrame",
    scores: "pd.DataFrame | ClipScores | None" = None,
    current: "pd.DataFrame | None" = None,
    annotator: str = "",
    *,
    detector: str | None = None,
    rate: float = 0.05,
    unlabelled_only: bool = False,
    seed: int = 0,
) -> NDArray[np.int64]:
    """Row positions of ``clips`` in the order in which they are to be heard.

    Args:
        name: one of ``QUEUES``.
            most anomalous: by the percentile that ``detector`` gives, then by its raw score; clips without a score last.
            detectors disagree: by the standard deviation of the detectors' percentiles, widest first.
            nearest a threshold: by how far ``detector``'s percentile is from the threshold at false-alarm rate ``rate``, which
            is percentile ``100 · (1 - rate)``.
            second opinion: clips that somebody else has labelled and ``annotator`` has not, fewest labels first.
        clips: columns clip_id, sha256 ("" where unknown), machine_id; any subset of a dataset (a lasso, an upload).
        scores: a score table, or what :func:`align` made of it for these very clips.
        current: what :meth:`LabelStore.current` gave for the dataset (columns clip_sha256, annotator, label, skipped).
        unlabelled_only: leave out clips that ``annotator`` has labelled. Skipped ones then come last.
        seed: of the random order, which is also the order among equals (the same seed and clips: the same order).

    Raises:
        LabelError: for an unknown queue, and for scores or a detector that are missing.
    """
    raise NotImplementedError
