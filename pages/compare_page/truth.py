"""Against which labels detectors are evaluated: the dataset's, or those that people gave on the Label page."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd
import streamlit as st

from pages.shared import linked
from pages.shared.annotator import current_annotator
from pages.shared.sources import Source

if TYPE_CHECKING:
    from asd_core.labels import Basis, Provenance, Truth

NAMES: "dict[Basis, str]" = {
    "dataset": "the dataset's labels",
    "mine": "my labels",
    "majority": "the majority's labels",
    "adjudicated": "adjudicated labels",
}

LABELS = ("anomaly", "normal", "unlabelled")


@dataclass(frozen=True, eq=False)
class Against:
    """Labels in place of the dataset's."""

    words: str  # for what is exported and shown beside figures
    key: tuple[str, ...]  # of what is computed with them
    truth: "Truth"
    provenance: "Provenance"  # how they were given

    def apply(self, table: pd.DataFrame) -> pd.DataFrame:
        """Scores with these labels; a clip without one is unlabelled."""
        labels = dict(zip(self.truth.table["clip_id"], self.truth.table["label"], strict=True))
        clips = pd.Categorical(table["clip_id"])
        given = [
            label if (label := labels.get(clip)) in ("normal", "anomaly") else "unlabelled" for clip in clips.categories
        ]
        return table.assign(label=pd.Categorical(given, LABELS).take(clips.codes))


def draw(source: Source, table: pd.DataFrame) -> Against | None:
    """Draw the choice; ``None`` for the dataset's own labels, and where there are none to use."""
    basis = linked.selectbox(
        "Evaluate against",
        list(NAMES),
        key="against",
        format_func=NAMES.__getitem__,
        width=160,
        help="Labels that people gave on the Label page, in place of the dataset's or over them. They choose no threshold "
        "and no parameter: only what is called right and wrong changes.",
    )
    if basis == "dataset":
        return None
    alone = linked.toggle(
        "Annotated clips only",
        key="annotated_only",
        help="Otherwise the dataset's label stands where nobody has labelled a clip.",
    )
    blind_only = linked.toggle(
        "Blind labels only",
        key="blind_labels",
        help="Leave out labels that were given while other labels or the detectors' scores were shown, and adjudications.",
    )
    return _against(source, table, basis, alone, blind_only)


def _against(source: Source, table: pd.DataFrame, basis: "Basis", alone: bool, blind_only: bool) -> Against | None:
    # The database's library is imported only when it is needed, not for everybody who compares detectors.
    from asd_core.labels import effective_labels, truth
    from pages.shared.label_store import label_store

    me = current_annotator()
    if basis == "mine" and not me:
        st.info("Say who you are on the Label page to use your labels.", icon=":material/person:")
        return None
    store = label_store()
    given = effective_labels(store, source.name, basis, me or None, blind_only=blind_only)
    if not given.labels:
        such = "such labels blind" if blind_only else "such labels"
        st.info(f"Nobody has given {such} yet: the dataset's are used.", icon=":material/label_off:")
        return None
    clips = table.drop_duplicates("clip_id")[["clip_id", "sha256", "label"]]
    result = truth(clips, given.labels, "drop" if alone else "keep")
    words = NAMES[basis] + (f" ({me})" if basis == "mine" else "") + (", annotated clips only" if alone else "")
    words += ", blind labels only" if blind_only else ""
    key = (basis, me if basis == "mine" else "", str(store.last_id(source.name)), str(alone), str(blind_only))
    return Against(words, key, result, given.provenance(clips["sha256"]))
