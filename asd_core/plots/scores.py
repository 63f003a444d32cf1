"""Scores of a clip, ROC curves and histograms."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from asd_core.detectors.registry import detector_class
from asd_core.evaluation import Floats, roc
from asd_core.plots import colours
from asd_core.scoring import DetectorScore

if TYPE_CHECKING:
    import pandas as pd
    import plotly.graph_objects as go

GRID = np.linspace(0.0, 1.0, 201)  # false-alarm rates at which ROC curves of several ids are averaged
LOG_TICKS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0)


def percentile_chart(raw: Sequence[DetectorScore], denoised: Sequence[DetectorScore], rate: float) -> "go.Figure":
    """One row a detector: its percentile for the clip as recorded and denoised, joined by a line."""
    import plotly.graph_objects as go

    titles = [detector_class(s.detector).info.title for s in raw]
    figure = go.Figure()
    for title, a, b in zip(titles, raw, denoised, strict=True):
        figure.add_trace(
            go.Scatter(
                x=[a.calibrated, b.calibrated],
                y=[title, title],
                mode="lines",
                showlegend=False,
                hoverinfo="skip",
                line={"color": "#9aa5b1", "width": 2},
            )
        )
    for scores, name, colour, symbol in (
        (raw, "as recorded", colours.RAW, "circle"),
        (denoised, "denoised", colours.DENOISED, "diamond"),
    ):
        figure.add_trace(
            go.Scatter(
                x=[s.calibrated for s in scores],
                y=titles,
                mode="markers",
                name=name,
                marker={"color": colour, "size": 11, "symbol": symbol, "line": {"width": 1, "color": "#333"}},
                hovertemplate="%{y}: %{x:.1f} % of normals score below<extra>" + name + "</extra>",
            )
        )
    figure.add_vline(x=100 * (1 - rate), line={"dash": "dot", "color": "#D55E00"})
    figure.update_layout(
        height=90 + 26 * len(titles),
        margin={"l": 10, "r": 10, "t": 30, "b": 10},
        xaxis={"title": "percentile among held-out normal clips", "range": [-3, 103]},
        yaxis={"autorange": "reversed"},
        legend={"orientation": "h", "y": 1.0, "yanchor": "bottom", "x": 1, "xanchor": "right"},
    )
    return figure


def roc_figure(
    scores: "pd.DataFrame", machine_id: str, names: Mapping[str, str], *, log_x: bool = False
) -> "go.Figure":
    """ROC of every detector for one machine id, or ``"mean"``: the curves of the ids averaged at equal false-alarm rate.

    Args:
        scores: columns detector, machine_id, label, raw.
        names: the legend's text for each detector key.
        log_x: a logarithmic axis of false alarms, from half a false alarm on, for those who can afford few of them.
    """
    import plotly.graph_objects as go

    counts = scores[scores["label"] == "normal"].groupby(["detector", "machine_id"]).size()
    # What has no false alarm at all lies infinitely far left: it is drawn at half a clip.
    floor = 0.5 / int(counts.max()) if log_x and len(counts) else 0.0
    grid = np.geomspace(floor, 1.0, len(GRID)) if floor else GRID
    figure = go.Figure()
    figure.add_trace(
        go.Scatter(x=grid, y=grid, mode="lines", name="chance", line={"color": "#9aa5b1", "dash": "dot", "width": 1})
    )
    for key, own in scores.groupby("detector", sort=False):
        curves = [c for i, g in own.groupby("machine_id") if machine_id in ("mean", i) and (c := _curve(g)) is not None]
        if not curves:
            continue
        if machine_id == "mean":
            x, y = np.r_[0.0, grid], np.r_[0.0, np.mean([np.interp(grid, *single_valued(*c)) for c in curves], axis=0)]
        else:
            x, y = curves[0]
        figure.add_trace(
            go.Scatter(
                x=np.maximum(x, floor),
                y=y,
                mode="lines",
                name=names[str(key)],
                line={"color": colours.detector_colour(str(key)), "dash": colours.detector_dash(str(key)), "width": 2},
                hovertemplate="false alarms %{x:.1%}, detections %{y:.1%}<extra>" + names[str(key)] + "</extra>",
            )
        )
    figure.update_layout(
        height=480,
        margin={"l": 10, "r": 10, "t": 10, "b": 10},
        xaxis={
            "title": "false-alarm rate (normal clips called anomalies)",
            **(
                {"type": "log", "range": [np.log10(floor), 0.01], "tickvals": LOG_TICKS, "tickformat": "~%"}
                if floor
                else {"range": [-0.01, 1.01], "tickformat": ".0%"}
            ),
        },
        yaxis={"title": "detection rate", "range": [-0.01, 1.02], "tickformat": ".0%"},
        legend={"itemclick": "toggleothers", "itemdoubleclick": "toggle", "traceorder": "normal"},
        uirevision="roc",
    )
    return figure


def _curve(group: "pd.DataFrame") -> tuple[Floats, Floats] | None:
    raw, normal = group["raw"].to_numpy(dtype=np.float64), (group["label"] == "normal").to_numpy()
    anomaly = (group["label"] == "anomaly").to_numpy()
    if not normal.any() or not anomaly.any():
        return None
    false_alarms, detections, _ = roc(raw[normal], raw[anomaly])
    return false_alarms, detections


def single_valued(false_alarms: Floats, detections: Floats) -> tuple[Floats, Floats]:
    """The curve with one point a false-alarm rate, its highest: interpolation needs a function."""
    last = np.r_[np.diff(false_alarms) > 0, True]
    return false_alarms[last], detections[last]


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
    size = max((high - low) / 30, 1e-9)
    figure = go.Figure()
    for label in ("normal", "anomaly"):
        own = raw[(scores["label"] == label).to_numpy()]
        figure.add_trace(
            go.Histogram(
                x=np.minimum(own, high),  # the last bin holds everything beyond it
                name=f"{label} ({len(own)})",
                xbins={"start": low, "end": high + size, "size": size},
                marker_color=colours.LABELS[label],
                marker_pattern_shape="/" if label == "anomaly" else "",
                opacity=0.65,
                hovertemplate="score %{x}: %{y} clips<extra>" + label + "</extra>",
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
