"""What a threshold does: false alarms, detections, and alerts a day at the plant."""

from functools import partial
from typing import Any

import pandas as pd
import streamlit as st

from asd_core.evaluation import POOLED, Breach, breach, expected_false_alarms, operating_point
from asd_core.plots import histogram_figure
from pages.compare_page import promises
from pages.compare_page.filters import ComparedScores
from pages.shared import linked
from pages.shared.choice import title
from pages.shared.tables import download, interval, table
from pages.shared.trained_models import versions_of
from pages.shared.unknown_machine import name_others

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
            promises.rules(selected, selected.detectors),
            key="rule",
            help="All look at held-out normal clips alone. Conformal: each machine id's quantile for the sidebar's "
            "false-alarm rate. Pooled: one quantile of the ids' standard scores together, for detectors whose ids behave "
            "alike (k-sample Anderson-Darling test, 5 % level). DCASE's: the 0.9 quantile of a gamma distribution fitted to "
            "them, whatever the sidebar says.",
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
    limits = {key: promises.limits_of(selected, key, ids, rule) for key in keys}
    if few := promises.too_few(selected, limits):
        st.info(few, icon=":material/info:")
    values = {key: limits[key].values.get(ids[0]) if len(ids) == 1 else None for key in keys}
    versions = versions_of(selected.source)
    rows, exported, marks = [], [], dict[str, Breach]()
    for key in keys:
        mine, rates = subset[subset["detector"] == key], limits[key].rates
        normals = mine[mine["label"] == "normal"]["machine_id"].value_counts().to_dict()
        point = operating_point(mine, limits[key].values, prevalence=prevalence / 100, clips_per_day=per_day)[POOLED]
        likely = limits[key].range(normals)
        expected = expected_false_alarms(mine, rates) if rates and point.n_normal else None
        if likely:
            promised = expected_false_alarms(mine, rates) / point.n_normal
            marks[key] = breach(point.false_alarm_interval[0], promised, likely[1])
        row: dict[str, Any] = {"Detector": title(key)}
        if of != POOLED:
            row |= {"Threshold": values[key], "On average": rates.get(ids[0])}
        rows.append(
            row
            | {
                "Its range": interval(*likely, ".1%") if likely else None,
                "False alarms": point.false_alarm_rate,
                "Mark": promises.MARKS[marks.get(key, "")],
                "Interval": interval(*point.false_alarm_interval, ".0%"),
                "Expected": expected,
                "Observed": point.false_alarms if point.n_normal else None,
                "Detected": point.detection_rate,
                "Interval ": interval(*point.detection_interval, ".0%"),
                "Precision": point.precision,
                "Alerts a day": point.alerts_per_day,
                "of them false": point.false_alerts_per_day,
            }
        )
        exported.append(
            {
                "detector": key,
                "machine_id": ", ".join(ids),
                "rule": rule,
                "rate_asked": selected.rate,
                "rate_promised": rates.get(ids[0]) if len(ids) == 1 else None,
                "rate_range_low": likely[0] if likely else None,
                "rate_range_high": likely[1] if likely else None,
                "breach": marks.get(key, ""),
                "threshold": values[key],
                **point.columns(),
                "expected_false_alarms": expected,
                "prevalence": prevalence / 100,
                "clips_per_day": per_day,
                "model_version": versions.get(key, ""),
                **compared.version(key),
            }
        )
    points = pd.DataFrame(rows)
    _table(points)
    if breached := promises.breaches(marks, selected.rate):
        st.warning(breached, icon=":material/warning:")
    reasons = promises.why_not_pooled_of(selected, keys)
    if rule == promises.POOLED_RULE and reasons:
        st.info(f"Each machine id keeps its own threshold here. {reasons}.", icon=":material/rule:")
    elif promises.POOLED_RULE not in promises.rules(selected, selected.detectors):
        st.caption(f"Thresholds pooled over machine ids are not offered. {reasons}.")
    if of == POOLED:
        known = {key: len(limits[key].values) for key in keys}
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
    assumed = (of, *ids, rule, selected.rate, prevalence, per_day)
    name = compared.file("thresholds", "all ids" if of == POOLED else f"id {ids[0]}", of=assumed)
    download("Thresholds as CSV", partial(_csv, compared, exported, ids), name)
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


def _csv(compared: ComparedScores, rows: list[dict[str, Any]], ids: list[str]) -> str:
    foreign = compared.not_applicable().reindex(ids, fill_value=0).sum()
    return str(pd.DataFrame(rows).assign(**compared.about(), n_not_applicable=foreign).to_csv(index=False))


def _table(points: pd.DataFrame) -> None:
    share = st.column_config.NumberColumn(format="percent")
    table(
        points,
        key="threshold_table",
        placeholder="–",  # the interval beside it says "not computable"
        column_config={
            "Threshold": st.column_config.NumberColumn(format="%.4g", help="On the raw score."),
            "On average": st.column_config.NumberColumn(
                format="percent",
                help="Share of normal clips above such a threshold, on average over draws of the held-out clips.",
            ),
            "Its range": st.column_config.TextColumn(
                help="The share of normal clips above this threshold lies in this range for 95 % of all draws of as many "
                "held-out clips (conformal: a beta distribution; pooled: simulated)."
            ),
            "Mark": st.column_config.TextColumn(
                help="▲: the whole interval of the observed rate lies above the promised average. ▲▲: it also lies above the "
                "threshold's range."
            ),
            "False alarms": share,
            "Expected": st.column_config.NumberColumn(
                format="%.1f", help="False alarms: rate on average × normal clips."
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
