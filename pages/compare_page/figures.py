"""The figures that several views share, computed once for the scores in scope."""

from dataclasses import replace

import pandas as pd
import streamlit as st

from asd_core.evaluation import Draws, ranking
from asd_core.report import FEW_CLIPS, compared_draws
from pages.compare_page.filters import ComparedScores
from pages.shared.caching import SELECTIONS
from pages.shared.choice import led_by


@st.cache_resource(max_entries=SELECTIONS, show_spinner="Resampling for the intervals …")
def _resampled(key: tuple[str, ...], _scores: pd.DataFrame, _others: pd.DataFrame | None) -> tuple[Draws, pd.DataFrame]:
    draws = compared_draws(_scores, _others)
    return draws, ranking(draws)


def resampled(compared: ComparedScores) -> tuple[Draws, pd.DataFrame]:
    """Figures of the chosen detectors on the same resampled clips, to be judged against all controls, and their table."""
    return _resampled(compared.key, compared.scores, compared.others)


def best_first(compared: ComparedScores) -> ComparedScores:
    """The same, its detectors from the highest mean AUC down, the one in use before them: lists and selectors start there."""
    draws, _ = resampled(compared)
    selected = compared.selected
    return replace(compared, selected=replace(selected, detectors=led_by(selected.in_use, draws.order())))


def too_few_clips(counts: pd.DataFrame) -> str:
    """A sentence where figures are of very few clips; empty where not.

    Args:
        counts: a row per detector; ``n_normal`` and ``n_anomaly`` are the clips that its figures are of.
    """
    few = any(0 < counts[name].max() < FEW_CLIPS for name in ("n_normal", "n_anomaly"))
    return "Fewer than ten clips of a class: these figures can say very little." if few else ""
