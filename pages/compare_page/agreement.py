"""How far the detectors agree: rank correlation, and the clips on which they disagree most."""

import pandas as pd
import streamlit as st

from asd_core.detectors import is_control
from asd_core.evaluation import disagreements, rank_correlation
from asd_core.plots import agreement_figure
from asd_core.scoring import with_margins
from pages.compare_page.filters import ComparedScores
from pages.shared.choice import percent, title
from pages.shared.names import short_names
from pages.shared.open_clip import open_row
from pages.shared.tables import margin_text, table
from pages.shared.trained_models import calibration_of

SHOWN = 15


def draw(compared: ComparedScores) -> None:
    """Correlations of the chosen detectors, and rows that open their clip."""
    selected, scores = compared.selected, compared.scores
    if len(selected.detectors) < 2:
        st.info("Agreement needs two detectors or more: choose them in the sidebar.", icon=":material/filter_alt:")
        return
    side_by_side = st.grid(2, min_column_width=440)
    with side_by_side.cell():
        names = {key: title(key) for key in selected.detectors}
        st.plotly_chart(agreement_figure(rank_correlation(scores), names), key="agreement")
        st.caption(
            f"{compared.description()}. Spearman's rank correlation of the clips' scores within a machine id, mean over ids."
        )
    with side_by_side.cell():
        detectors = [key for key in selected.detectors if not is_control(key)]
        with_decisions = scores[scores["detector"].isin(detectors)] if len(detectors) > 1 else scores
        calibrations = {key: calibration_of(selected.source, key) for key in selected.detectors}
        result = disagreements(with_margins(with_decisions, calibrations, selected.rate), SHOWN)
        table(
            pd.DataFrame(
                {
                    "Clip": short_names(result["clip_id"].tolist()),
                    "Label": result["label"].to_numpy(),
                    "Highest": _margins(result, "highest"),
                    "Lowest": _margins(result, "lowest"),
                }
            ),
            key="disagreements",
            on_select=lambda: open_row("disagreements", result),
            selection_mode="single-row",
        )
        st.caption(
            "The clips on which the detectors differ most, controls aside: who lies highest and lowest, with the margin over the "
            f"threshold for {percent(selected.rate)} false alarms, in spreads of normal clips. Choose a row to open its clip."
        )


def _margins(result: pd.DataFrame, end: str) -> list[str]:
    return [f"{title(k)}: {margin_text(m)}" for k, m in zip(result[end], result[f"{end}_margin"], strict=True)]
