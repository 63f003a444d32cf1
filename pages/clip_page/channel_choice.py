"""Which channel of the recordings is analysed."""

from asd_core.settings import get_settings
from asd_core.sound import MEAN, Channel, channel_label, named_channel
from pages.shared import linked


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
        key="channel",
        width=110,
        help="What is played, drawn and scored: one channel, counted from 1 (the left one), or the mean of all.",
    )
    return named_channel(label)
