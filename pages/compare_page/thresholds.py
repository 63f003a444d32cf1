"""What a threshold does: false alarms, detections, and alerts a day at the plant."""

from typing import Any

import pandas as pd
import streamlit as st

from asd_core.artifacts import Calibration
from asd_core.evaluation import POOLED, expected_false_alarms, gamma_threshold, operating_point
from asd_core.plots import histogram_figure
from pages.compare_page.filters import ComparedScores
from pages.shared import linked
from pages.shared.choice import Choice, percent, title
from pages.shared.tables import download, interval, table
from pages.shared.trained_models import calibration_of
from pages.shared.unknown_machine import name_others

RULES = ("conformal", "gamma 0.9 (DCASE)")
SHOWN_HISTOGRAMS = 4  # at first; drawing all of them takes seconds


def draw(compared: ComparedScores) -> None:
    """The operating points of the sidebar's machine id, or of all ids together."""
    selected = compared.selected
    with st.container(horizontal=True, vertical_alignment="bottom"):
        of = linked.segmented(
            "Of",
            ["one", POOLED],
            key="threshold_of",
            format_func=lambda o: "all ids, pooled" if o == POOLED else f"id {selected.machine_id}",
        )
        rule = linked.segmented(
            "Rule",
            RULES,
            key="rule",
            help="Both look at held-out normal clips alone. Conformal: their quantile for the sidebar's false-alarm rate. "
            "DCASE's option: the 0.9 quantile of a gamma distribution fitted to them, whatever the sidebar says.",
        )
        prevalence = st.number_input(
            "Anomalous clips at the plant, %", 0.0, 100.0, 1.0, 0.5, key="prevalence", bind="query-params", width=190
        )
        per_day = st.number_input("Clips a day", 1, 1_000_000, 1000, 100, key="per_day", bind="query-params", width=150)
    there = sorted(compared.scores["machine_id"].unique())
    ids = there if of == POOLED else [selected.machine_id]
    subset = compared.scores[compared.scores["machine_id"].isin(ids)]
    keys = [key for key in selected.detectors if (subset["detector"] == key).any()]
    if not keys:
        st.info(f"No clip of machine id {selected.machine_id} is in scope.", icon=":material/filter_alt:")
        return
    calibrations = {key: calibration_of(selected.source, key) for key in keys}
    gamma = rule == RULES[1]
    if not gamma:
        _promise(selected, calibrations[keys[0]], ids)
    rows, values = [], {}
    for key in keys:
        limits = _limits(calibrations[key], ids, gamma, selected.rate)
        values[key] = limits[ids[0]][0] if len(ids) == 1 and ids[0] in limits else None
        rates = {i: rate for i, (_, rate) in limits.items() if rate is not None}
        mine = subset[subset["detector"] == key]
        thresholds = {i: value for i, (value, _) in limits.items()}
        point = operating_point(mine, thresholds, prevalence=prevalence / 100, clips_per_day=per_day)[POOLED]
        row: dict[str, Any] = {"Detector": title(key)}
        if of != POOLED:
            row |= {"Threshold": values[key], "Promised": rates.get(ids[0])}
        rows.append(
            row
            | {
                "False alarms": point.false_alarm_rate,
                "Interval": interval(*point.false_alarm_interval, ".0%"),
                "Expected": expected_false_alarms(mine, rates) if rates and point.n_normal else None,
                "Observed": point.false_alarms if point.n_normal else None,
                "Detected": point.detection_rate,
                "Interval ": interval(*point.detection_interval, ".0%"),
                "Precision": point.precision,
                "Alerts a day": point.alerts_per_day,
                "of them false": point.false_alerts_per_day,
            }
        )
    points = pd.DataFrame(rows)
    _table(points)
    if of == POOLED:
        known = {key: sum(i in calibrations[key].scores for i in ids) for key in keys}
        fewer = [f"{title(key)} ({n} of {len(ids)})" for key, n in known.items() if n < len(ids)]
        if fewer:
            st.info(f"Over fewer machine ids than the others: {', '.join(fewer)}.", icon=":material/help:")
    else:
        name_others(selected, selected.machine_id)
    first = subset[subset["detector"] == keys[0]]["label"].value_counts()
    name = "All machine ids together" if of == POOLED else f"Machine id {ids[0]}"
    st.caption(
        f"{name}, thresholds set on held-out normal clips{' of each id' if of == POOLED else ''}. {compared.description()}: "
        f"{first.get('normal', 0):,} normal and {first.get('anomaly', 0):,} anomalous clips, Wilson 95 % intervals. Expected "
        "and observed: false alarms among these normal clips. Precision and alerts assume the prevalence above: the test "
        "set's own says nothing of it."
        + (
            " Pooled intervals take clips as independent: few machines that differ make them too narrow."
            if of == POOLED
            else ""
        )
    )
    points = points.assign(machine_id=", ".join(ids), rule=rule, rate=selected.rate, **compared.about())
    download("Thresholds as CSV", points.to_csv(index=False), "thresholds.csv")
    if of == POOLED:
        return  # raw scores of different machines have thresholds of their own
    drawn = linked.multiselect(
        "Histograms of",
        keys,
        default=keys[:SHOWN_HISTOGRAMS],
        format_func=title,
        key="histograms",
        help="The dashed line is the threshold. Scores past the last bin are counted in it.",
    )
    grid = st.grid(2, min_column_width=380)
    for key in drawn:
        mine = subset[subset["detector"] == key]
        grid.plotly_chart(histogram_figure(mine, values[key], title(key)), key=f"histogram_{key}")


