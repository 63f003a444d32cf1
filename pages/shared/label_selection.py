"""Clips that another page wants to be labelled."""

from collections.abc import Sequence

import streamlit as st

from pages.shared import address
from pages.shared.sidebar import as_parameters

_SELECTION = "label_queue"  # in the session: their ids


def selected_to_label() -> Sequence[str]:
    """Ids of the clips that were sent to the Label page, in order."""
    clip_ids: Sequence[str] = st.session_state.get(_SELECTION, ())
    return clip_ids


def label_clips(clip_ids: list[str]) -> None:
    """Open the Label page with these clips as its queue. For callbacks."""
    st.session_state[_SELECTION] = clip_ids
    address.visit("label", as_parameters())
