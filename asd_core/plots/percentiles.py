"""Percentiles of every detector over something: time, or the denoising strength."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from asd_core.plots import colours
from asd_core.plots.layout import ALONE, detector_line, new_figure

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
    yaxis = {"title": "percentile among held-out normal clips", "range": [-3, 106]}
    figure = new_figure(height=height, yaxis=yaxis, legend={**ALONE, "font": {"size": 11}})
    for key, rows in table.groupby("detector", sort=False):
        name, line = names[str(key)], detector_line(str(key), width)
        figure.add_scatter(y=rows["calibrated"], mode="lines+markers", name=name, line=line, **trace(rows, name))
    return figure.add_hline(y=100 * (1 - rate), line={"dash": "dot", "color": colours.LABELS["anomaly"], "width": 1.5})
