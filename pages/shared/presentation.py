"""Into the presentation, and out of it to the page one came from."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import streamlit as st

if TYPE_CHECKING:  # the entry script imports this before the first picture
    from pages.shared.sources import Source

PRESENT = "Present"  # the page's title
_ORIGIN = "presented_from"  # in the session: page and address
_CLIP = "presented_clip"  # in the session: name of the dataset, and the clip's place in an address
_KEPT = ("dataset", "machine", "detectors", "rate")  # the sidebar keeps them itself: an address must not name them


def come_from(page: str) -> None:
    """Keep a page and its address for :func:`leave`.

    Args:
        page: name of its script, without ``.py``.
    """
    address = {name: st.query_params.get_all(name) for name in st.query_params if name not in _KEPT}
    st.session_state[_ORIGIN] = (page, address)


def offer(source: "Source", address: tuple[str, str]) -> None:
    """Have a clip presented unless an address names another one.

    Args:
        source: the clip's.
        address: what an address says of the clip, and how it is called there.
    """
    st.session_state[_CLIP] = (source.name, address)


def offered(source: "Source") -> tuple[str, str] | None:
    """The clip of a source that was offered last."""
    name, address = st.session_state.get(_CLIP, ("", None))
    return address if name == source.name else None


def present(address: Mapping[str, str]) -> None:
    """Open the presentation of the clip that was offered, from the Clip page. For callbacks.

    Args:
        address: what else it begins with.
    """
    come_from("clip")
    st.switch_page("present.py", query_params=dict(address))


def leave() -> None:
    """Go back to the page one came from, as it was; to the Clip page without one. For callbacks."""
    page, address = st.session_state.get(_ORIGIN, ("clip", {}))
    st.switch_page(f"{page}.py", query_params=address)
