"""Which detector separates best: the table with intervals and ties, and its curves."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from asd_core.counting import counted, percent
from asd_core.csv_text import csv_of
from asd_core.evaluation import (
    MEAN,
    Draws,
    Metric,
    best_control,
    has_domains,
    not_better_than_control,
    operating_marks,
    tied_with_best,
    worst_machine,
)
from asd_core.plots import det_figure, precision_recall_figure, roc_figure
from asd_core.report import controls_of, fusion_gain
from asd_core.scoring import scoring_seconds
from pages.compare_page import domains, foreign, scoring_time
from pages.compare_page.fewer_ids import ranked_after
from pages.compare_page.figures import resampled, too_few_clips
from pages.compare_page.filters import ComparedScores
from pages.shared import linked
from pages.shared.alarms import alarms
from pages.shared.caching import cache_bytes
from pages.shared.choice import title
from pages.shared.emphasis import is_dark, rule, stand_out
from pages.shared.tables import download, interval, table
from pages.shared.trained_models import manifests_of, thresholds_of

METRICS: dict[str, Metric] = {"AUC": "auc", "pAUC": "pauc"}
CURVES = ("ROC", "ROC, few false alarms", "Precision and recall", "DET")
EMPTY = "–"  # the interval beside it says "not computable"
SCORE_TIME = "Score, ms"
CHANGE = "Change"  # of a figure by people's labels
BANDS = 3  # more cover one another


def draw(compared: ComparedScores) -> None:
    """The table, and the curves below it in full width."""
    draws, results = resampled(compared)
    several = len(draws.machine_ids) > 1
    with compared.row:
        name = linked.segmented("Figure", list(METRICS), key="figure")
        per_id = several and linked.toggle("Each id", key="each_id", help="A column for every machine id.")
        by_domain = has_domains(compared.scores) and linked.toggle(
            "Domains", key="by_domain", help="Source and target domain apart, and DCASE's official score."
        )
    metric, view = METRICS[name], MEAN if several else draws.machine_ids[0]
    seconds = scoring_seconds(compared.selected.source.folder)
    shown = results[results["machine_id"] == view].set_index("detector").loc[draws.order(view, metric)]
    remarks = _remarks(compared, metric, view, draws)
    domains.never_trained(compared)
    if by_domain:
        domains.draw(compared, per_id=per_id)
    elif per_id:
        _wide(results, draws.order(metric=metric), metric, name, remarks)
    else:
        _compact(compared, results, shown, metric, name, remarks, _by_dataset(compared, view), seconds)
    _caption(compared, draws, shown, view)
    if not by_domain:
        _name_control(draws, metric, view)
    if gain := fusion_gain(draws, manifests_of(compared.selected.source, list(draws.detectors))):
        st.caption(gain)
    alarms(compared.selected)
    with st.container(horizontal=True):
        download(
            "Table as CSV",
            partial(_csv, compared, results),
            compared.file("auc", of=None),
            labels_of=compared.labels_of,
        )
        scoring_time.draw(compared, seconds)
    _chart(compared, view, name, shown)


def _chart(compared: ComparedScores, view: str, name: str, shown: pd.DataFrame) -> None:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        curve = linked.segmented("Curve", CURVES, key="curve")
        bands: list[str] = []
        if curve in CURVES[:2]:
            bands = linked.multiselect(
                "95% band of",
                list(shown.index),
                key="bands",
                format_func=title,
                max_selections=BANDS,
                placeholder="the best",
                width=350,
            )
    figure = curves_figure(compared, view, curve, name, tuple(bands), is_dark(), shown)
    st.plotly_chart(figure, key="roc_chart")
    st.caption(
        f"◆: where the thresholds for {percent(compared.selected.rate)} false alarms put each detector on these clips"
        + (" (mean of the ids' points); the " if view == MEAN else "; the ")
        + f"sidebar's false alarms allowed move them.{rule(len(shown), compared.selected.in_use)} Click a legend entry to see it alone; "
        f"the figure beside a name is its {name}."
    )


@cache_bytes
def curves_figure(
    compared: ComparedScores, view: str, curve: str, name: str, bands: tuple[str, ...], dark: bool, _shown: pd.DataFrame
) -> Any:  # Plotly has no types
    """A curve of each detector, those that matter emphasised, and where its thresholds put it.

    Args:
        view: a machine id, or the mean over all.
        curve: one of :data:`CURVES`.
        name: one of :data:`METRICS`: the figure beside a name.
        bands: detectors whose ROC has a 95% band; without any, the best one.
        dark: whether the page is.
        _shown: a row per detector, the best first: its figures in this view.
    """
    figures = _shown[METRICS[name]]
    names = {k: f"{title(k)}  {v:.3f}" if np.isfinite(v) else title(k) for k, v in figures.items()}
    points = operating_marks(compared.scores, thresholds_of(compared.selected), view)
    if curve in CURVES[:2]:
        of = bands or list(figures.dropna().index[:1])
        figure = roc_figure(compared.scores, view, names, log_x=curve == CURVES[1], marks=points, bands=of)
    elif curve == CURVES[2]:
        figure = precision_recall_figure(compared.scores, view, names, marks=points)
    else:
        figure = det_figure(compared.scores, view, names, marks=points)
    stand_out(figure, [str(key) for key in _shown.index], compared.selected.in_use, dark=dark)
    return figure


def judged_against(control: str) -> str:
    """Against which control detectors are judged, where it is not shown."""
    return f"Verdicts go by the best control, {title(control)}, which is not among the chosen detectors."


@cache_bytes
def _remarks(compared: ComparedScores, metric: Metric, view: str, _draws: Draws) -> dict[str, str]:
    """A remark on each detector: in use, a control, best or tied with it, not clearly above a control, fewer ids."""
    keys = compared.selected.detectors
    ties = tied_with_best(_draws, metric=metric, machine_id=view)
    controls = controls_of(_draws)
    below = not_better_than_control(_draws, controls, metric=metric, machine_id=view)
    not_better = {against.detector: against for against in below}

    def remark(key: str) -> str:
        if key in controls:
            return "control"
        if key in not_better and not_better[key].by_point:
            return "▼ not above a control"
        if key in not_better and not_better[key].by_interval:
            return "▽ near a control"
        return "★ best or tied" if key in ties else ""

    fewer = _draws.coverage(metric) if view == MEAN else {}
    in_use = {compared.selected.in_use: "in use"}
    return {key: ", ".join(filter(None, [in_use.get(key, ""), remark(key), fewer.get(key, "")])) for key in keys}


def _by_dataset(compared: ComparedScores, view: str) -> pd.DataFrame | None:
    """Figures with the dataset's own labels, by detector, where people's labels replace them."""
    if compared.by_dataset is None:
        return None
    _, results = resampled(compared.by_dataset)
    return results[results["machine_id"] == view].set_index("detector")


def _compact(
    compared: ComparedScores,
    results: pd.DataFrame,
    shown: pd.DataFrame,
    metric: Metric,
    name: str,
    remarks: dict[str, str],
    before: pd.DataFrame | None,
    seconds: Mapping[str, float],
) -> None:
    other, other_name = ("pauc", "pAUC") if metric == "auc" else ("auc", "AUC")
    lowest = worst_machine(results, metric)
    manifests = manifests_of(compared.selected.source, [str(key) for key in shown.index])
    rows: list[dict[str, Any]] = [
        {
            "Detector": title(str(key)),
            name: row[metric],
            "95% interval": interval(row[f"{metric}_low"], row[f"{metric}_high"]),
            **({} if before is None else {CHANGE: row[metric] - before[metric].get(key, np.nan)}),
            other_name: row[other],
            "Verdict": remarks[str(key)],
            "Worst id": "{}: {:.3f}".format(*lowest[str(key)]) if key in lowest else "",
            "Fit, s": manifests[str(key)].fit_seconds,
            SCORE_TIME: 1000 * seconds.get(str(key), np.nan),
        }
        for key, row in shown.iterrows()
    ]
    table(
        pd.DataFrame(rows),
        key="auc_table",
        placeholder=EMPTY,
        column_config={
            "Detector": st.column_config.TextColumn(width=156),
            name: st.column_config.NumberColumn(format="%.3f", width=52),
            "95% interval": st.column_config.TextColumn(width=92),
            CHANGE: st.column_config.NumberColumn(
                format="%+.3f", width=62, help="Against the same figure with the dataset's own labels."
            ),
            other_name: st.column_config.NumberColumn(format="%.3f", width=52),
            "Verdict": st.column_config.TextColumn(
                width=150 if compared.selected.in_use else 128, help="See Definitions, beside the views."
            ),
            "Worst id": st.column_config.TextColumn(width=70),
            "Fit, s": st.column_config.NumberColumn(
                format="%.1f", width=60, help="Seconds that fitting took, on the computer that trained it."
            ),
            SCORE_TIME: st.column_config.NumberColumn(
                format="%.1f",
                width=70,
                help="Milliseconds for one clip with all that the detector needs, on one core of this computer; – where it has "
                "not been measured.",
            ),
        },
    )


def _wide(results: pd.DataFrame, order: list[str], metric: Metric, name: str, remarks: dict[str, str]) -> None:
    """The mean, the worst and each id, a figure that sorts and its interval."""
    ids = [i for i in results["machine_id"].unique() if i != MEAN]
    subset = {i: results[results["machine_id"] == i].set_index("detector") for i in (MEAN, *ids)}
    lowest = worst_machine(results, metric)
    rows = []
    for key in order:
        row: dict[str, Any] = {"Detector": title(key), "Verdict": remarks[key]}
        for machine_id, of_id in subset.items():
            heading = f"Mean {name}" if machine_id == MEAN else f"id {machine_id}"
            row[heading] = of_id.loc[key, metric]
            low, high = of_id.loc[key, f"{metric}_low"], of_id.loc[key, f"{metric}_high"]
            row[f"95% of {'mean' if machine_id == MEAN else machine_id}"] = interval(low, high)
            if machine_id == MEAN:
                row["Worst"] = lowest[key][1] if key in lowest else None
                row["of id"] = lowest[key][0] if key in lowest else ""
        rows.append(row)
    figures = {column: st.column_config.NumberColumn(format="%.3f") for column in rows[0] if column.startswith("id ")}
    table(
        pd.DataFrame(rows),
        key="id_table",
        placeholder=EMPTY,
        column_config={
            "Detector": st.column_config.TextColumn(pinned=True, width=150),
            "Verdict": st.column_config.TextColumn(width=128, help="See Definitions, beside the views."),
            f"Mean {name}": st.column_config.NumberColumn(format="%.3f"),
            "Worst": st.column_config.NumberColumn(format="%.3f"),
            **figures,
        },
    )


def measured_on(compared: ComparedScores, shown: pd.DataFrame, machine_ids: Sequence[str], view: str) -> str:
    """On which clips the figures of a view were measured.

    Args:
        shown: a row per detector: its figures in this view.
        machine_ids: of the clips.
    """
    normals, anomalies = int(shown["n_normal"].iloc[0]), int(shown["n_anomaly"].iloc[0])
    one = machine_ids[0] if len(machine_ids) == 1 else view
    of = (
        f" of {counted(len(machine_ids), 'machine id')}, mean of the ids' figures."
        if one == MEAN
        else f" of machine id {one}."
    )
    if f"machine id {one}" in compared.where:
        of = "."
    return f"{compared.description()}: {normals:,} normal and {anomalies:,} anomalous clips{of}"


def _caption(compared: ComparedScores, draws: Draws, shown: pd.DataFrame, view: str) -> None:
    """What the figures are, and a warning where they can say little."""
    left_out = sum(n for i, n in draws.left_out.items() if view in (MEAN, i))
    st.caption(
        f"{measured_on(compared, shown, draws.machine_ids, view)} Interval: stratified bootstrap, "
        f"{draws.resamples:,} resamples. pAUC: false-alarm rates up to 10%, McClish-standardised (chance 0.5). Training "
        "looks at no test label."
        + (
            f" {counted(left_out, 'clip')} that not every detector has scored {'is' if left_out == 1 else 'are'} left out."
            if left_out
            else ""
        )
    )
    if view == MEAN:
        ranked_after(draws.coverage())
    if few := too_few_clips(shown):
        st.warning(few, icon=":material/warning:")


def _name_control(draws: Draws, metric: Metric, view: str) -> None:
    """Name the control that verdicts go by, where it has no row of its own."""
    best = best_control(draws, controls_of(draws), metric=metric, machine_id=view)
    if best and best not in draws.detectors:
        st.caption(judged_against(best))


def _csv(compared: ComparedScores, results: pd.DataFrame) -> str:
    versions = compared.scores.drop_duplicates("detector").set_index("detector")["model_version"]
    about, n_foreign = compared.about(), foreign.by_machine(compared)
    # Intervals of pAUC come last: programs that read columns by position still get the old ones.
    last = {name: results[name] for name in ("pauc_low", "pauc_high", "n_ids")}
    sound = {key: compared.version(key) for key in results["detector"].unique()}
    columns = {name: [sound[key][name] for key in results["detector"]] for name in ("version", "denoise", "kind")}
    rows = results.drop(columns=list(last)).assign(
        split=about["split"],
        **columns,
        sample_rate=about["sample_rate"],
        **last,
        model_version=results["detector"].map(versions),
        filter=about["filter"],
        labels=about["labels"],
        n_not_applicable=results["machine_id"].map({**n_foreign, MEAN: n_foreign.sum()}),
    )
    return csv_of(rows)
