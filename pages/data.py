"""From a folder of recordings to trained detectors: add, see what was understood, train."""

import streamlit as st

from pages.data_page.add import add_recordings
from pages.data_page.datasets import Entry, entries, overview
from pages.data_page.manage import manage
from pages.data_page.train import train
from pages.data_page.understood import understood
from pages.data_page.versions import versions
from pages.shared import linked
from pages.shared.error_messages import show_errors
from pages.shared.names import distinct

NEW = "new"

st.title("Data")
with show_errors():
    by_name = {entry.name: entry for entry in entries()}
    titles = distinct({name: entry.title for name, entry in by_name.items()}) | {NEW: "Add recordings …"}
    if (opens := st.session_state.pop("data_open", None)) in (NEW, *by_name):
        st.session_state["data"] = opens
    overview(list(by_name.values()))
    chosen = linked.selectbox(
        "Dataset to look at", [NEW, *by_name], format_func=titles.__getitem__, key="data", width=360
    )
    if chosen == NEW:
        add_recordings()
    else:
        entry: Entry = by_name[chosen]
        dataset = understood(entry)
        if dataset is not None:
            train(entry, dataset)
            versions(entry)
        manage(entry)
