"""How far the detectors agree: rank correlation, and the clips on which they disagree most."""

import pandas as pd
import streamlit as st

from asd_core.detectors import is_control
from asd_core.evaluation import disagreements, rank_correlation
from asd_core.plots import agreement_figure
from pages.compare_page.filters import ComparedScores
from pages.shared.choice import title
from pages.shared.names import short_names
from pages.shared.open_clip import open_row
from pages.shared.tables import table

SHOWN = 15
LETTER, PADDING = 6.3, 18  # pixels of a letter, about, and beside a cell's text


def draw(compared: ComparedScores) -> None:
    """Correlations of the chosen detectors, and rows that open their clip."""
    selected, scores = compared.selected, compared.scores
    if len(selected.detectors) < 2:
        st.info("Agreement needs two detectors or more: choose them in the sidebar.", icon=":material/filter_alt:")
        return
    names = {key: title(key) for key in selected.detectors}
    correlation = rank_correlation(scores).loc[selected.detectors, selected.detectors]
    st.plotly_chart(agreement_figure(correlation, names), key="agreement")
    st.caption(
        f"{compared.description()}. Spearman's rank correlation of the clips' scores within a machine id, mean over ids."
    )
    detectors = [key for key in selected.detectors if not is_control(key)]
    with_decisions = scores[scores["detector"].isin(detectors)] if len(detectors) > 1 else scores
    result = disagreements(with_decisions, SHOWN)
    shown = pd.DataFrame(
        {
            "Clip": short_names(result["clip_id"].tolist()),
            "Highest": _percentiles(result, "highest"),
            "Lowest": _percentiles(result, "lowest"),
            "Label": result["label"].to_numpy(),
        }
    )
    st.markdown("**Where they disagree most**")
    table(
        shown,
        key="disagreements",
        on_select=lambda: open_row("disagreements", result),
        selection_mode="single-row",
        # As wide as the longest text: left alone, a column is as wide as its first rows, and cuts later ones.
        column_config={
            name: st.column_config.TextColumn(width=int(LETTER * shown[name].str.len().max()) + PADDING)
            for name in shown
        },
    )
    st.caption(
        "The clips whose percentiles differ most between two detectors, controls aside. Choose a row to open its clip."
    )


def _percentiles(result: pd.DataFrame, end: str) -> list[str]:
    return [f"{title(k)}: {p:.0f}" for k, p in zip(result[end], result[f"{end}_percentile"], strict=True)]
