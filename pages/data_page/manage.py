"""Rename or delete a dataset that was added here."""

import shutil

import streamlit as st

from asd_core.datasets import delete_dataset, rename_dataset
from pages.data_page.datasets import Entry


def manage(entry: Entry) -> None:
    """Draw the controls."""
    if entry.place is None:
        return
    with st.expander("Rename or delete", icon=":material/edit:"):
        with st.container(horizontal=True, vertical_alignment="bottom"):
            title = st.text_input("New name", entry.title, key=f"rename_{entry.name}", max_chars=80, width=360)
            if st.button("Rename", disabled=title.strip() in ("", entry.title)):
                rename_dataset(entry.place, title)
                st.rerun()
        with st.container(horizontal=True, vertical_alignment="bottom"):
            typed = st.text_input(
                f"To delete it and its detectors, type its name: {entry.title}", key=f"delete_{entry.name}", width=360
            )
            if st.button("Delete", disabled=typed.strip() != entry.title, icon=":material/delete:"):
                delete_dataset(entry.place)
                shutil.rmtree(entry.models, ignore_errors=True)
                st.session_state["data_open"] = "new"
                st.rerun()
        st.caption("Labels are not deleted, nor the files that the recordings came from.")
