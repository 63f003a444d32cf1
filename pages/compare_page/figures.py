"""The figures that several views share, computed once for the scores in scope."""

from dataclasses import replace

import pandas as pd
import streamlit as st

from asd_core.evaluation import Draws, bootstrap, ranking
from pages.compare_page.filters import ComparedScores
from pages.shared.caching import SELECTIONS
from pages.shared.choice import led_by


@st.cache_resource(max_entries=SELECTIONS, show_spinner="Resampling for the intervals …")
def resampled(key: tuple[str, ...], _scores: pd.DataFrame) -> tuple[Draws, pd.DataFrame]:
    """Figures of all detectors on the same resampled clips, and their table."""
    draws = bootstrap(_scores)
    return draws, ranking(draws)


def best_first(compared: ComparedScores) -> ComparedScores:
    """The same, its detectors from the highest mean AUC down, the one in use before them: lists and selectors start there."""
    draws, _ = resampled(compared.key, compared.scores)
    selected = compared.selected
    return replace(compared, selected=replace(selected, detectors=led_by(selected.in_use, draws.order())))
