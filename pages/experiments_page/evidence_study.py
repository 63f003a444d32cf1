"""Which evidence without labels predicts the true ranking of detectors."""

import pandas as pd
import streamlit as st

from asd_core.csv_text import csv_of
from asd_core.experiments import EvidenceStudy, read_study
from pages.shared.job_panel import job_panel
from pages.shared.sources import Source
from pages.shared.tables import download, file_name, interval, table

QUESTION = "Which evidence without labels predicts the true ranking of detectors?"
ABOUT = (
    "Each row is a figure of every detector that takes no label. Rank correlation (Spearman) with the true AUC over detectors, controls "
    "aside, mean over machine ids; its interval is over detectors, that of the difference is widened for all rows together. Best or "
    "tied: machine ids on which the detector that it puts first cannot be told from the best. Labels measure here, and change nothing."
)


def show(source: Source) -> None:
    """The stored study, or a job that makes it."""
    st.subheader(QUESTION)
    study = read_study(source.folder)
    if study is None:
        st.info(
            f"Not measured on {source.title} as its detectors are trained now. It takes labelled test clips of both classes, six "
            "detectors, and their evidence (Compare, Without labels).",
            icon=":material/science:",
        )
    else:
        _draw(source, study)
    arguments = ["study", "--models", str(source.folder)]
    button = "Measure" if study is None else "Measure again"
    job_panel(
        f"study-{source.name}".lower(), "Measuring what predicts the ranking", arguments, button, dataset=source.name
    )


def _draw(source: Source, study: EvidenceStudy) -> None:
    st.markdown(" ".join(study.conclusions()))
    rows = [
        {
            "Evidence": row.evidence,
            "Detectors": row.n_detectors,
            "Rank correlation": row.rho,
            "95% interval": interval(row.low, row.high, "+.2f"),
            "Less the pooled figure's": interval(row.difference_low, row.difference_high, "+.2f"),
            "Best or tied": f"{row.hits} of {study.n_ids}",
            "AUC below the best": row.regret,
            "All ids together": f"{'best or tied' if row.together else 'not the best'}, {row.together_regret:.3f} below",
        }
        for row in study.table.itertuples()
    ]
    formats = {
        "Rank correlation": st.column_config.NumberColumn(format="%.2f"),
        "AUC below the best": st.column_config.NumberColumn(format="%.3f"),
    }
    table(pd.DataFrame(rows), key="evidence_study", column_config=formats)
    st.caption(ABOUT)
    content = csv_of(study.table)
    download("Table as CSV", content, file_name("evidence study", source.name, of=content))
