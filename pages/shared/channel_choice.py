"""Which channel of the recordings is analysed."""

import streamlit as st

from asd_core.errors import ClipError
from asd_core.settings import get_settings
from asd_core.sound import MEAN, Channel, channel_label, named_channel
from pages.shared import linked

CHANNEL = "channel"  # key of the widget, and parameter of the address
PRESENTED = "of_channel"  # of a presentation's address: Streamlit drops a widget's own where that is not drawn


def channel_in_address(n_channels: int) -> Channel:
    """The channel that a presentation's address names; the settings' where that is none of a recording with so many."""
    return _known(st.query_params.get(PRESENTED), n_channels)


def channel_to_be_chosen(n_channels: int) -> Channel:
    """What :func:`chosen_channel` will give when it is drawn, further down in the page."""
    return _known(st.session_state.get(CHANNEL) or st.query_params.get(CHANNEL), n_channels)


def _known(name: str | None, n_channels: int) -> Channel:
    try:
        channel = named_channel(name) if name and n_channels > 1 else get_settings().channel
    except ClipError:
        return get_settings().channel
    return channel if channel == MEAN or channel < n_channels else get_settings().channel


def chosen_channel(n_channels: int) -> Channel:
    """Draw the choice where there is one; the settings' channel where there is none.

    Args:
        n_channels: of the recording, or of the one of several that has most.
    """
    first = get_settings().channel
    if n_channels == 1:
        return first
    options = [*(channel_label(channel) for channel in range(n_channels)), MEAN]
    label = linked.selectbox(
        "Channel",
        options,
        index=min(first, n_channels - 1),
        key=CHANNEL,
        width=110,
        help="What is played, drawn and scored: one channel, counted from 1 (the left one), or the mean of all.",
    )
    return named_channel(label)
