"""The clips inside a lasso: a table to listen through, to download, to send on."""

from dataclasses import replace

import pandas as pd
import streamlit as st

from asd_core.counting import counted, percent
from asd_core.csv_text import csv_of
from asd_core.scoring import with_applicability
from asd_core.space import MARGIN, chosen_clips, readable_columns
from pages.feature_space_page.clip_panel import click
from pages.feature_space_page.scores import LEARNED, stored
from pages.shared import linked
from pages.shared.choice import Choice, title
from pages.shared.open_clip import label_clips
from pages.shared.recordings import clip_titles
from pages.shared.tables import download, file_name, table
from pages.shared.trained_models import versions_of
from pages.shared.unknown_machine import name_others

CHOSEN = "space_chosen"  # in the session: numbers of the clips inside the lasso
MOST_SCORES, MOST_ROWS = 3, 12


def selection(selected: Choice, about: pd.DataFrame) -> None:
    """The table of the chosen clips and what can be done with them; nothing while none is chosen."""
    numbers: list[int] = st.session_state.get(CHOSEN, [])
    if not numbers:
        return
    with st.container(horizontal=True, vertical_alignment="bottom"):
        keys = linked.multiselect(
            "Scores of",
            selected.detectors,
            default=selected.detectors[:1],
            max_selections=MOST_SCORES,
            key="scores",
            format_func=title,
            width=420,
        )
        titles = {key: title(key) for key in keys}
        rows = with_applicability(about.loc[about.index.isin(numbers)], selected.source.folder)
        scores = stored(selected, keys)
        clips = chosen_clips(rows, numbers, scores, titles, versions_of(selected.source), selected.rate)
        content = csv_of(clips)
        download("CSV", content, file_name("clips", selected.source.name, "original", of=content), key="space_csv")
        ids = clips["clip_id"].tolist()
        st.button("Label them", key="space_label", icon=":material/label:", on_click=label_clips, args=(ids,))
        st.button("Clear", key="space_clear", icon=":material/close:", on_click=choose, args=([],))
    normal, anomalies = (int((clips["label"] == label).sum()) for label in ("normal", "anomaly"))
    st.caption(
        f"**{counted(len(clips), 'clip')} selected** of {len(about)} on the map: {normal} normal, "
        f"{counted(anomalies, 'anomaly', 'anomalies')}. Choose a row to hear it. A detector's column is the margin over its threshold for "
        f"{percent(selected.rate)} false alarms, in spreads of its own held-out normal clips: above 0 it calls the clip an "
        f"anomaly. Clips whose scores are not stored have none. {LEARNED}"
    )
    name_others(replace(selected, detectors=keys), *sorted(clips["machine_id"].unique()))
    event_key = f"space_rows_{st.session_state.get('space_lassos', 0)}"  # another selection has other rows
    table(
        readable_columns(clips.assign(clip_id=clip_titles(selected.source, clips["clip_id"]))),
        most=MOST_ROWS,
        key=event_key,
        on_select=lambda: _row(event_key, clips.index.tolist()),
        selection_mode="single-row",
        alt="Selected clips",
        column_config={
            "clip_id": st.column_config.TextColumn("Clip", width=280),
            "machine_id": st.column_config.TextColumn("Machine id", width=80),
            "split": st.column_config.TextColumn("Set", width=60, help="The dataset's split."),
            "label": st.column_config.TextColumn("Label", width=80),
            "fault": st.column_config.TextColumn("Fault", width=120),
            "severity": st.column_config.NumberColumn("Severity", width=70, format="%.2f"),
            "snr_db": st.column_config.NumberColumn("SNR in dB", width=80),
            **{
                f"{title(key)}, {MARGIN}": st.column_config.NumberColumn(
                    title(key), format="%+.1f", width=150, help="Margin over the threshold, in normal spreads."
                )
                for key in keys
            },
        },
    )


def choose(numbers: list[int]) -> None:
    """Keep what a lasso chose; none clears the table."""
    st.session_state[CHOSEN] = numbers
    st.session_state["space_lassos"] = st.session_state.get("space_lassos", 0) + 1


def _row(key: str, numbers: list[int]) -> None:
    rows = st.session_state[key].selection.rows
    if rows:
        click(numbers[rows[0]])
