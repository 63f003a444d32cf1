"""Detectors that training itself marked."""

import streamlit as st

from pages.shared import library
from pages.shared.sidebar import Choice, title


def alarms(selected: Choice) -> None:
    """A list, folded, of the chosen detectors with an alarm and why; nothing when there is none."""
    found = library.alarms(selected.source, selected.detectors)
    if found:
        listed = "\n".join(f"- **{title(key)}**: {' '.join(reasons)}" for key, reasons in found.items())
        with st.expander(f"{len(found)} of these detectors raised an alarm in training", icon=":material/warning:"):
            st.markdown(listed)
