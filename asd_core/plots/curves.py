"""ROC, precision-recall and DET curves of every detector."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from asd_core.evaluation import Floats, Mark, det, precision_recall, probit, roc, roc_bands
from asd_core.plots import colours
from asd_core.plots.layout import GREY, add_band
from asd_core.plots.lines import Curve, at, labelled, lines, mark, rate_axis, shown, thinned

if TYPE_CHECKING:
    import pandas as pd
    import plotly.graph_objects as go

RECALLS = np.linspace(0.0, 1.0, 201)  # at which precision-recall curves of several ids are averaged
RATES = np.array([0.001, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 0.9, 0.95, 0.99])  # ticks
GRID = np.linspace(0.0, 1.0, 201)  # false-alarm rates at which ROC curves of several ids are averaged
LOG_TICKS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0)


def roc_figure(
    scores: "pd.DataFrame",
    machine_id: str,
    names: Mapping[str, str],
    *,
    log_x: bool = False,
    marks: Mapping[str, Mark] | None = None,
    bands: Sequence[str] = (),
) -> "go.Figure":
    """ROC of every detector for one machine id, or ``"mean"``: the curves of the ids averaged at equal false-alarm rate.

    Args:
        scores: columns detector, machine_id, label, raw.
        names: the legend's text for each detector key.
        log_x: a logarithmic axis of false alarms, from half a false alarm on, for those who can afford few of them.
        marks: each detector's operating point.
        bands: detectors whose curve gets a 95% band (of the bootstrap's resamples, at each false-alarm rate alone).
    """
    counts = scores[scores["label"] == "normal"].groupby(["detector", "machine_id"]).size()
    # What has no false alarm at all lies infinitely far left: it is drawn at half a clip.
    floor = 0.5 / int(counts.max()) if log_x and len(counts) else 0.0
    grid = np.geomspace(floor, 1.0, len(GRID)) if floor else GRID

    def curve(normal: Floats, anomaly: Floats) -> Curve:
        false_alarms, detections, _ = roc(normal, anomaly)
        return false_alarms, detections

    def mean(curves: list[Curve]) -> Curve:
        detections = np.mean([at(grid, *c) for c in curves], axis=0)
        return np.r_[0.0, grid], np.r_[0.0, detections]

    hover = "false alarms %{x:.1%}, detections %{y:.1%}"
    figure = lines(scores, machine_id, names, curve, mean, hover)
    for key, ends in (roc_bands(scores, bands, machine_id, grid) if bands else {}).items():
        of: dict[str, Any] = {"legendgroup": key, "showlegend": False, "name": "95% band"}
        add_band(figure, grid, *ends, colours.detector_colour(key), 0.18, **of)
    figure.add_scatter(x=grid, y=grid, mode="lines", name="chance", line={"color": GREY, "dash": "dot", "width": 1})
    mark(figure, {k: (m.false_alarm_rate, m.detection_rate) for k, m in (marks or {}).items()}, names, hover)
    # Behind the lines: the bands. The first entry of the legend: chance.
    behind = sorted(figure.data, key=lambda t: (t.fill != "toself", t.name != "chance"))
    figure.data = ()
    figure.add_traces(behind)
    if floor:
        for trace in figure.data:
            trace.x = np.maximum(np.asarray(trace.x, dtype=np.float64), floor)
    ticks = (
        {"type": "log", "range": [np.log10(floor), 0.01], "tickvals": LOG_TICKS, "tickformat": "~%"} if floor else {}
    )
    figure.update_layout(
        xaxis=rate_axis("false-alarm rate (normal clips called anomalies)", **ticks),
        yaxis=rate_axis("detection rate"),
        uirevision="roc",
    )
    return figure


def precision_recall_figure(
    scores: "pd.DataFrame",
    machine_id: str,
    names: Mapping[str, str],
    *,
    prevalence: float | None = None,
    marks: Mapping[str, Mark] | None = None,
) -> "go.Figure":
    """Precision over recall of every detector for one machine id, or ``"mean"``: precision averaged at equal recall.

    Args:
        scores: columns detector, machine_id, label, raw.
        names: the legend's text for each detector key.
        prevalence: assumed share of anomalies; ``None`` takes each id's own share in the test set.
        marks: each detector's operating point, its precision being that of the test set's own share.
    """
    shares: list[float] = []

    def curve(normal: Floats, anomaly: Floats) -> Curve:
        shares.append(len(anomaly) / (len(normal) + len(anomaly)) if prevalence is None else prevalence)
        precision, recall = precision_recall(normal, anomaly, shares[-1])
        return recall, precision

    figure = lines(
        scores,
        machine_id,
        names,
        curve,
        _mean_precision,
        hover := "recall %{x:.1%}, precision %{y:.1%}",
        line_shape="vh",  # a recall in between comes with the next threshold's precision: a slope would promise more
    )
    share = float(np.mean(shares)) if shares else 0.0
    if shares:
        figure.add_hline(y=share, line={"dash": "dot", "width": 1, "color": GREY})
    mark(figure, {k: (m.detection_rate, m.precision) for k, m in (marks or {}).items()}, names, hover)
    of = f"if {share:.2%} of clips are anomalies" if prevalence is not None else f"test set: {share:.0%} anomalies"
    figure.update_layout(
        xaxis=rate_axis("recall (anomalies detected)"),
        yaxis=rate_axis(f"precision (alarms that are true; {of})"),
        uirevision="precision_recall",
    )
    return figure


def _mean_precision(curves: list[Curve]) -> Curve:
    # Precision at the strictest threshold that reaches the recall: between two thresholds there is nothing to read
    # off a line (Davis and Goadrich, 2006).
    each = [precision[np.searchsorted(recall, RECALLS - 1e-12)] for recall, precision in curves]
    return RECALLS, np.asarray(np.mean(each, axis=0))


def det_figure(
    scores: "pd.DataFrame", machine_id: str, names: Mapping[str, str], *, marks: Mapping[str, Mark] | None = None
) -> "go.Figure":
    """Miss rate over false-alarm rate on probit axes, for one machine id or ``"mean"`` (averaged at equal false alarms).

    Rates of 0 and 1, at infinity on these axes, are drawn half a clip inside.

    Args:
        scores: columns detector, machine_id, label, raw.
        names: the legend's text for each detector key.
        marks: each detector's operating point.
    """
    counts = shown(scores, machine_id).groupby(["label", "detector"]).size().groupby("label").max()
    n_normal, n_anomaly = (int(counts.get(label, 1)) for label in ("normal", "anomaly"))

    def mean(curves: list[Curve]) -> Curve:
        grid, _ = thinned(result := np.unique(np.concatenate([x for x, _ in curves])), result)
        return grid, np.asarray(np.mean([at(grid, *c) for c in curves], axis=0))

    figure = lines(scores, machine_id, names, det, mean, "")
    mark(figure, {k: (m.false_alarm_rate, 1.0 - m.detection_rate) for k, m in (marks or {}).items()}, names, "")
    hover = "false alarms %{customdata[0]:.1%}, misses %{customdata[1]:.1%}"
    for trace in figure.data:
        x, y = np.asarray(trace.x, dtype=np.float64), np.asarray(trace.y, dtype=np.float64)
        trace.update(x=probit(x, n_normal), y=probit(y, n_anomaly), customdata=np.c_[x, y])
        trace.hovertemplate = labelled(trace.name, hover)
    low, high = probit(np.array([0.0, 1.0]), max(n_normal, n_anomaly))
    axis: dict[str, Any] = {
        "tickvals": probit(RATES),
        "ticktext": [f"{100 * rate:g}%" for rate in RATES],
        "range": [low - 0.1, high + 0.1],
        "zeroline": False,
    }
    figure.update_layout(
        xaxis={"title": "false-alarm rate (normal clips called anomalies)", **axis},
        yaxis={"title": "miss rate (anomalies called normal)", **axis},
        uirevision="det",
    )
    return figure
