"""What can be looked at more closely below the player: one view at a time is computed."""

from collections.abc import Callable

import streamlit as st

from pages.clip_page import denoising_view, over_time_view, similar_view, spectrum_view, why_view
from pages.clip_page.background_work import stop_others
from pages.clip_page.context import ClipContext
from pages.clip_page.page_rerun import page_is_due
from pages.shared import linked
from pages.shared.error_messages import show_errors

VIEWS: dict[str, Callable[[ClipContext], None]] = {
    "Why": why_view.draw,
    "Spectrum": spectrum_view.draw,
    "Denoising": denoising_view.draw,
    "Similar clips": similar_view.draw,
    "Over time": over_time_view.draw,
}


@st.fragment
def look_closer(context: ClipContext) -> None:
    """The chosen view. What is changed in it leaves the player alone."""
    if page_is_due():
        st.rerun()
    stop_others(context.signal.clip.sha256)
    view = linked.segmented("Look closer", list(VIEWS), key="look", label_visibility="collapsed", width="stretch")
    with show_errors():
        VIEWS[view](context)
