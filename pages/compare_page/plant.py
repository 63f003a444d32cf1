"""What is assumed of the plant: how common anomalies are, and how many clips a day it records."""

import streamlit as st

from asd_core.report import Assumptions
from pages.shared.choice import Choice

PREVALENCE, PER_DAY = 1.0, 1000  # per cent, and clips a day, where the Thresholds view has not been asked


def assumptions(selected: Choice) -> Assumptions:
    """The assumptions of the Thresholds view, and the sidebar's false-alarm rate."""
    prevalence = float(st.session_state.get("prevalence", PREVALENCE))
    return Assumptions(selected.rate, prevalence / 100, float(st.session_state.get("per_day", PER_DAY)))
