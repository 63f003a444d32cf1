"""Moving a detector's threshold by hand: what it misses and what it alarms at, beside the calibrated one and its promise."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from asd_core.evaluation import POOLED, expected_cost, least_cost_threshold, operating_point
from asd_core.plots import SIDES, as_drawn, histogram_figure, score_bins
from asd_core.report import Assumptions
from pages.compare_page.promises import Limits
from pages.components.threshold_slider import threshold_slider
from pages.shared import linked
from pages.shared.choice import title
from pages.shared.error_messages import show_errors
from pages.shared.tables import table

SLIDER = "threshold_slider"
ORACLE = "chosen on the very clips that it is judged by, so expect worse on new ones"


# A fragment: while the slider is held, the rest of the page stays as it is.
@st.fragment
@show_errors()
def draw(
    scores: pd.DataFrame, limits: Mapping[str, Limits], machine_id: str, assumed: Assumptions, miss_cost: float
) -> None:
    """The histogram of one detector with a slider under it, on the same axis.

    Args:
        scores: of one machine id.
        limits: of each detector, which is the order of the list.
        miss_cost: of one miss, in false alarms.
    """
    st.markdown("**Move a threshold**")
    key = linked.selectbox("Threshold of", list(limits), key="threshold_by", format_func=title, width=300)
    mine = scores[scores["detector"] == key]
    raw = mine["raw"].to_numpy(dtype=np.float64)
    calibrated = limits[key].values.get(machine_id)
    normal, anomaly = (raw[(mine["label"] == label).to_numpy()] for label in ("normal", "anomaly"))
    edges = score_bins(raw, normal, calibrated)
    low, high = float(edges[0]), float(edges[-1])
    best = least_cost_threshold(normal, anomaly, prevalence=assumed.prevalence, miss_cost=miss_cost)
    picture = st.container()
    start = calibrated if calibrated is not None else float(np.median(raw))
    # Whenever the calibrated threshold changes, the slider starts there anew.
    of = f"{key} {machine_id} {start} {low} {high}"
    chosen = threshold_slider(low, high, start, of=of, key=SLIDER, sides=SIDES)
    picture.plotly_chart(
        histogram_figure(mine, calibrated, title(key), chosen=chosen, least_cost=best.threshold if best else None),
        key="moved_histogram",
    )
    # A score beyond the bins stands in the last of them, so that a threshold above that bin raises no alarm.
    shown = mine.assign(raw=as_drawn(raw, edges))
    rows = [_row("Yours", shown, chosen, machine_id, assumed, miss_cost)]
    if calibrated is not None:
        rows.append(_row("Calibrated", mine, calibrated, machine_id, assumed, miss_cost))
    if best:
        rows.append(_row("Least cost (oracle)", mine, best.threshold, machine_id, assumed, miss_cost))
    share = st.column_config.NumberColumn(format="percent")
    table(
        pd.DataFrame(rows),
        key="moved_table",
        placeholder="–",
        column_config={
            "At": st.column_config.NumberColumn(format="%.4g", help="On the raw score; a clip above it is an alarm."),
            "Recall": share,
            "Precision": st.column_config.NumberColumn(
                format="percent", help="Share of alerts that are true, at the share of anomalies above."
            ),
            "Cost of 100": st.column_config.NumberColumn(format="%.1f"),
        },
    )
    rate = limits[key].rates.get(machine_id)
    promise = (
        f"The calibrated threshold promises {rate:.1%} false alarms on average over draws of the held-out normal clips."
        if rate is not None
        else "This rule's threshold promises no false-alarm rate."
    )
    if calibrated is not None and chosen != calibrated:
        st.warning(f"Your threshold is an oracle, {ORACLE}. {promise}", icon=":material/visibility:")
    else:
        st.caption(f"Move the slider under the histogram. A threshold set there is an oracle, {ORACLE}. {promise}")


def _row(
    name: str, scores: pd.DataFrame, threshold: float, machine_id: str, assumed: Assumptions, miss_cost: float
) -> dict[str, Any]:
    point = operating_point(
        scores, {machine_id: threshold}, prevalence=assumed.prevalence, clips_per_day=assumed.clips_per_day
    )[POOLED]
    cost = expected_cost(
        1.0 - point.detection_rate, point.false_alarm_rate, prevalence=assumed.prevalence, miss_cost=miss_cost
    )
    return {
        "Threshold": name,
        "At": threshold,
        "Missed": f"{point.n_anomaly - point.detections} of {point.n_anomaly}",
        "False alarms": f"{point.false_alarms} of {point.n_normal}",
        "Recall": point.detection_rate,
        "Precision": point.precision,
        "Cost of 100": 100 * cost,
    }
