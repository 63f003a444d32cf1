"""The clip that was clicked: played and drawn at once, opened by a button."""

from collections.abc import Mapping
from typing import Any

import pandas as pd
import streamlit as st

from asd_core.errors import AsdError
from asd_core.sound import Clip
from pages.components.player import player
from pages.shared.open_clip import open_clip
from pages.shared.recordings import catalogue_clip, clip_titles
from pages.shared.signals import signal_of
from pages.shared.sources import Source

CLICKED, CLICKS = "space_clicked", "space_clicks"  # in the session: the clip's number, and which click it was
_FACTS = {"machine_id": "id {}", "severity": "severity {}", "snr_db": "SNR {} dB"}
_FIRST = ("label", "fault", "machine_id", "split")


def click(number: int) -> None:
    """Remember which clip was clicked; each click plays it from its start."""
    st.session_state[CLICKED] = number
    st.session_state[CLICKS] = st.session_state.get(CLICKS, 0) + 1


def clip_panel(source: Source, about: pd.DataFrame) -> None:
    """Name, facts, sound and spectrogram of the clicked clip; before the first click, what a click does."""
    number = st.session_state.get(CLICKED)
    if number is None or number not in about.index:
        st.markdown("**Click a point to hear it**")
        st.caption(
            "Hold the pointer over a point to see its spectrogram. Draw a line around points to list them below."
        )
        return
    row = about.loc[number]
    clip_id = str(row["clip_id"])
    st.markdown(f"**{clip_titles(source, [clip_id])[0]}**", help=f"File {clip_id}")
    st.caption(facts(row))
    try:
        listen(catalogue_clip(source, clip_id))
    except AsdError as error:
        st.error(str(error), icon=":material/error:")
    st.button(
        "Open on the Clip page",
        key="space_open",
        icon=":material/graphic_eq:",
        on_click=open_clip,
        args=(clip_id, str(row["machine_id"])),
    )


def facts(row: Mapping[str, Any] | pd.Series) -> str:
    """What the catalogue says of a clip, in a line."""
    names = [*_FIRST, *(name for name in _FACTS if name not in _FIRST)]
    known = {name: str(row[name]) for name in names if name in row}
    if known.get("label") == "normal":
        known.pop("severity", None)  # of no fault
    return " · ".join(
        _FACTS.get(name, "{}").format(value.replace("_", " "))
        for name, value in known.items()
        if value not in ("", "nan")
    )


def listen(clip: Clip) -> None:
    """Play a clip from its start: a new one on arrival, the same one again after another click."""
    clicks = int(st.session_state.get(CLICKS, 0))
    player(signal_of(clip), key="space_player", seek=(0.0, clicks), autoplay=True, compact=True)
