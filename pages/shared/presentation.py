"""The way into the presentation, and where it leads back to."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import streamlit as st

from pages.shared.way_back import Place, place

if TYPE_CHECKING:  # the entry script imports this before the first picture
    from pages.shared.sources import Source

PRESENT = "Present"  # the page's title
_ORIGIN = "presented_from"  # in the session
_CLIP = "presented_clip"  # in the session: name of the dataset, and what an address says of the clip


def come_from(page: str) -> None:
    """Keep the page that is open, for :func:`origin`.

    Args:
        page: name of its script, without ``.py``.
    """
    st.session_state[_ORIGIN] = place(page)


def origin() -> Place | None:
    """The page one came from; ``None`` where a link opened the presentation."""
    found: Place | None = st.session_state.get(_ORIGIN)
    return found


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
