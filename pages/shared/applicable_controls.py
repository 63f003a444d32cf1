"""Which of the sidebar's controls apply to the view that a page shows: the others are hidden there."""

from collections.abc import Collection

import streamlit as st

from asd_core.labels import NEEDS_SCORES
from pages.shared import address
from pages.shared.annotator import current_annotator
from pages.shared.label_selection import selected_to_label

MACHINE, DETECTORS, RATE = "machine", "detectors", "rate"
EVERY = (MACHINE, DETECTORS, RATE)


def applicable_controls(page: str) -> Collection[str]:
    """The controls that apply to a page in the view that it shows.

    Args:
        page: its title.
    """
    if page == "Experiments":
        return ()
    if page == "Compare":  # its own filters say which machine ids
        return DETECTORS, RATE
    if page == "Feature space":
        return EVERY if _widget_value("colour").startswith("score") else (MACHINE,)
    return _controls_of_labelling() if page == "Label" else EVERY


def _controls_of_labelling() -> Collection[str]:
    view, blind = _widget_value("label_view"), _widget_value("blind").lower() != "false"
    if view == "Agreement" or (view and blind and view != "Listen and label"):
        return ()
    if view == "Import and export":  # predictions are exported for Label Studio alone
        return (DETECTORS, RATE) if _widget_value("export_format").lower().startswith("label") else ()
    if not current_annotator():
        return ()
    machine = () if selected_to_label() and st.session_state.get("label_where") in (None, "Selection") else (MACHINE,)
    scored = not blind or _widget_value("order").lower() in NEEDS_SCORES
    return (*machine, DETECTORS, RATE) if scored else machine


def _widget_value(key: str) -> str:
    """The value of a linked widget of the page, before it is drawn in this run."""
    written = st.query_params.get(key, "")
    return written if address.leads() else str(st.session_state.get(key, written))