def _limits(
    calibration: Calibration, ids: list[str], gamma: bool, rate: float
) -> dict[str, tuple[float | None, float | None]]:
    """Threshold of each id that the detector knows, and the false-alarm rate it promises (``None``: none)."""
    known = [i for i in ids if i in calibration.scores]
    if gamma:
        return {i: (gamma_threshold(calibration.sorted_scores(i)), None) for i in known}
    conformal = {i: calibration.threshold(i, rate) for i in known}
    return {i: (threshold.value, threshold.rate) for i, threshold in conformal.items()}


def _promise(selected: Choice, calibration: Calibration, ids: list[str]) -> None:
    """What the held-out clips are too few to promise."""
    known = [i for i in ids if i in calibration.scores]
    short = [i for i in known if calibration.threshold(i, selected.rate).short]
    if short:
        few = min(short, key=calibration.n)
        st.info(
            f"Only {calibration.n(few)} normal clips of machine id {few} were held out: they can promise no less than "
            f"{calibration.threshold(few, selected.rate).rate:.1%} false alarms, not {percent(selected.rate)}. The highest "
            "of them is the threshold.",
            icon=":material/info:",
        )


def _table(points: pd.DataFrame) -> None:
    share = st.column_config.NumberColumn(format="percent")
    table(
        points,
        key="threshold_table",
        placeholder="–",  # the interval beside it says "not computable"
        column_config={
            "Threshold": st.column_config.NumberColumn(format="%.4g", help="On the raw score."),
            "Promised": st.column_config.NumberColumn(
                format="percent", help="Expected share of normal clips above it, for clips like the held-out ones."
            ),
            "False alarms": share,
            "Expected": st.column_config.NumberColumn(
                format="%.1f", help="False alarms: promised rate × normal clips."
            ),
            "Observed": st.column_config.NumberColumn(
                format="%d", help="False alarms among the normal clips in scope."
            ),
            "Detected": share,
            "Precision": st.column_config.NumberColumn(format="percent", help="Share of alerts that are true."),
            "Alerts a day": st.column_config.NumberColumn(format="%.1f"),
            "of them false": st.column_config.NumberColumn(format="%.1f"),
        },
    )
