"""How far the detectors agree: rank correlation, and the clips on which they disagree most."""

from typing import Any

import pandas as pd
import streamlit as st

from asd_core.counting import percent
from asd_core.detectors import is_control
from asd_core.evaluation import disagreements, rank_correlation
from asd_core.plots import agreement_figure
from asd_core.scoring import with_margins
from pages.compare_page.fewer_ids import name_fewer_ids
from pages.compare_page.filters import ComparedScores
from pages.shared.caching import cache_bytes
from pages.shared.choice import title
from pages.shared.open_clip import open_row
from pages.shared.recordings import clip_titles
from pages.shared.tables import margin_text, table
from pages.shared.trained_models import calibration_of

SHOWN = 15
LETTER, PADDING = 6.3, 18  # pixels of a letter, about, and beside a cell's text


def draw(compared: ComparedScores) -> None:
    """Correlations of the chosen detectors, and rows that open their clip."""
    selected = compared.selected
    if len(selected.detectors) < 2:
        st.info("Agreement needs two detectors or more: choose them in the sidebar.", icon=":material/filter_alt:")
        return
    st.plotly_chart(_figure(compared), key="agreement")
    st.caption(
        f"{compared.description()}. Spearman's rank correlation of the clips' scores within a machine id, mean over ids."
    )
    name_fewer_ids(compared)
    result = _disagreements(compared)
    shown = pd.DataFrame(
        {
            "Clip": clip_titles(selected.source, result["clip_id"]),
            "Highest": _margins(result, "highest"),
            "Lowest": _margins(result, "lowest"),
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
        "The clips on which the detectors differ most, without the controls: who lies highest and lowest, with the margin over the "
        f"threshold for {percent(selected.rate)} false alarms, in spreads of normal clips. Choose a row to open its clip."
    )


@cache_bytes
def _figure(compared: ComparedScores) -> Any:  # Plotly has no types
    keys = compared.selected.detectors
    return agreement_figure(rank_correlation(compared.scores).loc[keys, keys], {key: title(key) for key in keys})


@cache_bytes
def _disagreements(compared: ComparedScores) -> pd.DataFrame:
    """The clips on which the detectors differ most; controls do not count beside others."""
    selected, scores = compared.selected, compared.scores
    detectors = [key for key in selected.detectors if not is_control(key)]
    with_decisions = scores[scores["detector"].isin(detectors)] if len(detectors) > 1 else scores
    calibrations = {key: calibration_of(selected.source, key) for key in selected.detectors}
    return disagreements(with_margins(with_decisions, calibrations, selected.rate), SHOWN)


def _margins(result: pd.DataFrame, end: str) -> list[str]:
    return [f"{title(k)}: {margin_text(m)}" for k, m in zip(result[end], result[f"{end}_margin"], strict=True)]
