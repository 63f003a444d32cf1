"""From points and rows to their clips: facts in words, the Clip page, the Label page."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import pandas as pd
import streamlit as st

from pages.shared import address
from pages.shared.choice import choice
from pages.shared.label_selection import select_to_label
from pages.shared.recordings import seen_clips
from pages.shared.sidebar import as_parameters

_ORIGIN = "clip_opened_from"  # in the session
ANY = "any"
CLIP = "clip"  # of the open clip: its parameter in the address and its key in the session
OF_ONE_CLIP = ("region", "noise")  # parameters that mean nothing on another
FILTERS = ("split", "label", "fault")  # of the Clip page's picker: their parameters


def open_clip(clip_id: str, machine_id: str | None = None) -> None:
    """Open a clip, whatever the filters and machine id were. For callbacks: they run before any widget is drawn.

    Args:
        machine_id: the clip's, where it is known; otherwise it is looked up.
    """
    if machine_id is None:
        rows = seen_clips(choice().source)
        machine_id = str(rows.loc[rows["clip_id"] == clip_id, "machine_id"].iloc[0])
    page = urlsplit(st.context.url or "").path.strip("/").rsplit("/", 1)[-1]
    stays: address.Query = _query_values("look", "window")
    if page:
        st.session_state[_ORIGIN] = (page, address.query())
    else:  # the Clip page itself
        stays = {name: values for name, values in address.query().items() if name not in OF_ONE_CLIP}
    address.visit("", {**stays, **as_parameters(machine_id), **dict.fromkeys(FILTERS, ANY), CLIP: clip_id})


def label_clips(clip_ids: list[str]) -> None:
    """Open the Label page with these clips as its queue. For callbacks."""
    select_to_label(clip_ids)
    address.visit("label", {**_query_values("blind", "autoplay"), **as_parameters()})


def _query_values(*keys: str) -> address.Query:
    """The values of the linked widgets of a page that was left."""
    return {key: str(st.session_state[key]) for key in keys if key in st.session_state}


def return_button() -> None:
    """Offer the way back to the list that the clip was opened from, as it was; nothing where it was opened by hand."""
    if _ORIGIN not in st.session_state:
        return
    page, _ = st.session_state[_ORIGIN]
    name = page.replace("_", " ").capitalize()
    st.button(f"Back to {name}", key="return", icon=":material/arrow_back:", type="tertiary", on_click=_return)


def _return() -> None:
    address.visit(*st.session_state.pop(_ORIGIN))


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
