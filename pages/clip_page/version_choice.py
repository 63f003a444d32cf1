"""Which version of the clip a view is of."""

import streamlit as st

from asd_core.sound import DENOISED, RECORDED, Signal
from pages.clip_page.context import ClipContext


def chosen_version(context: ClipContext) -> Signal:
    """A switch between the two versions; the same one for all views."""
    version = st.segmented_control(
        "Sound",
        (RECORDED, DENOISED),
        default=RECORDED,
        required=True,
        key="of",
        bind="query-params",
        help="Detectors learned from undenoised sound.",
    )
    return context.signal if version == DENOISED else context.signal.dry
