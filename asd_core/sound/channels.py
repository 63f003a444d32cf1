"""Which channel of a recording is analysed: a chosen one or the mean of all, and never a silent one where another has sound."""

from asd_core.errors import ClipError
from asd_core.sound.recording import MEAN, SILENCE_RMS, Channel, Clip, loudness, samples_of


def channel_name(channel: Channel) -> str:
    """For people, who count from 1."""
    return "the mean of all channels" if channel == MEAN else f"channel {channel + 1}"


def channel_label(channel: Channel) -> str:
    """As it is chosen and stored: ``1``, ``2``, … or ``mean``."""
    return MEAN if channel == MEAN else str(channel + 1)


def named_channel(label: str) -> Channel:
    """The channel of a :func:`channel_label`.

    Raises:
        ClipError: for a text that is none.
    """
    if label == MEAN:
        return MEAN
    if label.isdecimal() and int(label) > 0:
        return int(label) - 1
    raise ClipError(f"{label} is no channel: choose 1, 2, … or {MEAN}.")


def has_sound(clip: Clip, channel: Channel) -> bool:
    """Whether the clip has this channel and something was recorded on it."""
    if channel != MEAN and channel >= clip.n_channels:
        return False
    return bool(loudness(samples_of(clip, channel))[0] >= SILENCE_RMS)


def usable_channel(clip: Clip, wanted: Channel) -> tuple[Channel, str]:
    """The channel to analyse, and a note on the choice.

    Args:
        wanted: from 0, or :data:`MEAN`.

    Returns:
        The wanted channel and an empty text; where it is silent or missing, the first one that has sound and a sentence that
        names both.
    """
    if wanted == MEAN and clip.n_channels == 1:
        return 0, ""
    if has_sound(clip, wanted):
        return wanted, ""
    other = next((channel for channel in range(clip.n_channels) if has_sound(clip, channel)), wanted)
    if other == wanted:
        return wanted, ""
    missing = wanted != MEAN and wanted >= clip.n_channels
    name = channel_name(wanted)
    trouble = f"{clip.name} has no {name}" if missing else f"{name[0].upper()}{name[1:]} of {clip.name} is silent"
    return other, f"{trouble}: {channel_name(other)} is analysed instead."
