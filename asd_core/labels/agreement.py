"""How far annotators agree: pair by pair, all of them together, and where they do not."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from asd_core.labels.events import LABELS

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Coefficient:
    """A measure of agreement: 1 is perfect, 0 what chance gives."""

    value: float  # nan: not computable
    n: int  # clips that it rests on
    reason: str = ""  # why it is not computable, a sentence


@dataclass(frozen=True, eq=False)
class Agreement:
    """All figures of a dataset."""

    annotators: list[str]
    pairs: "pd.DataFrame"  # annotator_a, annotator_b, n (clips both labelled), agreement (0 to 1), kappa, reason
    fleiss: Coefficient  # over the clips that every annotator labelled
    alpha: Coefficient  # Krippendorff's, nominal, over all clips with two labels or more
    conflicts: "pd.DataFrame"  # see :func:`conflicts`


def codes(current: "pd.DataFrame", labels: tuple[str, ...] = LABELS) -> tuple[NDArray[np.int64], list[str], list[str]]:
    """Labels as numbers.

    Args:
        current: see :meth:`LabelStore.current`.
        labels: what counts as a label; anything else is as if it were missing (leave out "unsure" to see only decisions).

    Returns:
        ``(n_clips, n_annotators)`` indices of labels, -1 where there is none; the clips' sha256; the annotators.
    """
    raise NotImplementedError


def cohen_kappa(a: NDArray[np.int64], b: NDArray[np.int64]) -> Coefficient:
    """Cohen's kappa of two annotators; ``(n_clips,)`` codes each, clips with a -1 are left out."""
    raise NotImplementedError


def fleiss_kappa(counts: NDArray[np.int64]) -> Coefficient:
    """Fleiss' kappa; ``(n_clips, n_labels)`` numbers of annotators who gave each label, the same total for every clip."""
    raise NotImplementedError


def krippendorff_alpha(values: NDArray[np.int64]) -> Coefficient:
    """Krippendorff's alpha for nominal data; ``(n_clips, n_annotators)`` codes, -1 where there is none."""
    raise NotImplementedError


def conflicts(current: "pd.DataFrame", adjudications: "pd.DataFrame | None" = None) -> "pd.DataFrame":
    """Clips on which annotators' labels differ (unsure differs from both others), most annotators first.

    Returns:
        Columns clip_sha256, clip_id, machine_id, n_normal, n_anomaly, n_unsure, labels (``{annotator: label}``), adjudicated
        (the label, None where nobody decided).
    """
    raise NotImplementedError


def agreement(
    current: "pd.DataFrame", adjudications: "pd.DataFrame | None" = None, labels: tuple[str, ...] = LABELS
) -> Agreement:
    """All figures of a dataset. See :func:`codes` for ``labels``."""
    raise NotImplementedError
