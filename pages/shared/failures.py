"""Where detectors fail: by fault, severity, noise or machine, and their worst clips."""

import pandas as pd
import streamlit as st

from asd_core.breakdowns import breakdown
from asd_core.operating import misses_and_false_alarms
from asd_core.plots.curves import breakdown_figure
from pages.shared import library
from pages.shared.open_clip import open_row
from pages.shared.score_table import ROW_HEIGHT, table_height
from pages.shared.sidebar import Choice, title

ATTRIBUTES = {"fault": "fault", "severity": "severity", "snr_db": "SNR", "machine_id": "machine id", "domain": "domain"}
SHOWN = 8


def draw(selected: Choice, scores: pd.DataFrame) -> None:
    """AUC by an attribute of the catalogue, and one detector's worst misses and false alarms."""
    there = [name for name in ATTRIBUTES if name in scores and scores[name].nunique() > 1]
    attribute = st.segmented_control(
        "AUC by",
        there,
        default=there[0],
        required=True,
        key="by",
        bind="query-params",
        format_func=lambda name: ATTRIBUTES[name],
    )
    names = {key: title(key) for key in selected.detectors}
    st.plotly_chart(
        breakdown_figure(breakdown(scores, str(attribute)), names, ATTRIBUTES[str(attribute)]), key="breakdown"
    )
    key = st.selectbox(
        "Worst clips of", selected.detectors, format_func=title, key="worst_of", bind="query-params", width=300
    )
    own = scores[scores["detector"] == key]
    calibration = library.calibration(selected.source, str(key))
    thresholds = {i: calibration.threshold(i, selected.rate).value for i in calibration.scores}
    misses, false_alarms = misses_and_false_alarms(own, thresholds, SHOWN)
    side_by_side = st.grid(2, min_column_width=380)
    for heading, found, name in (
        ("Missed anomalies", misses, "misses"),
        ("False alarms", false_alarms, "false_alarms"),
    ):
        with side_by_side.cell():
            st.markdown(f"**{heading}** at {selected.rate:.0%} false alarms")
            rows(found, name)
    st.caption("Choose a row to open its clip.")


def rows(found: pd.DataFrame, key: str) -> None:
    """Clips as rows that open them."""
    if found.empty:
        st.info("None.", icon=":material/check:")
        return
    clip_ids = found["clip_id"].tolist()
    columns = [name for name in ("fault", "severity", "snr_db") if name in found]
    st.dataframe(
        found[["clip_id", "calibrated", *columns]].assign(clip_id=[c.split("/")[-1] for c in clip_ids]),
        hide_index=True,
        key=key,
        row_height=ROW_HEIGHT,
        height=table_height(len(found)),
        on_select=lambda: open_row(key, clip_ids),
        selection_mode="single-row",
        column_config={
            "clip_id": "Clip",
            "calibrated": st.column_config.NumberColumn("Percentile", format="%.0f"),
            "fault": "Fault",
            "severity": st.column_config.NumberColumn("Severity", format="%.2f"),
            "snr_db": "SNR, dB",
        },
    )
