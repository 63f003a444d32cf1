"""Which version of the clip a view is of."""

import streamlit as st

from pages.clip_page.context import ClipContext
from pages.shared.sound import DENOISED, RECORDED, Sound


def which_sound(context: ClipContext) -> Sound:
    """A switch between the two versions; the same one for all views."""
    of = st.segmented_control(
        "Sound",
        (RECORDED, DENOISED),
        default=RECORDED,
        required=True,
        key="of",
        bind="query-params",
        help="Detectors learned from undenoised sound.",
    )
    return context.sound(context.strength if of == DENOISED else 0.0)
