"""What is assumed of the plant: how common anomalies are, how many clips a day it records, and what a miss costs."""

import streamlit as st

from asd_core.report import Assumptions
from pages.shared.choice import Choice

# Per cent, clips a day, and false alarms that one missed anomaly costs, while the Thresholds view has not been opened.
PREVALENCE, PER_DAY, MISS_COST = 1.0, 1000, 10.0


def draw(selected: Choice) -> tuple[Assumptions, float]:
    """Draw the inputs for the plant.

    Returns:
        Prevalence and clips a day, and how many false alarms cost as much as one miss.
    """
    st.number_input(
        "Anomalies at the plant, %", 0.0, 100.0, PREVALENCE, 0.5, key="prevalence", bind="query-params", width=165
    )
    st.number_input("Clips a day", 1, 1_000_000, PER_DAY, 100, key="per_day", bind="query-params", width=130)
    miss_cost = st.number_input(
        "A miss costs (false alarms)",
        0.0,
        1e6,
        MISS_COST,
        1.0,
        key="miss_cost",
        bind="query-params",
        width=185,
        help="How many false alarms cost as much as one missed anomaly. It weighs the two in the column Cost and in the "
        "threshold of least cost; no calibrated threshold is changed by it.",
    )
    return assumptions(selected), float(miss_cost)


def assumptions(selected: Choice) -> Assumptions:
    """The assumptions of the Thresholds view, and the sidebar's false-alarm rate."""
    prevalence = float(st.session_state.get("prevalence", PREVALENCE))
    return Assumptions(selected.rate, prevalence / 100, float(st.session_state.get("per_day", PER_DAY)))
