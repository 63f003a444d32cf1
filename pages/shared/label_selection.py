"""Clips that another page wants to be labelled."""

from collections.abc import Sequence

import streamlit as st

_SELECTION = "label_queue"  # in the session: their ids


def selected_to_label() -> Sequence[str]:
    """Ids of the clips that were sent to the Label page, in order."""
    clip_ids: Sequence[str] = st.session_state.get(_SELECTION, ())
    return clip_ids


def select_to_label(clip_ids: list[str]) -> None:
    """Make these clips the Label page's queue."""
    st.session_state[_SELECTION] = clip_ids
