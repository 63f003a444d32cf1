"""Every upload in one row, scored in the background: does it belong, is it normal, by which detector, and where."""

from functools import partial
from typing import Any

import pandas as pd
import streamlit as st

from asd_core.counting import percent
from asd_core.csv_text import csv_of
from asd_core.explain import SUMMARY, map_of
from asd_core.sound import Channel
from pages.clip_page.background_work import EVERY, MANY, Work, begun, forget, over
from pages.clip_page.page_rerun import page_is_due, run_page
from pages.clip_page.reliability import reliability_of
from pages.clip_page.upload_scores import result_key, score_uploads, stored_result, upload_row
from pages.clip_page.verdict import head_of, in_tables
from pages.shared.choice import Choice, title
from pages.shared.job_panel import progress_bar
from pages.shared.tables import download, file_name, table
from pages.shared.uploads import uploads
from pages.shared.warm_up import is_warm

SLOT, TABLE = "uploads", "uploads_table"
MOST_ROWS = 8
# Of the file.
COLUMNS = [
    "name",
    "sha256",
    "machine_id",
    "channel",
    "false_alarm_rate",
    *SUMMARY,
    "recorded_otherwise",
    "problem",
]


def upload_table(selected: Choice, channel: Channel) -> None:
    """The table of several uploads; nothing for one, whose verdict card is enough.

    Args:
        selected: with the detectors alone that know the machine.
        channel: that is asked for.
    """
    warm, known = is_warm(), list(uploads().values())
    if len(known) < 2 or not selected.detectors:
        return
    mapped = map_of(reliability_of(selected).order)
    keys = [result_key(selected, upload, channel, mapped) for upload in known]
    todo = [upload for upload, key in zip(known, keys, strict=True) if stored_result(key) is None]
    now: Work | None = None
    if todo and warm:
        work_key, do = (MANY, *keys), partial(score_uploads, selected, todo, channel, mapped)
        now = begun(SLOT, work_key, "Scoring the uploads", do)
        lost = now.result is not None and any(stored_result(key) is None for key in keys)
        if lost:  # the cache had no room for the results
            forget(SLOT)
            now = begun(SLOT, work_key, "Scoring the uploads", do)
        if not now.running and now.result is None:
            over(now)
    running = now if now is not None and now.running else None
    waits = bool(todo) and not warm
    st.fragment(_draw, run_every=EVERY if running or waits else None)(selected, channel, running, waits)


def _draw(selected: Choice, channel: Channel, now: Work | None, waits: bool) -> None:
    """The rows that are there by now. The page is drawn anew when what goes on has ended, or can begin.

    Args:
        now: what goes on.
        waits: for the detectors to be imported.
    """
    if page_is_due() or (now is not None and not now.running) or (waits and is_warm()):
        st.rerun()
    reliability = reliability_of(selected)
    rows = [upload_row(selected, upload, channel, reliability) for upload in uploads().values()]
    hashes = [row["sha256"] for row in rows]
    open_now = st.session_state.get("uploaded")
    if open_now in hashes:  # also after Back and Next
        st.session_state[TABLE] = {"selection": {"rows": [hashes.index(open_now)], "columns": [], "cells": []}}
    done = [row for row in rows if "problem" in row]
    shown = pd.DataFrame([_shown(row) for row in rows])
    if shown["Channel"].isin(["", "1"]).all():
        shown = shown.drop(columns="Channel")
    # By the rows, as the card has it: a detector that cannot be run leaves the next one to decide.
    leading = list(dict.fromkeys(row["detector"] for row in done if row.get("detector"))) or [reliability.chosen()]
    table(
        shown,
        key=TABLE,
        most=MOST_ROWS,
        margins=["Margin"],
        on_select=partial(_open, hashes),
        selection_mode=["single-row-required", "single-cell"],  # its circle and all its cells
        alt="The uploads, a row each",
        placeholder="",
        column_config=_columns(len(reliability.trusted)),
    )
    if now is not None:  # below the rows, which stay where they are when it goes
        progress_bar(now.title, now.fraction, now.message or "begins", SLOT, now.stop)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(
            f"A click on a row opens the recording. Verdict and margin: {', '.join(map(title, filter(None, leading))) or 'no detector'} at "
            f"{percent(selected.rate)} false alarms, as recorded, for machine id {selected.machine_id}."
        )
        if done:
            name = file_name("uploads", f"id {selected.machine_id}", "original", of=(selected.source.name, done))
            download("CSV", partial(_csv, done), name, key="uploads_csv")


def _open(hashes: list[str]) -> None:
    """Open the upload of the clicked row, by what is in it: names repeat."""
    chosen = st.session_state[TABLE].selection
    rows = [row for row, _ in chosen.cells] or chosen.rows
    if rows and rows[0] < len(hashes):
        st.session_state["uploaded"] = hashes[rows[0]]
        run_page()


def _csv(rows: list[dict[str, Any]]) -> str:
    return csv_of(pd.DataFrame(rows, columns=COLUMNS))


def _shown(row: dict[str, Any]) -> dict[str, Any]:
    """A row as it is shown."""
    return {
        "Name": row["name"],
        "Belongs": _applicability(row),
        "Verdict": _verdict(row),
        "Agree": row.get("agree")
        if row.get("trusted") and row["ground"] != "foreign"
        else None,  # on a decision that counts
        "Margin": row.get("margin"),
        "From": row.get("t0"),
        "To": row.get("t1"),
        "Low": row.get("f0"),
        "High": row.get("f1"),
        "Channel": row.get("channel", ""),
    }


def _verdict(row: dict[str, Any]) -> str:
    if row.get("problem"):
        return ""
    return in_tables(head_of(row["verdict"] or "", row["ground"])) if "verdict" in row else "…"


def _applicability(row: dict[str, Any]) -> str:
    if row.get("problem"):
        return f"not scored: {row['problem']}"
    if "applicable" not in row:
        return ""
    if row["applicable"] is False:
        return f"no: {row['reason']}"
    belongs = "not known" if row["applicable"] is None else "yes"
    return f"{belongs}, recorded otherwise" if row["recorded_otherwise"] else belongs


def _columns(n_trusted: int) -> dict[str, Any]:
    column = st.column_config
    return {
        "Name": column.TextColumn(width=170, pinned=True),
        "Belongs": column.TextColumn(
            "Of this machine",
            width=124,
            help="Whether the recording may be one of this machine at all. A verdict on one that is not means little, and one on a "
            "recording with another rate, level or offset than the training's may come from that: the open recording says which.",
        ),
        "Verdict": column.TextColumn(width=112, help="As on the card of the open recording."),
        "Agree": column.NumberColumn(
            format=f"%d of {n_trusted}",
            width=80,
            help="Trusted detectors that decide as the leading one. One that is too close to its threshold to tell is not counted.",
        ),
        "Margin": column.NumberColumn(
            width=66,
            help="Of the leading detector's score over its threshold, in spreads of its held-out normal clips.",
        ),
        "From": column.NumberColumn("From, s", format="%.1f", width=62, help="Where the fault stands out most."),
        "To": column.NumberColumn("To, s", format="%.1f", width=54),
        "Low": column.NumberColumn("Low, Hz", format="%.0f", width=68, help="The band that holds most of it there."),
        "High": column.NumberColumn("High, Hz", format="%.0f", width=72),
        "Channel": column.TextColumn(width=68, help="That was analysed."),
    }
