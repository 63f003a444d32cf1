"""What a threshold does: false alarms, detections, alerts a day at the plant, and what the errors cost."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import pandas as pd
import streamlit as st

from asd_core.csv_text import csv_of
from asd_core.evaluation import (
    POOLED,
    Breach,
    OperatingPoint,
    breach,
    expected_cost,
    expected_false_alarms,
    operating_point,
)
from asd_core.plots import histogram_figure
from asd_core.report import Assumptions
from pages.compare_page import foreign, plant, promises, threshold_choice
from pages.compare_page.fewer_ids import name_fewer_ids
from pages.compare_page.figures import too_few_clips
from pages.compare_page.filters import ComparedScores
from pages.shared import linked
from pages.shared.caching import cache_bytes
from pages.shared.choice import marked, title
from pages.shared.tables import download, interval, table
from pages.shared.trained_models import versions_of

COST = "Cost of 100"  # clips
FIRST = ("Detector", "Threshold", "False alarms", "Mark", "Detected", "Precision", "Alerts a day", COST)
SHARE = st.column_config.NumberColumn(format="percent")
COLUMNS = {
    "Threshold": st.column_config.NumberColumn(format="%.4g", help="On the raw score."),
    "On average": st.column_config.NumberColumn(
        format="percent",
        help="Share of normal clips above such a threshold, on average over draws of the held-out clips. It may lie below the "
        "chosen rate: n held-out clips give steps of 1/(n + 1).",
    ),
    "Its range": st.column_config.TextColumn(
        help="The share of normal clips above this threshold lies in this range for 95% of all draws of as many "
        "held-out clips (conformal: a beta distribution, wider where each clip was held out of one of five fits; pooled: simulated)."
    ),
    "Mark": st.column_config.TextColumn(
        width=68,
        help="▲: the whole interval of the observed rate lies above the promised average. ▲▲: it also lies above the "
        "threshold's range.",
    ),
    "False alarms": SHARE,
    "Interval": st.column_config.TextColumn("95% of false alarms"),
    "Expected": st.column_config.NumberColumn(format="%.1f", help="False alarms: rate on average × normal clips."),
    "Observed": st.column_config.NumberColumn(format="%d", help="False alarms among the normal clips in scope."),
    "Detected": SHARE,
    "Interval ": st.column_config.TextColumn("95% of detected"),
    "Precision": st.column_config.NumberColumn(
        format="percent", help="Share of alerts that are true. Not known where no normal clip raised a false alarm."
    ),
    "Alerts a day": st.column_config.NumberColumn(format="%.1f"),
    "of them false": st.column_config.NumberColumn("False alerts a day", format="%.1f"),
}


@dataclass(frozen=True)
class AtThreshold:
    """What a detector's thresholds do to the clips in scope."""

    point: OperatingPoint  # of all machine ids together
    likely: tuple[float, float] | None  # range of the false-alarm rate; None where nothing is promised
    expected: float | None  # false alarms; None where no rate is promised, or no clip is normal


@cache_bytes
def _at_thresholds(
    compared: ComparedScores, rule: str, assumed: Assumptions, _limits: Mapping[str, promises.Limits]
) -> dict[str, AtThreshold]:
    """Of each detector in scope, at the thresholds of a rule."""
    by_detector = {}
    # Few columns: each detector takes its own rows of them.
    scores = compared.scores[["detector", "machine_id", "label", "raw"]]
    for key in compared.selected.detectors:
        mine, limits = scores[scores["detector"] == key], _limits[key]
        normals = mine[mine["label"] == "normal"]["machine_id"].value_counts().to_dict()
        point = operating_point(
            mine, limits.values, prevalence=assumed.prevalence, clips_per_day=assumed.clips_per_day
        )[POOLED]
        expected = expected_false_alarms(mine, limits.rates) if limits.rates and point.n_normal else None
        by_detector[key] = AtThreshold(point, limits.range(normals), expected)
    return by_detector


