"""From a point or a row to its clip on the Clip page."""

import streamlit as st

from pages.shared.library import pooled_features
from pages.shared.picker import ANY, FILTERS
from pages.shared.sidebar import choice


def open_clip(clip_id: str) -> None:
    """Open a clip, whatever the filters and machine id were. For callbacks: they run before any widget is drawn."""
    rows = pooled_features(choice().source)
    st.session_state["machine"] = str(rows.loc[rows["clip_id"] == clip_id, "machine_id"].iloc[0])
    st.session_state["from"] = "Catalogue"
    for name in FILTERS:
        st.session_state[name] = ANY
    st.session_state["clip"] = clip_id
    # Without parameters of its own a switch clears the address, which bound widgets refuse; they write it again.
    st.switch_page("pages/clip.py", query_params={})


def open_row(key: str, clip_ids: list[str]) -> None:
    """Open the clip of the chosen row of a table."""
    rows = st.session_state[key].selection.rows
    if rows:
        open_clip(clip_ids[rows[0]])
