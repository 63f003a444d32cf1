"""What to take away: which detector to use, and the report's three sentences, at the top of the page."""

from collections.abc import Mapping

import pandas as pd
import streamlit as st

from asd_core.evaluation import Draws
from asd_core.report import (
    Assumptions,
    Recommendation,
    opening_sentences,
    recommend_by_evidence,
    recommend_by_labels,
)
from asd_core.scoring import level_meter, scoring_seconds
from pages.compare_page import evidence
from pages.compare_page.figures import resampled
from pages.compare_page.filters import ComparedScores
from pages.compare_page.plant import assumptions
from pages.shared.caching import BY_KEY, SELECTIONS, cache_bytes
from pages.shared.sources import Source
from pages.shared.trained_models import manifests_of


@st.cache_data(max_entries=SELECTIONS, show_spinner=False, hash_funcs=BY_KEY)
def _statements(
    source: Source, key: tuple[str, ...], assumed: Assumptions, in_use: str, _scores: pd.DataFrame, _draws: Draws
) -> list[str]:
    labelled = _scores[_scores["label"].isin(["normal", "anomaly"])]
    return opening_sentences(labelled, _draws, manifests_of(source, list(_draws.detectors)), assumed, in_use)


def statements(compared: ComparedScores) -> list[str]:
    """Who is best, against what, and what it would mean at the plant; none where no clip has a label."""
    if not compared.scores["label"].isin(["normal", "anomaly"]).any():
        return []
    draws, _ = resampled(compared)
    selected = compared.selected
    assumed = assumptions(selected)
    return _statements(selected.source, compared.key, assumed, selected.in_use, compared.scores, draws)


@st.cache_data(max_entries=SELECTIONS, show_spinner=False, hash_funcs=BY_KEY)
def _by_labels(
    source: Source, key: tuple[str, ...], in_use: str, seconds: Mapping[str, float], _draws: Draws
) -> Recommendation:
    return recommend_by_labels(_draws, manifests_of(source, list(_draws.detectors)), seconds, in_use)


def recommendation(compared: ComparedScores) -> Recommendation:
    """Which detector to use: by labelled clips where there are both classes, else by synthetic anomalies."""
    draws, _ = resampled(compared)
    selected = compared.selected
    if draws.n_computable():
        seconds = scoring_seconds(selected.source.folder)
        return _by_labels(selected.source, compared.key, selected.in_use, seconds, draws)
    manifests = manifests_of(selected.source, selected.detectors)
    reason = why_no_figure(compared.scores)
    return recommend_by_evidence(
        evidence.sensitivity_of(compared), manifests, selected.in_use, reason, evidence.record()
    )


@cache_bytes
def _level_alone(compared: ComparedScores) -> str:
    if compared.others is None:
        return level_meter(compared.scores)
    others = compared.others[compared.others["machine_id"].isin(compared.machine_ids)]
    return level_meter(compared.scores) or level_meter(others)


def why_no_figure(scores: pd.DataFrame) -> str:
    """Why scores give no AUC."""
    labels = set(scores["label"].unique())
    if "anomaly" not in labels:
        return "No anomaly in scope is labelled."
    if "normal" not in labels:
        return "No normal clip in scope is labelled."
    return "No machine id in scope has labelled clips of both classes."


def headline(use: Recommendation) -> str:
    """Which one to use, in the same words wherever it is said."""
    return f"Which one to use: {use.title}."


def draw(compared: ComparedScores) -> None:
    """Which one to use, and where clips are labelled what the figures say. Without both classes, the latter would only say
    that they cannot."""
    draws, _ = resampled(compared)
    use = recommendation(compared)
    with st.container(border=True):
        # The first sentence below says how well the best one separates: it is not repeated here.
        why = use.why[1:] if draws.n_computable() and use.detector == draws.ranked()[0] else use.why
        st.markdown(f"**{headline(use)}** {' '.join(why)} *{use.change}*")
        if draws.n_computable():
            st.markdown("**What to take away**\n" + "\n".join(f"1. {sentence}" for sentence in statements(compared)))
    if alone := _level_alone(compared):
        st.warning(alone, icon=":material/volume_up:")
