"""For administrators: who trained, deleted, exported and the like."""

import pandas as pd
import streamlit as st

from asd_core.roles import Role
from pages.shared.permissions import may
from pages.shared.tables import download, file_name, table

SHOWN = 200  # of the newest
ROWS = 12  # that are seen without scrolling


def activity() -> None:
    """Draw it when it is opened: the database's library is not read by whoever adds recordings."""
    if not may(Role.ADMINISTER):
        return
    with st.expander("Activity", icon=":material/history:", key="activity", on_change="rerun") as box:
        if box.open:
            _entries()


def _entries() -> None:
    from asd_core.audit import audit_csv
    from pages.shared.label_store import label_store

    log = label_store().audit
    newest = log.entries(limit=SHOWN)
    if not newest:
        st.caption("Nobody has trained, deleted, exported or the like yet.")
        return
    rows = pd.DataFrame([entry.words() for entry in newest])
    headings = {"time": "Time (UTC)", "who": "Who", "act": "Did", "dataset": "Dataset", "details": "Details"}
    table(rows.rename(columns=headings), key="activity_table", most=ROWS)
    with st.container(horizontal=True, vertical_alignment="center"):
        download("All as CSV", lambda: audit_csv(log.entries()), file_name("activity", of=newest[0].uid))
        st.caption(
            f"The newest {SHOWN}; all are in the file. " * (len(newest) == SHOWN)
            + "Nothing of it can be changed. Labels have a history of their own."
        )
