"""The report to hand on: prepared when asked for, then offered as HTML, CSV and JSON."""

from collections.abc import Callable

import pandas as pd
import streamlit as st

from asd_core.errors import AsdError
from asd_core.report import (
    Assumptions,
    Comparison,
    figures_key,
    report_content,
    report_html,
    report_json,
    report_protocol,
    table_csv,
)
from pages.shared.caching import FOLDERS
from pages.shared.choice import Choice
from pages.shared.sources import Source

PREVALENCE, PER_DAY = 1.0, 1000  # per cent, and clips a day, where the Thresholds view has not been asked


@st.cache_resource(max_entries=FOLDERS, show_spinner=False)
def _prepared(
    folder: str,
    stamp: float,
    of_scores: str,
    assumptions: Assumptions,
    where: str,
    labels: str,
    _source: Source,
    _scores: pd.DataFrame,
) -> tuple[Comparison, str]:
    comparison, dataset, reason = report_content(
        _source.folder, scores=_scores, assumptions=assumptions, where=where, labels=labels
    )
    return comparison, report_html(comparison, dataset, reason)


def draw(selected: Choice, scores: pd.DataFrame, where: str = "", labels: str = "") -> None:
    """The button. Nothing of the report is computed before it is pressed.

    Args:
        scores: those of the chosen detectors that the page shows.
        where: the page's filter in words, empty without one.
        labels: whose labels they are evaluated against, empty for the dataset's.
    """
    if st.button(
        "Report", icon=":material/summarize:", key="report", help="One file to hand on: it opens offline and prints."
    ):
        _dialog(selected, scores, where, labels)


# A dialog and not a popover: a popover would run the page below it again, and close when its elements move.
@st.dialog("Report", icon=":material/summarize:")
def _dialog(selected: Choice, scores: pd.DataFrame, where: str, labels: str) -> None:
    prevalence = float(st.session_state.get("prevalence", PREVALENCE))
    per_day = float(st.session_state.get("per_day", PER_DAY))
    assumptions = Assumptions(selected.rate, prevalence / 100, per_day)
    st.markdown(
        "One HTML file that opens offline and prints: what to take away, results with their intervals, curves, "
        "thresholds, and the best detector's worst errors to hear. The same figures as CSV and JSON."
    )
    st.caption(
        f"Of {scores['detector'].nunique()} detectors and {scores['clip_id'].nunique():,} clips, as on the page; "
        f"false-alarm rate {100 * selected.rate:g} %; {prevalence:g} % of {per_day:,.0f} clips a day anomalous."
    )
    try:
        with st.spinner("Resampling, drawing, reading recordings …"):
            comparison, page = _prepared(
                *selected.source.key(), figures_key(scores), assumptions, where, labels, selected.source, scores
            )
    except AsdError as error:
        st.error(str(error), icon=":material/error:")
        return
    _downloads(selected.source.name, comparison, page)


def _downloads(name: str, comparison: Comparison, page: str) -> None:
    """Tables are written when they are asked for: those of many clips are long."""
    protocol = report_protocol(comparison)
    files: tuple[tuple[str, str | Callable[[], str], str, str], ...] = (
        ("Report (HTML)", page, f"{name}-report.html", "text/html"),
        ("Results (CSV)", lambda: table_csv(comparison.ranking), f"{name}-results.csv", "text/csv"),
        ("Scores of all clips (CSV)", lambda: table_csv(comparison.clips), f"{name}-scores.csv", "text/csv"),
        ("All tables (JSON)", lambda: report_json(comparison, protocol), f"{name}-report.json", "application/json"),
    )
    for index, (label, data, file, kind) in enumerate(files):
        st.download_button(
            label,
            data,
            file,
            kind,
            type="secondary" if index else "primary",
            icon=":material/download:",
            key=f"download_{index}",
            on_click="ignore",
            width="stretch",
        )
