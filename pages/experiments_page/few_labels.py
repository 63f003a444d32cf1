"""What a few labelled anomalies would add, beside the detector that uses none. It enters no ranking."""

import pandas as pd
import streamlit as st

from asd_core.counting import counted
from asd_core.csv_text import csv_of
from asd_core.experiments import COST, EVERY_KIND, few_labels_sentence, missing_for_few_labels, read_few_labels
from asd_core.plots import few_labels_figure
from asd_core.scoring import AS_RECORDED
from pages.shared.choice import title
from pages.shared.job_panel import job_panel
from pages.shared.recordings import UNREADABLE, dataset_of
from pages.shared.sources import Source
from pages.shared.stored_scores import stored_scores
from pages.shared.tables import download, file_name, interval, table

QUESTION = "Would a few labelled anomalies help with faults that nobody has labelled?"
PEOPLE = " Labels that people gave on the Label page are used when it is measured."
ABOUT = (
    "For each kind of fault, a head learns from normal clips and from k labelled anomalies of the other kinds (logistic regression on how "
    "far a clip lies from normal ones along 64 principal components of its pooled log-mel), and is measured on the kind that was left "
    "out. Mean over kinds and machine ids; interval over test clips, that of the difference paired. Draws: least and most of ten draws "
    "of the labelled anomalies. How strongly the head is held back was set on the demo with its labels, in the head's favour."
)


def show(source: Source) -> None:
    """The stored measurement, or what it lacks and a job that makes it."""
    st.subheader(QUESTION)
    stored = read_few_labels(source.folder)
    if stored is None:
        if lacking := _missing(source):
            st.info(lacking + PEOPLE, icon=":material/label_off:")
        else:
            st.info(f"Not measured on {source.title} yet.", icon=":material/science:")
    else:
        _draw(source, stored)
    if source.location:
        arguments = ["supervise", "--data", source.location, "--models", str(source.folder), "--with-labels"]
        name = f"supervise-{source.name}".lower()
        job_panel(
            name,
            "Measuring a few labels",
            arguments,
            "Measure" if stored is None else "Measure again",
            dataset=source.name,
        )


def _missing(source: Source) -> str:
    try:
        return missing_for_few_labels(dataset_of(source).catalogue)
    except UNREADABLE as error:
        return str(error)


def _other_recordings(source: Source, stored: pd.DataFrame) -> bool:
    """Whether the test set has other recordings than when it was measured, as far as they are there to tell."""
    now = stored_scores(source, AS_RECORDED)  # of the recordings as they are: none of others
    return not now.unreadable and stored["fingerprint"].iloc[0] not in now.table["data_fingerprint"].array


def _draw(source: Source, stored: pd.DataFrame) -> None:
    if _other_recordings(source, stored):
        st.warning(
            "The test set's recordings have changed since: these figures are of the ones before.",
            icon=":material/history:",
        )
    st.markdown(few_labels_sentence(stored))
    st.warning(COST, icon=":material/balance:")
    mean = stored[stored["kind"] == EVERY_KIND].sort_values("k")
    key = str(stored["detector"].iloc[0])
    rows = [
        {
            "Labels": f"none: {title(key)}" if row.k == 0 else f"{row.k} anomalies",
            "AUC": row.auc,
            "95% interval": interval(row.low, row.high),
            "Less the detector's": "" if row.k == 0 else f"{row.difference:+.3f}",
            "Paired 95% interval": "" if row.k == 0 else interval(row.difference_low, row.difference_high, "+.3f"),
            "Draws": "" if row.k == 0 else interval(row.draw_low, row.draw_high),
        }
        for row in mean.itertuples()
    ]
    table(pd.DataFrame(rows), key="few_labels", column_config={"AUC": st.column_config.NumberColumn(format="%.3f")})
    people = int(stored["people"].iloc[0])
    used = f" {counted(people, 'label')} of people among them." if people else ""
    st.caption(
        f"{int(mean['n_anomalies'].iloc[0])} anomalies and {int(mean['n_normal'].iloc[0])} normal clips.{used} {ABOUT}"
    )
    st.plotly_chart(few_labels_figure(mean, title(key)), key="few_labels_chart")
    content = csv_of(stored)
    download("Table as CSV", content, file_name("few labels", source.name, of=content))
