"""The way into the presentation, and where it leads back to."""

from typing import TYPE_CHECKING

import streamlit as st

from pages.shared import address

if TYPE_CHECKING:  # the entry script imports this before the first picture
    from pages.shared.sources import Source

PRESENT = "Present"  # the page's title
_ORIGIN = "presented_from"  # in the session
_CLIP = "presented_clip"  # in the session: name of the dataset, and what an address says of the clip


def come_from(page: str) -> None:
    """Keep the page that is open, for :func:`origin`.

    Args:
        page: its path, empty for the first page.
    """
    st.session_state[_ORIGIN] = (page, address.query())


def origin() -> tuple[str, address.Query] | None:
    """The page one came from; ``None`` where a link opened the presentation."""
    stored: tuple[str, address.Query] | None = st.session_state.get(_ORIGIN)
    return stored


def offer(source: "Source", clip: tuple[str, str]) -> None:
    """Have a clip presented unless an address names another one.

    Args:
        source: the clip's.
        clip: what an address says of it, and how it is called there.
    """
    st.session_state[_CLIP] = (source.name, clip)


def offered(source: "Source") -> tuple[str, str] | None:
    """The clip of a source that was offered last."""
    name, clip = st.session_state.get(_CLIP, ("", None))
    return clip if name == source.name else None
