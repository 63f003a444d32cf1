"""What to take away: the report's three sentences, at the top of the page."""

import pandas as pd
import streamlit as st

from asd_core.evaluation import Draws
from asd_core.report import Assumptions, opening_sentences
from pages.compare_page.figures import resampled
from pages.compare_page.filters import ComparedScores
from pages.compare_page.plant import assumptions
from pages.shared.caching import BY_KEY, SELECTIONS
from pages.shared.sources import Source
from pages.shared.trained_models import manifests_of


@st.cache_data(max_entries=SELECTIONS, show_spinner=False, hash_funcs=BY_KEY)
def _sentences(
    source: Source, key: tuple[str, ...], assumed: Assumptions, in_use: str, _scores: pd.DataFrame, _draws: Draws
) -> list[str]:
    labelled = _scores[_scores["label"].isin(["normal", "anomaly"])]
    return opening_sentences(labelled, _draws, manifests_of(source, list(_draws.detectors)), assumed, in_use)


def sentences(compared: ComparedScores) -> list[str]:
    """Who is best, against what, and what it would mean at the plant; none where no clip has a label."""
    if not compared.scores["label"].isin(["normal", "anomaly"]).any():
        return []
    draws, _ = resampled(compared.key, compared.scores)
    selected = compared.selected
    assumed = assumptions(selected)
    return _sentences(selected.source, compared.key, assumed, selected.in_use, compared.scores, draws)


def draw(compared: ComparedScores) -> None:
    """The sentences; nothing where no clip has a label."""
    if shown := sentences(compared):
        with st.container(border=True):
            st.markdown("**What to take away**\n" + "\n".join(f"1. {sentence}" for sentence in shown))