def draw(compared: ComparedScores) -> None:
    """The operating points of the machine id in scope, or of several together."""
    selected = compared.selected
    with st.container(horizontal=True, vertical_alignment="bottom"):
        rule = linked.segmented(
            "Rule",
            promises.rules(selected, selected.detectors),
            key="rule",
            help="All look at held-out normal clips alone. Conformal: each machine id's quantile for the sidebar's "
            "false alarms allowed. Pooled: one quantile of the ids' standard scores together, for detectors whose ids behave "
            "alike (k-sample Anderson-Darling test, 5% level). DCASE's: the 0.9 quantile of a gamma distribution fitted to "
            "them, whatever the sidebar says.",
        )
        assumed, miss_cost = plant.draw(selected)
    keys, subset, ids = selected.detectors, compared.scores, compared.machine_ids
    of = POOLED if len(ids) > 1 else ids[0]
    limits = {key: promises.limits_of(selected, key, ids, rule) for key in keys}
    if few := promises.too_few(selected, limits):
        st.info(few, icon=":material/info:")
    at_thresholds = _at_thresholds(compared, rule, assumed, limits)
    if few := too_few_clips(pd.DataFrame([at.point.columns() for at in at_thresholds.values()])):
        st.warning(few, icon=":material/warning:")
    values = {key: limits[key].values.get(ids[0]) if len(ids) == 1 else None for key in keys}
    versions = versions_of(selected.source)
    rows, exported, marks = [], [], dict[str, Breach]()
    for key, at in at_thresholds.items():
        point, likely, expected, rates = at.point, at.likely, at.expected, limits[key].rates
        if likely and expected is not None:
            marks[key] = breach(point.false_alarm_interval[0], expected / point.n_normal, likely[1])
        row: dict[str, Any] = {"Detector": marked(key, selected)}
        if of != POOLED:
            row |= {"Threshold": values[key], "On average": rates.get(ids[0])}
        cost = expected_cost(
            1.0 - point.detection_rate, point.false_alarm_rate, prevalence=assumed.prevalence, miss_cost=miss_cost
        )
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
                "Precision": point.precision if point.false_alarms else None,
                "Alerts a day": point.alerts_per_day,
                "of them false": point.false_alerts_per_day,
                COST: 100 * cost,
            }
        )
        exported.append(
            {
                "detector": key,
                "machine_id": ", ".join(limits[key].values),
                "rule": rule,
                "rate_asked": selected.rate,
                "rate_promised": rates.get(ids[0]) if len(ids) == 1 else None,
                "rate_range_low": likely[0] if likely else None,
                "rate_range_high": likely[1] if likely else None,
                "breach": marks.get(key, ""),
                "threshold": values[key],
                **point.columns(),
                "expected_false_alarms": expected,
                "prevalence": assumed.prevalence,
                "clips_per_day": assumed.clips_per_day,
                "miss_cost": miss_cost,
                "model_version": versions.get(key, ""),
                **compared.version(key),
            }
        )
    points = pd.DataFrame(rows)
    _tables(points, f"{100 * assumed.prevalence:g}%", miss_cost)
    if breached := promises.breaches(marks, selected.rate):
        st.warning(breached, icon=":material/warning:")
    reasons = promises.why_not_pooled_of(selected, keys)
    if rule == promises.POOLED_RULE and reasons:
        st.info(f"Each machine id keeps its own threshold here. {reasons}.", icon=":material/rule:")
    elif promises.POOLED_RULE not in promises.rules(selected, selected.detectors):
        st.caption(f"Thresholds pooled over machine ids are not offered. {reasons}.")
    if of == POOLED:
        name_fewer_ids(compared)
    clips = subset.drop_duplicates("clip_id")["label"].value_counts()
    name = f"{len(ids)} machine ids together" if of == POOLED else f"Machine id {ids[0]}"
    st.caption(
        f"{name}, thresholds set on held-out normal clips{' of each id' if of == POOLED else ''}. {compared.description()}: "
        f"{clips.get('normal', 0):,} normal and {clips.get('anomaly', 0):,} anomalous clips, Wilson 95% intervals. Expected "
        "and observed: false alarms among these normal clips. Precision, alerts and cost are for the share of anomalies above, "
        "not for that of the test set."
        + (
            " Pooled intervals take clips as independent: few machines that differ make them too narrow."
            if of == POOLED
            else ""
        )
    )
    decided_by = (of, *ids, rule, selected.rate, assumed, miss_cost)
    name = compared.file("thresholds", "all ids" if of == POOLED else f"id {ids[0]}", of=decided_by)
    download("Thresholds as CSV", partial(_csv, compared, exported, ids), name, labels_of=compared.labels_of)
    if of == POOLED:
        st.info(
            "Choose one machine id above to see its thresholds and histograms: each has its own.",
            icon=":material/filter_alt:",
        )
        return
    threshold_choice.draw(subset, limits, ids[0], assumed, miss_cost)
    drawn = linked.multiselect(
        "More histograms",
        keys,
        format_func=title,
        key="histograms",
        placeholder="of other detectors",
        help="The dashed line is the calibrated threshold. Scores past the last bin are counted in it.",
    )
    grid = st.grid(2, min_column_width=380)
    for key in drawn:
        mine = subset[subset["detector"] == key]
        grid.plotly_chart(histogram_figure(mine, values[key], title(key)), key=f"histogram_{key}")


def _csv(compared: ComparedScores, rows: list[dict[str, Any]], ids: list[str]) -> str:
    n_foreign = foreign.by_machine(compared).reindex(ids, fill_value=0).sum()
    return csv_of(pd.DataFrame(rows).assign(**compared.about(), n_not_applicable=n_foreign))


def _tables(points: pd.DataFrame, prevalence: str, miss_cost: float) -> None:
    """What one decides by; behind Details what it stands on."""
    cost = st.column_config.NumberColumn(
        format="%.1f",
        help=f"Expected cost of 100 clips, in false alarms, if a miss costs {miss_cost:g} of them and {prevalence} of the clips "
        f"are anomalous: 100 × ({miss_cost:g} × miss rate × {prevalence} + false-alarm rate × the rest), the rates being "
        "those on these clips. Choose the heading to sort by it.",
    )
    # An interval that is not there is a dash: beside it stands "not computable".
    table(
        points[[name for name in FIRST if name in points]],
        key="threshold_table",
        placeholder="–",
        column_config={**COLUMNS, COST: cost},
    )
    with st.expander("Details", icon=":material/list:"):
        more = [name for name in points if name not in FIRST]
        table(points[["Detector", *more]], key="threshold_details", placeholder="–", column_config=COLUMNS)
