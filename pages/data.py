"""From a folder of recordings to trained detectors: add, see what was understood, train."""

from functools import partial

import streamlit as st

from asd_core.errors import AsdError
from pages.data_page.activity import activity
from pages.data_page.add import add_recordings
from pages.data_page.datasets import NEW, Entry, entries, overview
from pages.data_page.manage import manage
from pages.data_page.survey_view import survey_view
from pages.data_page.train import train
from pages.data_page.versions import versions
from pages.shared import linked
from pages.shared.absent import absent, follow, forget, look, quoted
from pages.shared.error_messages import show_errors
from pages.shared.names import distinct
from pages.shared.sidebar import chosen_or_last, start_with

PAGE = "Data"

st.title("Data")
with show_errors():
    by_name = {entry.name: entry for entry in entries()}
    titles = distinct({name: entry.title for name, entry in by_name.items()}) | {NEW: "Add recordings …"}
    if (opens := st.session_state.pop("data_open", None)) in (NEW, *by_name):
        st.session_state["data"] = opens
    overview(list(by_name.values()))
    look("data", PAGE, titles.values())
    draw = partial(
        linked.selectbox, "Dataset to look at", [NEW, *by_name], format_func=titles.__getitem__, key="data", width=360
    )
    chosen = chosen_or_last("data", True, draw, titles.__contains__, NEW)
    follow("data", PAGE, titles, chosen)
    if wanted := absent("data", PAGE, titles.values(), chosen):
        st.info(
            f"The dataset {quoted(wanted)} is not here (any more): below, recordings can be added.",
            icon=":material/link_off:",
        )
    if chosen == NEW:
        forget("dataset")
        add_recordings()
    else:
        start_with(chosen, titles[chosen])
        entry: Entry = by_name[chosen]
        dataset = None
        try:
            if (dataset := survey_view(entry)) is not None:
                train(entry, dataset)
        except AsdError as error:  # the dataset can still be deleted, and another version be put in use
            st.error(str(error), icon=":material/error:")
        manage(entry)
        versions(entry, dataset)
    activity()
