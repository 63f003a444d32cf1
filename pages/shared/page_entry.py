"""Every page is reached through ``app.py``, which draws the sidebar."""

import runpy
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import streamlit as st

APP = Path(__file__).parents[2] / "app.py"
_RUNNING = "app_is_running"


@contextmanager
def inside_app() -> Iterator[None]:
    """The part of a run in which ``app.py`` runs the page."""
    st.session_state[_RUNNING] = True
    try:
        yield
    finally:
        st.session_state[_RUNNING] = False


def ensure_inside_app() -> None:
    """First line of every page: run ``app.py`` instead if it has not brought us here.

    Until ``st.navigation`` is called once in a server's life, Streamlit takes the files in ``pages/`` for pages of its
    own and runs them alone: a link to a page would fail on a server that was just started.
    """
    if not st.session_state.get(_RUNNING):
        runpy.run_path(str(APP))
        st.stop()
