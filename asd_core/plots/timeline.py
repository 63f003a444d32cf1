"""Scores of a window that slides over a recording."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from asd_core.plots.percentiles import percentile_curves

if TYPE_CHECKING:
    import pandas as pd
    import plotly.graph_objects as go

HEIGHT = 450


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

    figure = percentile_curves(table, names, rate, trace, height=HEIGHT, width=1.8)
    figure.update_layout(
        xaxis={"title": "middle of the window in s", "range": [0, float(table["end"].max())]},
        clickmode="event+select",
        uirevision="timeline",
    )
    return figure
