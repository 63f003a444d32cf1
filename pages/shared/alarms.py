"""Detectors that training itself marked."""

import streamlit as st

from pages.shared.choice import Choice, title
from pages.shared.trained_models import alarms_of, too_few_to_tell


def alarms(selected: Choice) -> None:
    """A list, folded, of the chosen detectors with an alarm and why; nothing when there is none. And
    where training had too few clips to tell, that it had."""
    marked = alarms_of(selected.source, selected.detectors)
    if marked:
        listed = "\n".join(f"- **{title(key)}**: {' '.join(reasons)}" for key, reasons in marked.items())
        with st.expander(f"{len(marked)} of these detectors did not train as expected", icon=":material/warning:"):
            st.markdown(listed)
    if reason := too_few_to_tell(selected.source, selected.detectors):
        st.caption(reason.replace("it has", "these detectors have"))
