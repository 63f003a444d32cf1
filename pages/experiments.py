"""The report's questions asked again, and any parameter swept: stored results, their plot, and what they show."""

from typing import Any

import pandas as pd
import streamlit as st

from asd_core.experiments import (
    ABOUT,
    TEST_ONLY,
    Conclusion,
    Stored,
    conclusion,
    detector_order,
    experiment_summary,
    read_experiment,
    staleness,
    stored_names,
    sweepable,
)
from asd_core.plots import experiment_figures
from pages.experiments_page import evidence_study, few_labels
from pages.experiments_page.runs import run_named, run_sweep
from pages.experiments_page.started import CHOSEN, open_finished, watch
from pages.experiments_page.table import points_table
from pages.shared.caching import SELECTIONS
from pages.shared.choice import choice
from pages.shared.emphasis import is_dark, rule
from pages.shared.error_messages import show_errors
from pages.shared.sources import Source
from pages.shared.unknown_machine import name_fewer

NEW = "sweep"
# What is no table of points: a page part of its own each.
OTHERS = {"few_labels": ("A few labels", few_labels.show), "evidence": ("Evidence without labels", evidence_study.show)}
WRONG_WAY = (
    "Test only is the wrong way: the detectors learned from undenoised sound, so every denoised clip is new to them."
)


@st.cache_data(max_entries=SELECTIONS, show_spinner="Reading the experiment …")
def figures(folder: str, header: str, _stored: Stored) -> tuple[pd.DataFrame, Conclusion, dict[str, int], int]:
    """Table of the points and what they show; over how many machine ids each detector's figures are, and of how many there are
    any. ``header`` as JSON tells what is stored: the file's time may be that of points which were stored after it was read."""
    return experiment_summary(_stored), conclusion(_stored), _stored.n_known(), _stored.draws.n_computable()


# Not in the store that is bound by bytes: none grows with a dataset, and one takes .4 s.
@st.cache_resource(max_entries=SELECTIONS, show_spinner=False)
def charts(folder: str, header: str, dark: bool, _stored: Stored, _table: pd.DataFrame) -> dict[str, Any]:
    """The figures by heading. Plotly has no types."""
    drawn = experiment_figures(_stored, _table, dark=dark)
    lowest = min((value for value in _table["auc_low"].dropna()), default=0.0)
    for figure in drawn.values():
        figure.update_yaxes(range=[max(lowest - 0.02, 0.0), 1.01])  # one scale: they are read against each other
    return drawn


def show(source: Source, name: str) -> None:
    """One experiment: its question, its answer, its plot and its table."""
    there = stored_names(source.folder)
    about = ABOUT.get(name)
    if name not in there:
        if about:
            st.subheader(about.question)
            st.info(f"Not run on {source.title} yet.", icon=":material/science:")
            run_named(source, name, "Run it")
        return
    stored = read_experiment(there[name])
    header = stored.header
    st.subheader(header.question)
    old = staleness(header, source.folder)
    if old:
        st.warning(old, icon=":material/warning:")
    of = str(there[name]), header.model_dump_json()
    table, shown, known, n_ids = figures(*of, stored)
    st.markdown(f"#### {shown.answer}")
    earlier = (
        f" An earlier study of slide rails, which this project began from, found {header.report}."
        if header.report
        else ""
    )
    st.caption(shown.details + earlier)
    points_table(header, table, detector_order(stored, table))
    name_fewer(known, n_ids)
    if TEST_ONLY in set(table["series"]):
        st.warning(WRONG_WAY, icon=":material/warning:")
    side_by_side = st.grid(2, min_column_width=440)
    drawn = charts(*of, is_dark(), stored, table)
    for number, (heading, figure) in enumerate(drawn.items()):
        with side_by_side.cell():
            st.markdown(f"**{heading}**")
            st.plotly_chart(figure, key=f"experiment_{name}_{number}")
    st.caption(header.note + rule(table["detector"].nunique()))
    if about:
        run_named(source, name, "Run again what is missing or changed")


st.title("Experiments")
with show_errors():
    selected = choice()
    to_open = open_finished(selected.source)
    stored_here = stored_names(selected.source.folder)
    names = [*ABOUT, *(n for n in stored_here if n not in ABOUT), *OTHERS, NEW]
    titles = {name: about.title for name, about in ABOUT.items()} | {NEW: "New sweep …"}
    titles |= {name: shown for name, (shown, _) in OTHERS.items()}
    titles |= {n: read_experiment(path).header.title for n, path in stored_here.items() if n not in ABOUT}
    chosen = st.pills(
        "Experiment",
        names,
        default=names[0],
        required=True,
        format_func=lambda n: titles[n],
        key=CHOSEN,
        bind="query-params",
        label_visibility="collapsed",
    )
    if chosen == NEW:
        run_sweep(selected.source, sweepable())
    elif chosen in OTHERS:
        OTHERS[str(chosen)][1](selected.source)
    else:
        show(selected.source, str(chosen))
    if to_open:
        watch(to_open)
