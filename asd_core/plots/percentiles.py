"""Percentiles of every detector over time, and over the denoising strength."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from asd_core.plots import colours
from asd_core.plots.layout import ALONE, GREY, detector_line, new_figure

if TYPE_CHECKING:
    import pandas as pd
    import plotly.graph_objects as go


def _curves(
    table: "pd.DataFrame",
    names: Mapping[str, str],
    rate: float,
    trace: Callable[["pd.DataFrame", str], dict[str, Any]],
    *,
    height: int,
    width: float,
) -> "go.Figure":
    """A line with markers for each detector, and the threshold at the false-alarm rate.

    Args:
        table: columns ``detector``, ``calibrated`` and what ``trace`` reads.
        names: the title of each detector key.
        rate: false-alarm rate, whose threshold is drawn as a line.
        trace: a detector's rows and title -> its trace's ``x``, ``marker``, ``customdata`` and ``hovertemplate``.
        height: of the figure, in pixels.
        width: of the lines, in pixels.
    """
    yaxis = {"title": "percentile among held-out normal clips", "range": [-3, 106]}
    figure = new_figure(height=height, yaxis=yaxis, legend={**ALONE, "font": {"size": 11}})
    for key, rows in table.groupby("detector", sort=False):
        name, line = names[str(key)], detector_line(str(key), width)
        figure.add_scatter(y=rows["calibrated"], mode="lines+markers", name=name, line=line, **trace(rows, name))
    return figure.add_hline(y=100 * (1 - rate), line={"dash": "dot", "color": colours.LABELS["anomaly"], "width": 1.5})


def strength_figure(table: "pd.DataFrame", names: Mapping[str, str], strength: float, rate: float) -> "go.Figure":
    """Every detector's percentile over the denoising strength, and where the player's strength is.

    Args:
        table: ``strength_curve``'s.
        names: the title of each detector key.
        rate: false-alarm rate, whose threshold is drawn as a line.
    """

    def trace(rows: "pd.DataFrame", name: str) -> dict[str, Any]:
        return {
            "x": rows["strength"],
            "marker": {"size": 5},
            "customdata": rows["raw"],
            "hovertemplate": "strength %{x:.1f}: percentile %{y:.1f}, raw %{customdata:.4g}<extra>" + name + "</extra>",
        }

    figure = _curves(table, names, rate, trace, height=470, width=2)
    figure.add_vline(x=strength, line={"color": GREY, "width": 2})
    figure.update_layout(
        xaxis={"title": "denoising strength (0: as recorded)", "range": [-0.02, 1.02], "dtick": 0.2},
        uirevision="strength",
    )
    return figure


def timeline_figure(table: "pd.DataFrame", names: Mapping[str, str], rate: float) -> "go.Figure":
    """Every detector's percentile over time, a point a window at its middle; what it calls an anomaly is marked.

    Each point carries the window's start in s as ``customdata[0]``.

    Args:
        table: ``scan``'s.
        names: the title of each detector key.
        rate: false-alarm rate, whose threshold is drawn as a line.
    """

    def trace(rows: "pd.DataFrame", name: str) -> dict[str, Any]:
        flagged = (rows["decision"] == "anomaly").to_numpy()
        return {
            "x": (rows["start"] + rows["end"]) / 2,
            "marker": {
                "size": np.where(flagged, 11, 6),
                "symbol": np.where(flagged, "triangle-up", "circle"),
            },
            "customdata": rows[["start", "end", "raw"]].to_numpy().tolist(),  # an array would reach Python as a mapping
            "hovertemplate": "%{customdata[0]:.1f}–%{customdata[1]:.1f} s: percentile %{y:.1f}, "
            "raw %{customdata[2]:.4g}<extra>" + name + "</extra>",
        }

    figure = _curves(table, names, rate, trace, height=450, width=1.8)
    figure.update_layout(
        xaxis={"title": "middle of the window in s", "range": [0, float(table["end"].max())]},
        clickmode="event+select",
        uirevision="timeline",
    )
    return figure
