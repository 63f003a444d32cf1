"""What a threshold does: false alarms, detections, and alerts a day at the plant."""

from typing import Any

import pandas as pd
import streamlit as st

from asd_core.operating import gamma_threshold, operating_point
from asd_core.plots.scores import histogram_figure
from pages.shared import library
from pages.shared.score_table import ROW_HEIGHT, table_height
from pages.shared.sidebar import Choice, title

RULES = ("conformal", "gamma 0.9 (DCASE)")
SHOWN_HISTOGRAMS = 4  # at first; drawing all of them takes seconds


def draw(selected: Choice, scores: pd.DataFrame) -> None:
    """The operating points of the sidebar's machine id."""
    machine_id = selected.machine_id
    with st.container(horizontal=True, vertical_alignment="bottom"):
        rule = st.segmented_control(
            "Rule",
            RULES,
            default=RULES[0],
            required=True,
            key="rule",
            bind="query-params",
            help="Both look at held-out normal clips alone. Conformal: their quantile for the sidebar's false-alarm rate. "
            "DCASE's option: the 0.9 quantile of a gamma distribution fitted to them, whatever the sidebar says.",
        )
        prevalence = st.number_input(
            "Anomalous clips at the plant, %", 0.0, 100.0, 1.0, 0.5, key="prevalence", bind="query-params", width=190
        )
        per_day = st.number_input("Clips a day", 1, 1_000_000, 1000, 100, key="per_day", bind="query-params", width=150)
    st.caption(
        f"Machine id {machine_id}, thresholds set on held-out normal clips; observed figures are of the test split, with "
        "Wilson 95 % intervals. Precision and alerts assume the prevalence above: the test set's own says nothing of it."
    )
    own = scores[scores["machine_id"] == machine_id]
    keys = [key for key in selected.detectors if (own["detector"] == key).any()]
    if not keys:
        st.info(f"No test clip of machine id {machine_id} has scores.", icon=":material/filter_alt:")
        return
    rows: list[dict[str, Any]] = []
    values: dict[str, float | None] = {}
    for key in keys:
        calibration = library.calibration(selected.source, key)
        conformal = calibration.threshold(machine_id, selected.rate)
        gamma = rule == RULES[1]
        value = gamma_threshold(calibration.sorted_scores(machine_id)) if gamma else conformal.value
        values[key] = value
        if value is None:
            rows.append({"Detector": title(key)})
            continue
        point = operating_point(
            own[own["detector"] == key], {machine_id: value}, prevalence=prevalence / 100, clips_per_day=per_day
        )[machine_id]
        rows.append(
            {
                "Detector": title(key),
                "Threshold": value,
                "Promised": None if gamma else conformal.rate,
                "False alarms": point.false_alarm_rate,
                "Interval": between(point.false_alarm_interval),
                "Detected": point.detection_rate,
                "Interval ": between(point.detection_interval),
                "Precision": point.precision,
                "Alerts a day": point.alerts_per_day,
                "of them false": point.false_alerts_per_day,
            }
        )
    table = pd.DataFrame(rows)
    percent = st.column_config.NumberColumn(format="percent")
    st.dataframe(
        table,
        hide_index=True,
        key="threshold_table",
        row_height=ROW_HEIGHT,
        height=table_height(len(rows)),
        column_config={
            "Threshold": st.column_config.NumberColumn(format="%.4g", help="On the raw score."),
            "Promised": st.column_config.NumberColumn(
                format="percent", help="Expected share of normal clips above it, for clips like the held-out ones."
            ),
            "False alarms": percent,
            "Detected": percent,
            "Precision": st.column_config.NumberColumn(format="percent", help="Share of alerts that are true."),
            "Alerts a day": st.column_config.NumberColumn(format="%.1f"),
            "of them false": st.column_config.NumberColumn(format="%.1f"),
        },
    )
    st.download_button(
        "Thresholds as CSV",
        table.assign(machine_id=machine_id, rule=rule, split="test", denoised="no").to_csv(index=False),
        "thresholds.csv",
        "text/csv",
        icon=":material/download:",
        on_click="ignore",
    )
    drawn = st.multiselect(
        "Histograms of",
        keys,
        default=keys[:SHOWN_HISTOGRAMS],
        format_func=title,
        key="histograms",
        bind="query-params",
        help="The dashed line is the threshold. Scores past the last bin are counted in it.",
    )
    grid = st.grid(2, min_column_width=380)
    for key in drawn:
        mine = own[own["detector"] == key]
        grid.plotly_chart(histogram_figure(mine, values[key], title(key)), key=f"histogram_{key}")


def between(interval: tuple[float, float]) -> str:
    """An interval of a rate in percent."""
    low, high = interval
    return f"{low:.0%} – {high:.0%}" if low == low else "not computable"
