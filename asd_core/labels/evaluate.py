"""Annotations as the truth that detectors are compared with, in place of the catalogue's labels or over them.

Rules. *mine*: the annotator's normal or anomaly. *majority*: the label that more than half of those who chose normal or
anomaly gave; a tie is no label. *adjudicated*: the adjudication; without one, what everybody who labelled the clip
agrees on. "unsure" is never a truth: such a clip has no annotation. Where there is none, the catalogue's label stands
(``missing="keep"``, the annotations override) or the clip is left out (``missing="drop"``, they stand in).
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, get_args

import numpy as np

from asd_core.counting import counted
from asd_core.errors import LabelError
from asd_core.labels.queues import CONFLICTS, PICKED
from asd_core.labels.store import LabelStore

if TYPE_CHECKING:
    import pandas as pd

Basis = Literal["dataset", "mine", "majority", "adjudicated"]
TRUTHS = ("normal", "anomaly")
BASES: tuple[Basis, ...] = get_args(Basis)


@dataclass(frozen=True, eq=False)
class Truth:
    """Labels to evaluate against, beside the catalogue's own."""

    # A row per clip: clip_id, sha256, catalogue, annotation ("": none), label ("": left out), state.
    table: "pd.DataFrame"
    same: int  # annotated as the catalogue says
    overridden: int  # annotated otherwise than the catalogue says
    added: int  # annotated, unlabelled in the catalogue
    missing: int  # not annotated

    def description(self) -> str:
        """What was done to the catalogue's labels, to be read."""
        dropped = int((self.table["label"] == "").sum())
        rest = f"left out: {dropped:,}" if dropped else f"not annotated, with the catalogue's label: {self.missing:,}"
        return f"Labels overridden: {self.overridden:,}, confirmed: {self.same:,}, added: {self.added:,}; {rest}."


@dataclass(frozen=True)
class Provenance:
    """How the labels that stand behind a truth were given; each label counts, also several of one clip."""

    blind: int  # labels given without seeing other labels or scores
    seeing: int  # given in sight of them; an adjudication always is
    unknown: int  # nobody knows
    queues: dict[str, int]  # labels by the queue in which the clips were presented, most first; "": nobody knows

    def description(self) -> str:
        """How many labels were given blind and from which queues, to be read beside the figures."""
        total = self.blind + self.seeing + self.unknown
        given = f"{self.blind:,} given blind, {self.seeing:,} with other labels or scores shown"
        given += f", {self.unknown:,} not recorded" if self.unknown else ""
        queues = ", ".join(f"{name or 'not recorded'} ({count:,})" for name, count in self.queues.items())
        picked = [name for name in self.queues if name in PICKED]
        bias = f"; clips from {' and '.join(picked)} are no fair sample, so the figures can be biased" if picked else ""
        return f"Of {counted(total, 'label')}, {given}; from the queues {queues}{bias}."


@dataclass(frozen=True, eq=False)
class Annotations:
    """One label a clip, and the labels by people that it rests on."""

    labels: dict[str, str]  # sha256 -> "normal" or "anomaly"
    given: "pd.DataFrame"  # a row per label: clip_sha256, blind and queue, which may be missing

    def provenance(self, hashes: "pd.Series[str]") -> Provenance:
        """How the labels of some clips were given."""
        given = self.given[self.given["clip_sha256"].isin(hashes)]
        blind, unknown = int(given["blind"].sum()), int(given["blind"].isna().sum())
        queues = given["queue"].fillna("").value_counts()
        counts = {str(name): int(count) for name, count in queues.items()}
        return Provenance(blind, len(given) - blind - unknown, unknown, counts)


def effective_labels(
    store: LabelStore, dataset: str, basis: Basis, annotator: str | None = None, *, blind_only: bool = False
) -> Annotations:
    """The annotations that hold; none for the basis "dataset".

    Args:
        annotator: whose, for "mine".
        blind_only: only labels that are known to have been given blind; adjudications, which are not, count for nothing then.

    Raises:
        LabelError: for an unknown basis, and for "mine" without an annotator.
    """
    if basis not in BASES:
        raise LabelError(f"There is no basis called {basis}: choose {', '.join(BASES)}.")
    if basis == "mine" and not annotator:
        raise LabelError("Whose labels? Enter a name first.")
    only = annotator if basis == "mine" else None
    rows = store.current(dataset, annotator=only, columns=("clip_sha256", "label", "blind", "queue"))
    rows = rows[rows["label"].notna()]
    if blind_only:
        rows = rows[rows["blind"].fillna(False)]
    if basis == "adjudicated":
        decisions = store.adjudications(dataset)[["clip_sha256", "label"]]
        return _adjudicated(rows, decisions.iloc[:0] if blind_only else decisions)
    votes = rows.iloc[:0] if basis == "dataset" else rows[rows["label"].isin(TRUTHS)]
    share = (votes["label"] == "anomaly").groupby(votes["clip_sha256"]).mean()
    share = share[share != 0.5]
    labels = {str(sha256): "anomaly" if value > 0.5 else "normal" for sha256, value in share.items()}
    return Annotations(labels, votes[votes["clip_sha256"].isin(labels)])


def _adjudicated(rows: "pd.DataFrame", decisions: "pd.DataFrame") -> Annotations:
    import pandas as pd

    rows = rows[~rows["clip_sha256"].isin(decisions["clip_sha256"])]
    agreed = rows[rows.groupby("clip_sha256")["label"].transform("nunique") == 1]
    decided = decisions.assign(blind=pd.array([False] * len(decisions), dtype="boolean"), queue=CONFLICTS)
    given = pd.concat([agreed, decided])
    given = given[given["label"].isin(TRUTHS)]
    return Annotations(dict(zip(given["clip_sha256"], given["label"], strict=True)), given)


def truth(clips: "pd.DataFrame", annotations: dict[str, str], missing: Literal["keep", "drop"] = "keep") -> Truth:
    """Put annotations over a catalogue's labels, or in their place.

    Args:
        clips: columns clip_id, sha256 ("" where unknown: then there is no annotation) and label (normal, anomaly, unlabelled).
        annotations: sha256 -> normal or anomaly, see :func:`effective_labels`.

    Returns:
        Its table's ``state`` is same, overridden, added or missing.
    """
    annotation = clips["sha256"].map(annotations).astype(object)
    has = (annotation.notna() & (clips["sha256"] != "")).to_numpy()
    catalogue = clips["label"].astype(object).to_numpy()
    annotated = annotation.where(has, "").to_numpy()
    same, known = annotated == catalogue, np.isin(catalogue.astype(str), TRUTHS)
    state = np.select([~has, same, known], ["missing", "same", "overridden"], "added")
    table = clips[["clip_id", "sha256"]].reset_index(drop=True)
    table["catalogue"] = catalogue.astype(str)
    table["annotation"] = annotated.astype(str)
    table["label"] = np.where(has, annotated, catalogue if missing == "keep" else "").astype(str)
    table["state"] = state
    counts = {name: int((state == name).sum()) for name in ("same", "overridden", "added", "missing")}
    return Truth(table, **counts)
