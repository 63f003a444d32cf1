"""The address of the page: when it leads and the session follows, and how another one is gone to."""

from collections.abc import Mapping
from typing import NoReturn
from urllib.parse import urlencode

import streamlit as st

Query = Mapping[str, str | list[str]]  # parameters of an address

_MOVED = "moved"  # in the address: the browser came here by its history (see components/history)
# In the session:
_LEADS, _PAGE, _VISIT = "address_leads", "address_page", "address_visit"
_VISITING, _CAME = "address_visiting", "address_came"


def arrive(page: str) -> None:
    """Note at the start of a run whether the address leads: in the session's first run, and after Back or Forward.

    Args:
        page: its title.
    """
    moved, before = _MOVED in st.query_params, st.session_state.get(_PAGE)
    if moved:
        del st.query_params[_MOVED]
    visiting = st.session_state.pop(_VISITING, False)
    if moved or before not in (None, page):
        st.session_state[_CAME] = visiting or not moved
    if moved or before != page:
        st.session_state[_PAGE] = page
        st.session_state[_LEADS] = moved or before is None


def leads() -> bool:
    """Whether what the address says counts more than the session, until it is :func:`followed`: a run may be cut short."""
    return bool(st.session_state.get(_LEADS))


def came() -> bool:
    """Whether somebody has gone to this page from another one, not by Back or Forward, until :func:`shared_is_drawn`."""
    return bool(st.session_state.get(_CAME))


def shared_is_drawn() -> None:
    """The controls that pages share have taken their values: from now on the address is theirs."""
    st.session_state[_CAME] = False


def followed() -> None:
    """From now on the session counts, and is written into the address."""
    st.session_state[_LEADS] = False


def query() -> Query:
    """The parameters of the address."""
    return {name: st.query_params.get_all(name) for name in st.query_params}


def visit(page: str, parameters: Query) -> NoReturn:
    """Go to a page as its address says, in one step that Back undoes. For callbacks.

    Args:
        page: its path, empty for the first page.
    """
    text = urlencode(parameters, doseq=True)
    st.session_state[_VISIT] = f"./{page}?{text}" if text else f"./{page}"
    st.rerun()


def next_visit() -> str:
    """The address to go to; empty: stay. Asked once."""
    to = str(st.session_state.pop(_VISIT, ""))
    if to:
        st.session_state[_VISITING] = True
    return to
