"""Rename or delete a dataset that was added here."""

import shutil

import streamlit as st

from asd_core.datasets import delete_dataset, rename_dataset
from asd_core.roles import Role
from pages.data_page.datasets import NEW, Entry
from pages.shared.permissions import acting, button


def manage(entry: Entry) -> None:
    """Draw the controls."""
    if entry.place is None:
        return
    with st.expander("Rename or delete", icon=":material/edit:"):
        with st.container(horizontal=True, vertical_alignment="bottom"):
            title = st.text_input("New name", entry.title, key=f"rename_{entry.name}", max_chars=80, width=360)
            if button("Rename", Role.TRAIN, disabled=title.strip() in ("", entry.title)):
                with acting(Role.TRAIN, "renamed", entry.name, note=f"{entry.title} is {title.strip()} now"):
                    rename_dataset(entry.place, title)
                st.rerun()
        with st.container(horizontal=True, vertical_alignment="bottom"):
            typed = st.text_input(
                f"To delete it and its detectors, type its name: {entry.title}", key=f"delete_{entry.name}", width=360
            )
            disabled = typed.strip() != entry.title
            if button("Delete", Role.ADMINISTER, disabled=disabled, icon=":material/delete:"):
                with acting(Role.ADMINISTER, "deleted", entry.name, note=entry.title):
                    delete_dataset(entry.place)
                    shutil.rmtree(entry.models, ignore_errors=True)
                st.session_state["data_open"] = NEW
                st.rerun()
        st.caption("Labels are not deleted, nor the files that the recordings came from.")
