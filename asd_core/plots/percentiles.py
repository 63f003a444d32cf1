"""Percentiles of every detector over something: time, or the denoising strength."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from asd_core.plots import colours

if TYPE_CHECKING:
    import pandas as pd
    import plotly.graph_objects as go


def percentile_curves(
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
    import plotly.graph_objects as go

    figure = go.Figure()
    for key, rows in table.groupby("detector", sort=False):
        style = {"color": colours.detector_colour(str(key)), "dash": colours.detector_dash(str(key)), "width": width}
        name = names[str(key)]
        figure.add_trace(
            go.Scatter(y=rows["calibrated"], mode="lines+markers", name=name, line=style, **trace(rows, name))
        )
    figure.add_hline(y=100 * (1 - rate), line={"dash": "dot", "color": colours.LABELS["anomaly"], "width": 1.5})
    figure.update_layout(
        height=height,
        margin={"l": 10, "r": 10, "t": 10, "b": 10},
        yaxis={"title": "percentile among held-out normal clips", "range": [-3, 106]},
        legend={"itemclick": "toggleothers", "itemdoubleclick": "toggle", "font": {"size": 11}},
    )
    return figure
