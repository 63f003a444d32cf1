"""What can be looked at more closely below the player: one view at a time is computed."""

from collections.abc import Callable

import streamlit as st

from pages.clip_page import (
    denoising_view as denoising,
)
from pages.clip_page import (
    over_time_view as over_time,
)
from pages.clip_page import (
    similar_view as similar,
)
from pages.clip_page import (
    spectrum_view as spectrum,
)
from pages.clip_page import (
    why_view as why,
)
from pages.clip_page.background_work import stop_others
from pages.clip_page.context import ClipContext
from pages.clip_page.page_rerun import page_is_due
from pages.shared.error_messages import show_errors

VIEWS: dict[str, Callable[[ClipContext], None]] = {
    "Why": why.draw,
    "Spectrum": spectrum.draw,
    "Denoising": denoising.draw,
    "Similar clips": similar.draw,
    "Over time": over_time.draw,
}


@st.fragment
def look_closer(context: ClipContext) -> None:
    """The chosen view. What is changed in it leaves the player alone."""
    if page_is_due():
        st.rerun()
    stop_others(context.signal.clip.sha256)
    look = st.segmented_control(
        "Look closer",
        list(VIEWS),
        default=next(iter(VIEWS)),
        required=True,
        key="look",
        bind="query-params",
        label_visibility="collapsed",
        width="stretch",
    )
    with show_errors():
        VIEWS[str(look)](context)
