"""The report to hand on: prepared when asked for, then offered as HTML, CSV and JSON."""

from functools import partial

import pandas as pd
import streamlit as st

from asd_core.counting import counted
from asd_core.csv_text import csv_of
from asd_core.report import (
    Assumptions,
    Comparison,
    figures_key,
    report_content,
    report_html,
    report_json,
    report_protocol,
)
from pages.compare_page.filters import ComparedScores
from pages.compare_page.plant import assumptions
from pages.shared.caching import BY_KEY, FOLDERS
from pages.shared.error_messages import show_errors
from pages.shared.sources import Source
from pages.shared.tables import download


@st.cache_resource(max_entries=FOLDERS, show_spinner=False, hash_funcs={**BY_KEY, pd.DataFrame: figures_key})
def _prepared(
    source: Source,
    scores: pd.DataFrame,
    assumptions: Assumptions,
    where: str,
    labels: str,
    in_use: str,
    left_out: str,
    _others: pd.DataFrame | None,  # the rest of the same scores
) -> tuple[Comparison, str]:
    comparison, dataset, reason = report_content(
        source.folder,
        scores=scores,
        assumptions=assumptions,
        where=where,
        labels=labels,
        in_use=in_use,
        others=_others,
    )
    return comparison, report_html(comparison, dataset, reason, left_out=left_out)


def draw(compared: ComparedScores) -> None:
    """The button. Nothing of the report is computed before it is pressed."""
    if st.button(
        "Report", icon=":material/summarize:", key="report", help="One file to hand on: it opens offline and prints."
    ):
        _dialog(compared)


# A dialog and not a popover: a popover would run the page below it again, and close when its elements move.
@st.dialog("Report", icon=":material/summarize:")
@show_errors()
def _dialog(compared: ComparedScores) -> None:
    selected, scores = compared.selected, compared.scores
    assumed = assumptions(selected)
    st.markdown(
        "One HTML file that opens offline and prints: what to take away, results with their intervals, curves, "
        "thresholds, and the best detector's worst errors to hear. The same figures as CSV and JSON."
    )
    st.caption(
        f"Of {counted(scores['detector'].nunique(), 'detector')} and {counted(scores['clip_id'].nunique(), 'clip')}, as on the page; "
        f"false-alarm rate {100 * selected.rate:g}%; {100 * assumed.prevalence:g}% of {assumed.clips_per_day:,.0f} clips a day anomalous."
    )
    with st.spinner("Resampling, drawing, reading recordings …"):
        comparison, page = _prepared(
            selected.source,
            scores,
            assumed,
            compared.where,
            compared.labels,
            selected.in_use,
            compared.left_out,
            compared.others,
        )
    # Tables are written when they are asked for: those of many clips are long.
    name = partial(compared.file, of=assumed)
    results, clips = partial(csv_of, comparison.ranking), partial(csv_of, comparison.clips)
    protocol = [*report_protocol(comparison), *filter(None, [compared.left_out])]
    tables = partial(report_json, comparison, protocol)
    download(
        "Report (HTML)",
        page,
        name("report", ending="html"),
        "text/html",
        type="primary",
        width="stretch",
        labels_of=compared.labels_of,
    )
    download("Results (CSV)", results, name("results"), width="stretch", labels_of=compared.labels_of)
    download("Scores of all clips (CSV)", clips, name("scores"), width="stretch", labels_of=compared.labels_of)
    download(
        "All tables (JSON)",
        tables,
        name("report", ending="json"),
        "application/json",
        width="stretch",
        labels_of=compared.labels_of,
    )
