"""A curve per detector: what ROC, precision-recall and DET figures share."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from asd_core.evaluation import Floats
from asd_core.plots import colours
from asd_core.plots.layout import ALONE, detector_line, new_figure

if TYPE_CHECKING:
    import pandas as pd
    import plotly.graph_objects as go

Curve = tuple[Floats, Floats]
MARK = {"size": 10, "symbol": "diamond", "line": {"width": 1, "color": "#333"}}
MOST_POINTS = 2000  # of a drawn curve: more cannot be told apart on a screen


def lines(
    scores: "pd.DataFrame",
    machine_id: str,
    names: Mapping[str, str],
    curve: Callable[[Floats, Floats], Curve],
    mean: Callable[[list[Curve]], Curve],
    hover: str,
    line_shape: str = "linear",
) -> "go.Figure":
    """A line per detector: ``curve(normal, anomaly)`` of one machine id, or the ``mean`` of those of all ids.

    Figures are exact; what is drawn is thinned to 2,000 points, both ends among them.
    """
    figure = new_figure(height=480, legend=ALONE)
    for key, subset in shown(scores, machine_id).groupby("detector", sort=False):
        curves = []
        for _, group in subset.groupby("machine_id"):
            raw, label = group["raw"].to_numpy(dtype=np.float64), group["label"]
            normal, anomaly = raw[(label == "normal").to_numpy()], raw[(label == "anomaly").to_numpy()]
            if len(normal) and len(anomaly):
                curves.append(curve(normal, anomaly))
        if not curves:
            continue
        x, y = thinned(*(mean(curves) if machine_id == "mean" else curves[0]))
        figure.add_scatter(
            x=x,
            y=y,
            mode="lines",
            name=names[str(key)],
            legendgroup=str(key),
            line={**detector_line(str(key), 2), "shape": line_shape},
            hovertemplate=labelled(names[str(key)], hover),
        )
    return figure


def labelled(name: str, hover: str) -> str:
    """What a line says when pointed at. Its name is within the label: beside it, plotly writes it in the line's own colour,
    which is too pale to read of a grey line."""
    return f"<b>{name}</b><br>{hover}<extra></extra>"


def mark(figure: "go.Figure", points: Mapping[str, tuple[float, float]], names: Mapping[str, str], hover: str) -> None:
    """A marker in each detector's colour at a point of its curve; it goes with its curve's legend entry."""
    drawn = {trace.legendgroup for trace in figure.data}
    for key, (x, y) in points.items():
        if key not in drawn or not (np.isfinite(x) and np.isfinite(y)):
            continue
        figure.add_scatter(
            x=[x],
            y=[y],
            mode="markers",
            name=f"{names[key]}: threshold",
            legendgroup=key,
            showlegend=False,
            marker={"color": colours.detector_colour(key), **MARK},
            hovertemplate=labelled(names[key], f"at the threshold: {hover}"),
        )


def thinned(x: Floats, y: Floats) -> Curve:
    """At most ``MOST_POINTS`` of a curve's points: evenly spread ones, and as many that crowd towards its start, which a
    logarithmic axis pulls apart."""
    n = len(x)
    if n <= MOST_POINTS:
        return x, y
    half = MOST_POINTS // 2
    spread = np.r_[np.linspace(0, n - 1, half), np.geomspace(1, n, half) - 1]
    chosen = np.unique(np.rint(spread).astype(np.int64))
    return x[chosen], y[chosen]


def at(grid: Floats, x: Floats, y: Floats) -> Floats:
    """A curve's values at ``grid``; where it is vertical, the point it reaches last.

    A step stays a step: ``np.interp`` takes the last of points at one ``x`` and runs level between two such groups.
    """
    return np.asarray(np.interp(grid, x, y))


def shown(scores: "pd.DataFrame", machine_id: str) -> "pd.DataFrame":
    """The rows a figure is of."""
    return scores if machine_id == "mean" else scores[scores["machine_id"] == machine_id]


def rate_axis(title: str, **more: Any) -> dict[str, Any]:
    """An axis of a rate from 0 to 1 in percent."""
    return {"title": title, "range": [-0.01, 1.02], "tickformat": ".0%", **more}
