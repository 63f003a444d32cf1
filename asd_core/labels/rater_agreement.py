"""How far annotators agree: pair by pair, all of them together, and where they do not.

Sources: J. Cohen, A coefficient of agreement for nominal scales, Educ. Psychol. Meas. 20 (1960) 37-46; J. L. Fleiss, Measuring
nominal scale agreement among many raters, Psychol. Bull. 76 (1971) 378-382; K. Krippendorff, Computing Krippendorff's
alpha-reliability (2011), from the coincidences of values. When only one label was ever given, chance alone would agree
everywhere and no measure is defined: the value is nan, with the reason.
"""

from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from asd_core.labels.events import LABELS

if TYPE_CHECKING:
    import pandas as pd


ONE_LABEL = "Not computable: only one label was ever given, so chance alone would agree everywhere."


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
    import pandas as pd

    rows = current[current["label"].isin(labels)]
    clips, annotators = pd.Index(rows["clip_sha256"].unique()), sorted(rows["annotator"].unique())
    values = np.full((len(clips), len(annotators)), -1)
    where = clips.get_indexer(rows["clip_sha256"]), pd.Index(annotators, dtype="str").get_indexer(rows["annotator"])
    values[where] = pd.Index(labels, dtype="str").get_indexer(rows["label"])
    return values, [str(c) for c in clips], [str(a) for a in annotators]


def cohen_kappa(a: NDArray[np.int64], b: NDArray[np.int64]) -> Coefficient:
    """Cohen's kappa of two annotators; ``(n_clips,)`` codes each, clips with a -1 are left out."""
    both = (a >= 0) & (b >= 0)
    a, b, n = a[both], b[both], int(both.sum())
    if n == 0:
        return Coefficient(np.nan, 0, "They have no clip in common.")
    if len(np.union1d(a, b)) == 1:
        return Coefficient(np.nan, n, ONE_LABEL)
    from sklearn.metrics import cohen_kappa_score

    return Coefficient(float(cohen_kappa_score(a, b)), n)


def fleiss_kappa(counts: NDArray[np.int64]) -> Coefficient:
    """Fleiss' kappa; ``(n_clips, n_labels)`` numbers of annotators who gave each label, the same total for every clip."""
    n, raters = len(counts), int(counts[0].sum()) if len(counts) else 0
    if n == 0 or raters < 2:
        return Coefficient(np.nan, n, "No clip was labelled by all of them, two at least.")
    if (counts.sum(axis=1) != raters).any():
        raise ValueError("every clip needs the same number of labels")
    expected = float((np.square(counts.sum(axis=0) / counts.sum())).sum())
    if expected == 1.0:
        return Coefficient(np.nan, n, ONE_LABEL)
    pairs = (np.square(counts).sum(axis=1) - raters) / (raters * (raters - 1))
    return Coefficient((float(pairs.mean()) - expected) / (1.0 - expected), n)


def krippendorff_alpha(values: NDArray[np.int64]) -> Coefficient:
    """Krippendorff's alpha for nominal data; ``(n_clips, n_annotators)`` codes, -1 where there is none."""
    counts = _counts(values)
    counts = counts[counts.sum(axis=1) >= 2]  # a label without another one on its clip can agree with none
    n, labels_of = len(counts), counts.sum(axis=1)
    if n == 0:
        return Coefficient(np.nan, 0, "No clip was labelled by two of them.")
    total, of_label = int(counts.sum()), counts.sum(axis=0)
    pairs = total**2 - int(np.square(of_label).sum())  # of unequal labels, whatever the clip
    if pairs == 0:
        return Coefficient(np.nan, n, ONE_LABEL)
    unequal = (np.square(labels_of) - np.square(counts).sum(axis=1)) / (labels_of - 1)
    return Coefficient(1.0 - (total - 1) * float(unequal.sum()) / pairs, n)


def conflicts(current: "pd.DataFrame", adjudications: "pd.DataFrame | None" = None) -> "pd.DataFrame":
    """Clips on which annotators' labels differ (unsure differs from both others), most annotators first.

    Returns:
        Columns clip_sha256, clip_id, machine_id, n_normal, n_anomaly, n_unsure, labels (``{annotator: label}``), adjudicated
        (the label, None where nobody decided).
    """
    import pandas as pd

    rows = current[current["label"].isin(LABELS)]
    differing = rows.groupby("clip_sha256")["label"].transform("nunique") > 1
    rows = rows[differing].sort_values(["clip_sha256", "annotator"], kind="stable")
    clips = rows.groupby("clip_sha256")
    table = clips[["clip_id", "machine_id"]].last()
    for label in LABELS:
        table[f"n_{label}"] = (rows["label"] == label).groupby(rows["clip_sha256"]).sum()
    table["labels"] = pd.Series({sha256: dict(zip(r["annotator"], r["label"], strict=True)) for sha256, r in clips})
    decided = None if adjudications is None else adjudications.set_index("clip_sha256")["label"]
    table["adjudicated"] = None if decided is None else decided.reindex(table.index).astype(object)
    table["adjudicated"] = table["adjudicated"].astype(object).where(table["adjudicated"].notna(), None)
    many = -table[[f"n_{label}" for label in LABELS]].sum(axis=1)
    return table.reset_index().iloc[np.lexsort([table["clip_id"].astype(object), many])].reset_index(drop=True)


def annotator_agreement(
    current: "pd.DataFrame", adjudications: "pd.DataFrame | None" = None, labels: tuple[str, ...] = LABELS
) -> Agreement:
    """All figures of a dataset. See :func:`codes` for ``labels``."""
    import pandas as pd

    values, _, annotators = codes(current, labels)
    pairs = []
    for first, second in combinations(range(len(annotators)), 2):
        a, b = values[:, first], values[:, second]
        both, kappa = (a >= 0) & (b >= 0), cohen_kappa(a, b)
        same = float((a == b)[both].mean()) if both.any() else np.nan
        pairs.append((annotators[first], annotators[second], kappa.n, same, kappa.value, kappa.reason))
    complete = values[(values >= 0).all(axis=1)] if len(annotators) > 1 else values[:0]
    return Agreement(
        annotators,
        pd.DataFrame(pairs, columns=["annotator_a", "annotator_b", "n", "agreement", "kappa", "reason"]),
        fleiss_kappa(_counts(complete, len(labels))),
        krippendorff_alpha(values),
        conflicts(current, adjudications),
    )


def _counts(values: NDArray[np.int64], size: int | None = None) -> NDArray[np.int64]:
    """``(n_clips, n_labels)`` numbers of annotators who gave each label."""
    n = size or (int(values.max()) + 1 if values.size else 0)
    return np.stack([(values == k).sum(axis=1) for k in range(max(n, 1))], axis=1)
