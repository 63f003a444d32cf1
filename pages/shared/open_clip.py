"""From a point or a row to its clip: facts in words, and the Clip page."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import pandas as pd
import streamlit as st

from pages.shared.choice import choice
from pages.shared.recordings import seen_clips
from pages.shared.way_back import go_to, place

_ORIGIN = "clip_opened_from"  # in the session
ANY = "any"
FILTERS = ("split", "label", "fault")  # of the Clip page's picker: also their keys in the session


def open_clip(clip_id: str, machine_id: str | None = None) -> None:
    """Open a clip, whatever the filters and machine id were. For callbacks: they run before any widget is drawn.

    Args:
        machine_id: the clip's, where it is known; otherwise it is looked up.
    """
    if machine_id is None:
        rows = seen_clips(choice().source)
        machine_id = str(rows.loc[rows["clip_id"] == clip_id, "machine_id"].iloc[0])
    st.session_state["machine"] = machine_id
    st.session_state["from"] = "Catalogue"
    for name in FILTERS:
        st.session_state[name] = ANY
    st.session_state["clip"] = clip_id
    _remember_origin()
    # Without parameters of its own a switch clears the address, which bound widgets refuse; they write it again.
    st.switch_page("clip.py", query_params={})


def _remember_origin() -> None:
    """Keep the page and the address that a clip is opened from, for :func:`return_button`."""
    page = urlsplit(st.context.url or "").path.strip("/").rsplit("/", 1)[-1]
    if page:
        st.session_state[_ORIGIN] = place(page)


def return_button() -> None:
    """Offer the way back to the list that the clip was opened from, as it was; nothing where it was opened by hand."""
    if _ORIGIN not in st.session_state:
        return
    page, _ = st.session_state[_ORIGIN]
    name = page.replace("_", " ").capitalize()
    st.button(f"Back to {name}", key="return", icon=":material/arrow_back:", type="tertiary", on_click=_return)


def _return() -> None:
    go_to(st.session_state.pop(_ORIGIN))


def clip_facts(row: Mapping[str, Any] | pd.Series) -> list[str]:
    """Fault, severity and noise of a clip in words, as far as the catalogue knows them."""
    known = {k: row[k] for k in ("fault", "severity", "snr_db") if k in row and str(row[k]) not in ("", "nan")}
    forms = {"fault": "{}", "severity": "severity {:.2f}", "snr_db": "SNR {:g} dB"}
    if not known.get("fault"):
        known.pop("severity", None)  # of no fault
    return [forms[k].format(v).replace("_", " ") for k, v in known.items()]


def open_row(key: str, clips: pd.DataFrame) -> None:
    """Open the clip of the chosen row of a table.

    Args:
        clips: columns clip_id, machine_id, a row for each of the table's.
    """
    rows = st.session_state[key].selection.rows
    if rows:
        chosen = clips.iloc[rows[0]]
        open_clip(str(chosen["clip_id"]), str(chosen["machine_id"]))
