"""A view is a fragment of the page: what it does to the player needs a run of the page."""

import streamlit as st

_DUE = "page_is_due"


def run_page() -> None:
    """Have the page drawn anew. For callbacks of a view."""
    st.session_state[_DUE] = True


def page_is_due() -> bool:
    """Whether a callback asked for a run of the page; the request is then forgotten."""
    return bool(st.session_state.pop(_DUE, False))


def seek(seconds: float) -> None:
    """Have the player jump. For callbacks of a view."""
    _, number = st.session_state.get("player_seek") or (0.0, 0)
    st.session_state["player_seek"] = (seconds, number + 1)
    run_page()
