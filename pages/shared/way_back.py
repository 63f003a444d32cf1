"""A page with its address, and the way back to it as it was."""

from collections.abc import Mapping

import streamlit as st

Place = tuple[str, Mapping[str, list[str]]]  # a page's script without ``.py``, and what its address says
_SIDEBAR = (
    "dataset",
    "machine",
    "detectors",
    "rate",
)  # its widgets keep these: an address for a page must not name them


def place(page: str) -> Place:
    """Where the browser is now.

    Args:
        page: name of the page's script, without ``.py``.
    """
    return page, {name: st.query_params.get_all(name) for name in st.query_params if name not in _SIDEBAR}


def go_to(there: Place) -> None:
    """Open a page as it was. For callbacks: they run before any widget is drawn."""
    page, address = there
    for name in _SIDEBAR:
        if name in st.session_state:
            st.session_state[name] = st.session_state[name]  # the switch clears the address: have it written again
    st.switch_page(f"{page}.py", query_params=address)
