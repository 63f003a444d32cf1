"""ROC curves and histograms of scores."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from asd_core.evaluation import Floats, Mark, roc, roc_bands
from asd_core.plots import colours
from asd_core.plots.lines import GREY, Curve, at, band, lines, mark, rate_axis

if TYPE_CHECKING:
    import pandas as pd
    import plotly.graph_objects as go

GRID = np.linspace(0.0, 1.0, 201)  # false-alarm rates at which ROC curves of several ids are averaged
BINS = 30  # of a histogram, and one more for what lies beyond
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
        bands: detectors whose curve gets a 95 % band (of the bootstrap's resamples, at each false-alarm rate alone).
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
    band(figure, grid, roc_bands(scores, bands, machine_id, grid) if bands else {})
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


def histogram_figure(scores: "pd.DataFrame", threshold: float | None, title: str) -> "go.Figure":
    """Raw scores of normal and anomalous clips of one detector and machine id, and the threshold.

    Args:
        scores: columns label, raw.
    """
    import plotly.graph_objects as go

    raw = scores["raw"].to_numpy(dtype=np.float64)
    low, high = (float(raw.min()), float(np.quantile(raw, 0.98))) if len(raw) else (0.0, 1.0)
    if threshold is not None:
        high = max(high, threshold * 1.05 if threshold > 0 else threshold)
    # Counted here: a bar a bin is all the browser needs, however many clips there are.
    edges = np.linspace(low, max(high, low + 1e-9), BINS + 1)
    edges = np.r_[edges, 2 * edges[-1] - edges[-2]]
    figure = go.Figure()
    for label in [name for name in colours.LABELS if name != "unlabelled" or (scores["label"] == name).any()]:
        subset = raw[(scores["label"] == label).to_numpy()]
        counts, _ = np.histogram(np.minimum(subset, edges[-2]), bins=edges)  # the last bin holds everything beyond it
        figure.add_trace(
            go.Bar(
                x=(edges[1:] + edges[:-1]) / 2,
                y=counts,
                width=np.diff(edges),
                customdata=np.c_[edges[:-1], edges[1:]],
                name=f"{label} ({len(subset)})",
                marker={
                    "color": colours.LABELS[label],
                    "pattern": {"shape": "/" if label == "anomaly" else ""},
                    "line": {"width": 0},
                },
                opacity=0.65,
                hovertemplate="score %{customdata[0]:.4g} to %{customdata[1]:.4g}: %{y} clips<extra>"
                + label
                + "</extra>",
            )
        )
    if threshold is not None:
        figure.add_vline(x=threshold, line={"dash": "dash", "width": 2, "color": "#7F7F7F"})
    figure.update_layout(
        title={"text": title, "font_size": 13},
        barmode="overlay",
        height=240,
        margin={"l": 10, "r": 10, "t": 34, "b": 10},
        xaxis={"title": "raw score"},
        yaxis={"title": "clips"},
        legend={"orientation": "h", "y": 1.0, "yanchor": "bottom", "x": 1, "xanchor": "right"},
    )
    return figure
