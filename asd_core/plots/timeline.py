"""Scores of a window that slides over a recording."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from asd_core.plots import colours

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
    import plotly.graph_objects as go

    figure = go.Figure()
    for key, own in table.groupby("detector", sort=False):
        name, flagged = names[str(key)], (own["decision"] == "anomaly").to_numpy()
        figure.add_trace(
            go.Scatter(
                x=(own["start"] + own["end"]) / 2,
                y=own["calibrated"],
                mode="lines+markers",
                name=name,
                line={
                    "color": colours.detector_colour(str(key)),
                    "dash": colours.detector_dash(str(key)),
                    "width": 1.8,
                },
                marker={
                    "size": np.where(flagged, 11, 6),
                    "symbol": np.where(flagged, "triangle-up", "circle"),
                },
                customdata=own[["start", "end", "raw"]].to_numpy().tolist(),  # an array would reach Python as a mapping
                hovertemplate="%{customdata[0]:.1f}–%{customdata[1]:.1f} s: percentile %{y:.1f}, "
                "raw %{customdata[2]:.4g}<extra>" + name + "</extra>",
            )
        )
    figure.add_hline(y=100 * (1 - rate), line={"dash": "dot", "color": colours.LABELS["anomaly"], "width": 1.5})
    figure.update_layout(
        height=HEIGHT,
        margin={"l": 10, "r": 10, "t": 10, "b": 10},
        xaxis={"title": "middle of the window in s", "range": [0, float(table["end"].max())]},
        yaxis={"title": "percentile among held-out normal clips", "range": [-3, 106]},
        legend={"itemclick": "toggleothers", "itemdoubleclick": "toggle", "font": {"size": 11}},
        clickmode="event+select",
        uirevision="timeline",
    )
    return figure
