"""Correct a single recording of those whose names begin alike."""

import streamlit as st

from asd_core.datasets import Answer, Survey, exactly
from asd_core.roles import Role
from pages.data_page.hear import hear
from pages.shared.names import numbered
from pages.shared.permissions import may

AS_UNDERSTOOD = "as understood"
LISTED = 5000  # recordings of a row that the list holds: more are slow to send


def one_recording(surveyed: Survey, labels: tuple[str, ...], version: str) -> list[Answer]:
    """Choose a recording, hear it, and give it values of its own; the answer where there are some.

    Args:
        labels: that can be given.
        version: part of the widgets' keys: they are empty again once the answer is saved.
    """
    groups: dict[str, list[str]] = {}
    for group in surveyed.usable_groups:
        groups[numbered(group.pattern, groups)] = group.clip_ids
    if surveyed.left_out:
        groups["left out"] = surveyed.left_out
    if not groups or not may(Role.TRAIN):
        return []
    with st.expander("Correct one recording", icon=":material/edit:", key="one_recording", on_change="rerun") as box:
        if not box.open:
            return []
        with st.container(horizontal=True, vertical_alignment="bottom"):
            row = st.selectbox("Names", list(groups), key=f"one_row_{version}", width=360)
            names = groups[row][:LISTED]
            clip_id = st.selectbox("Recording", names, key=f"one_file_{version}_{row}", width=360)
        if len(groups[row]) > LISTED:
            st.caption(f"The first {LISTED:,} of {len(groups[row]):,} are listed.")
        hear([clip_id], surveyed.read)
        key = f"{version}_{clip_id}"
        with st.container(horizontal=True, vertical_alignment="bottom"):
            label = st.selectbox("Its label", (AS_UNDERSTOOD, *labels), key=f"one_label_{key}", width=180)
            split = st.selectbox("Its set", (AS_UNDERSTOOD, "train", "test"), key=f"one_split_{key}", width=180)
            machine_id = st.text_input("Its machine id", key=f"one_id_{key}", placeholder=AS_UNDERSTOOD, width=180)
    values = {"label": label, "split": split, "machine_id": machine_id.strip()}
    given = {name: value for name, value in values.items() if value not in ("", AS_UNDERSTOOD)}
    return [{"pattern": exactly(clip_id), **given}] if given else []
