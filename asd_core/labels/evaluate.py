"""Annotations as the truth that detectors are compared with, in place of the catalogue's labels or over them.

Rules. *mine*: the annotator's normal or anomaly. *majority*: what more than half of those who said normal or anomaly said; a
tie is no label. *adjudicated*: the adjudication; without one, what everybody who labelled the clip agrees on. "unsure" is
never a truth: such a clip has no annotation. Where there is none, the catalogue's label stands (``missing="keep"``, the
annotations override) or the clip is left out (``missing="drop"``, they stand in).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from asd_core.errors import LabelError
from asd_core.labels.queues import NEEDS_SCORES
from asd_core.labels.store import LabelStore

if TYPE_CHECKING:
    import pandas as pd

Basis = Literal["dataset", "mine", "majority", "adjudicated"]
TRUTHS = ("normal", "anomaly")
BASES: tuple[Basis, ...] = ("dataset", "mine", "majority", "adjudicated")


@dataclass(frozen=True, eq=False)
class Truth:
    """Labels to evaluate against, beside the catalogue's own."""

    table: (
        "pd.DataFrame"  # a row a clip: clip_id, sha256, catalogue, annotation ("": none), label ("": left out), state
    )
    same: int  # annotated as the catalogue says
    overridden: int  # annotated otherwise than the catalogue says
    added: int  # annotated, unlabelled in the catalogue
    missing: int  # not annotated

    def sentence(self) -> str:
        """What was done to the catalogue's labels, to be read."""
        dropped = int((self.table["label"] == "").sum())
        rest = f"left out: {dropped:,}" if dropped else f"not annotated, with the catalogue's label: {self.missing:,}"
        return f"Labels overridden: {self.overridden:,}, confirmed: {self.same:,}, added: {self.added:,}; {rest}."


@dataclass(frozen=True)
class Provenance:
    """How the labels that stand behind a truth were given."""

    blind: int  # labels given without seeing other labels or scores
    seeing: int  # given in sight of them; an adjudication always is
    unknown: int  # nobody knows
    queues: dict[str, int]  # labels by the order in which the clips were presented; "": nobody knows

    def sentence(self) -> str:
        """What it means for the figures, to be read beside them."""
        total = self.blind + self.seeing + self.unknown
        text = (
            f"Of {total:,} labels, {self.blind:,} were given blind, {self.seeing:,} in sight of other labels or scores"
        )
        text += f", {self.unknown:,} nobody knows how." if self.unknown else "."
        if self.seeing:
            text += " A listener who sees the scores tends to agree with them: the figures flatter the detectors."
        chosen = {name: count for name, count in self.queues.items() if name in NEEDS_SCORES}
        if chosen:
            listed = ", ".join(f"{count:,} from \u201c{name}\u201d" for name, count in chosen.items())
            text += (
                f" The detectors' scores chose which clips were labelled ({listed}): such clips are no fair sample, and "
                "figures on them hold for no others."
            )
        return text


def effective_labels(
    store: LabelStore, dataset: str, basis: Basis, annotator: str | None = None, *, blind_only: bool = False
) -> tuple[dict[str, str], Provenance]:
    """The annotations that hold: sha256 -> "normal" or "anomaly" (empty for the basis "dataset"), and how they were given.

    Args:
        blind_only: only labels that were given blind; adjudications, which are not, count for nothing then.

    Raises:
        LabelError: for an unknown basis, and for "mine" without an annotator.
    """
    if basis not in BASES:
        raise LabelError(f"There is no basis called {basis}: choose {', '.join(BASES)}.")
    if basis == "dataset":
        return {}, Provenance(0, 0, 0, {})
    if basis == "mine" and not annotator:
        raise LabelError("Whose labels? Enter a name first.")
    only = annotator if basis == "mine" else None
    columns = ("clip_sha256", "annotator", "label", "skipped", "blind", "queue")
    rows = store.current(dataset, annotator=only, columns=columns)
    rows = rows[rows["label"].notna()]
    if blind_only:
        rows = rows[rows["blind"].fillna(False).astype(bool)]
    votes = rows[rows["label"].isin(TRUTHS)]
    decided = store.adjudications(dataset) if basis == "adjudicated" and not blind_only else None
    if basis == "adjudicated":
        found = _adjudicated(rows, decided)
    elif basis == "mine":
        found = _mapping(votes["clip_sha256"], votes["label"])
    else:
        share = (votes["label"] == "anomaly").groupby(votes["clip_sha256"]).mean()
        share = share[share != 0.5]
        found = {str(sha256): "anomaly" if value > 0.5 else "normal" for sha256, value in share.items()}
    return found, _provenance(votes[votes["clip_sha256"].isin(found)], 0 if decided is None else len(decided))


def _provenance(votes: "pd.DataFrame", adjudications: int) -> Provenance:
    blind = votes["blind"]
    queues = votes["queue"].fillna("").value_counts().sort_index()
    return Provenance(
        int((blind == True).sum()),  # noqa: E712  # three values: missing is neither
        int((blind == False).sum()) + adjudications,  # noqa: E712
        int(blind.isna().sum()),
        {str(name): int(count) for name, count in queues.items()},
    )


def _adjudicated(rows: "pd.DataFrame", adjudications: "pd.DataFrame | None") -> dict[str, str]:
    labels = rows.groupby("clip_sha256")["label"].agg(["first", "nunique"])
    agreed = labels[(labels["nunique"] == 1) & labels["first"].isin(TRUTHS)]["first"]
    found = _mapping(agreed.index, agreed)
    if adjudications is None:
        return found
    for sha256, label in zip(adjudications["clip_sha256"], adjudications["label"], strict=True):
        found.pop(str(sha256), None)
        if label in TRUTHS:
            found[str(sha256)] = str(label)
    return found


def _mapping(hashes: "Iterable[object]", labels: "Iterable[object]") -> dict[str, str]:
    return {str(sha256): str(label) for sha256, label in zip(hashes, labels, strict=True)}


def truth(clips: "pd.DataFrame", annotations: dict[str, str], missing: Literal["keep", "drop"] = "keep") -> Truth:
    """Put annotations over a catalogue's labels, or in their place.

    Args:
        clips: columns clip_id, sha256 ("" where unknown: then there is no annotation) and label (normal, anomaly, unlabelled).
        annotations: see :func:`effective_labels`.

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
