"""How far every detector is above its threshold, over time and over the denoising strength."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from asd_core.evaluation import Floats, percentile_in_words
from asd_core.plots import colours
from asd_core.plots.layout import ALONE, GREY, detector_line, new_figure

if TYPE_CHECKING:
    import pandas as pd
    import plotly.graph_objects as go

TICKS = (-10, -3, -1, 0, 1, 3, 10, 30, 100, 300, 1000, 3000, 10_000)  # margins that the axis names
LOWEST = -4.0  # margin at which the axis begins: how normal a clip is to a detector needs no room
SHOWN = 3.0  # margin that it reaches at least


def margin_height(margins: "Floats | pd.Series[float]") -> Floats:
    """Margins as they are drawn: linear near the threshold, logarithmic far from it, so that a detector far beyond all
    others leaves them room."""
    return np.asarray(np.arcsinh(np.asarray(margins, dtype=np.float64)))


def margin_axis(heights: Floats) -> dict[str, Any]:
    """Ticks and range of an axis or a colour bar of margins as they are drawn (see :func:`margin_height`)."""
    lowest, least = (float(end) for end in margin_height(np.array([LOWEST, SHOWN])))
    highest = float(np.nanmax(heights, initial=least))
    return {
        "tickvals": margin_height(np.array(TICKS)).tolist(),
        "ticktext": [f"{tick:+,d}" if tick else "threshold" for tick in TICKS],
        "range": [lowest, highest + 0.04 * (highest - lowest)],
    }


def _curves(
    table: "pd.DataFrame",
    names: Mapping[str, str],
    trace: Callable[["pd.DataFrame"], dict[str, Any]],
    *,
    hover: str,
    height: int,
    width: float,
) -> "go.Figure":
    """A line with markers for each detector, and the threshold.

    Args:
        table: columns ``detector``, ``margin``, ``calibrated``, ``raw`` and what ``trace`` reads.
        names: the title of each detector key; lines and legend follow their order.
        trace: a detector's rows -> its trace's ``x``, ``marker`` and the first columns of its ``customdata``.
        hover: what a point's label begins with, of these columns.
        height: of the figure, in pixels.
        width: of the lines, in pixels.
    """
    drawn = margin_height(table["margin"])
    yaxis = {"title": "margin over the threshold, normal spreads", "zeroline": False, **margin_axis(drawn)}
    figure = new_figure(height=height, yaxis=yaxis, legend={**ALONE, "font": {"size": 11}})
    of = {str(key): rows for key, rows in table.groupby("detector", sort=False)}
    for key, name in names.items():
        if key not in of:
            continue
        rows = of[key]
        more = trace(rows)
        first = more.pop("customdata")
        words = [percentile_in_words(p) for p in rows["calibrated"]]
        data = zip(*(first[column] for column in first), rows["margin"], words, rows["raw"], strict=True)
        place = len(first.columns)
        figure.add_scatter(
            y=margin_height(rows["margin"]),
            mode="lines+markers",
            name=name,
            legendgroup=key,
            line=detector_line(key, width),
            customdata=[list(values) for values in data],  # an array would reach Python as a mapping
            hovertemplate=f"{hover}: margin %{{customdata[{place}]:.1f}}<br>%{{customdata[{place + 1}]}}<br>"
            f"raw %{{customdata[{place + 2}]:.4g}}<extra>{name}</extra>",
            **more,
        )
    return figure.add_hline(y=0.0, line={"dash": "dot", "color": colours.LABELS["anomaly"], "width": 1.5})


def strength_figure(table: "pd.DataFrame", names: Mapping[str, str], strength: float) -> "go.Figure":
    """Every detector's margin over the denoising strength, and where the player's strength is.

    Args:
        table: ``strength_curve``'s, with margins.
        names: the title of each detector key.
    """

    def trace(rows: "pd.DataFrame") -> dict[str, Any]:
        return {"x": rows["strength"], "marker": {"size": 5}, "customdata": rows[["strength"]]}

    figure = _curves(table, names, trace, hover="strength %{x:.1f}", height=470, width=2)
    figure.add_vline(x=strength, line={"color": GREY, "width": 2})
    figure.update_layout(
        xaxis={"title": "denoising strength (0: as recorded)", "range": [-0.02, 1.02], "dtick": 0.2},
        uirevision="strength",
    )
    return figure


def timeline_figure(table: "pd.DataFrame", moments: "pd.DataFrame", names: Mapping[str, str]) -> "go.Figure":
    """Every detector's margin over time, a point per window at its middle; the peak of each moment is marked.

    Each point carries the window's start in s as ``customdata[0]``.

    Args:
        table: ``scan_recording``'s.
        moments: ``flagged_moments``'s of it.
        names: the title of each detector key.
    """
    peaks = {key: rows["peak_start"].to_numpy() for key, rows in moments.groupby("detector")}

    def trace(rows: "pd.DataFrame") -> dict[str, Any]:
        peak = np.isin(rows["start"].to_numpy(), peaks.get(rows["detector"].iloc[0], []))
        return {
            "x": (rows["start"] + rows["end"]) / 2,
            "marker": {"size": np.where(peak, 12, 4), "symbol": np.where(peak, "triangle-up", "circle")},
            "customdata": rows[["start", "end"]],
        }

    figure = _curves(table, names, trace, hover="%{customdata[0]:.1f}–%{customdata[1]:.1f} s", height=450, width=1.8)
    figure.update_layout(
        xaxis={"title": "middle of the window in s", "range": [0, float(table["end"].max())]},
        clickmode="event+select",
        uirevision="timeline",
    )
    return figure
