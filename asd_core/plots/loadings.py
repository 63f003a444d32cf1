"""What the axes of a projection mean."""

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from asd_core.features import LogMel
from asd_core.plots import colours
from asd_core.plots.layout import MARGIN, new_figure
from asd_core.space import POOLED, Projection

if TYPE_CHECKING:
    import plotly.graph_objects as go

TICKS = (125, 250, 500, 1000, 2000, 4000)
HEIGHT_EACH, HEIGHT_FRAME = 150, 90
_LINES = {"mean": "#0072B2", "spread": "#E69F00", "peak": "#CC79A7"}


def loadings_figure(projection: Projection, part: str, n_axes: int) -> "go.Figure":
    """For each axis a row: how much every band (or latent dimension) of a clip moves it along that axis.

    Args:
        part: one of ``POOLED``, or a detector whose latent space it is.
    """
    from plotly.subplots import make_subplots

    n_axes = min(n_axes, len(projection.axes))
    titles = [projection.axis(i) for i in range(n_axes)]
    figure = make_subplots(rows=n_axes, cols=1, shared_xaxes=True, subplot_titles=titles, vertical_spacing=0.09)
    for row in range(n_axes):
        for trace in _lines(projection.axes[row], part, first=row == 0):
            figure.add_trace(trace, row=row + 1, col=1)
        figure.update_yaxes(title_text="loading", zeroline=True, row=row + 1, col=1)
    if part in POOLED:
        bottom = {"title_text": "frequency in Hz", "type": "log", "tickvals": list(TICKS)}
    else:
        bottom = {"title_text": "latent dimension"}
    figure.update_xaxes(type=bottom.get("type", "linear"))
    figure.update_xaxes(**bottom, row=n_axes, col=1)
    figure.update_layout(
        height=HEIGHT_EACH * n_axes + HEIGHT_FRAME,
        margin={**MARGIN, "t": 40},
        legend={"orientation": "h", "y": -0.12 if n_axes > 2 else -0.2, "yanchor": "top"},
        hovermode="x unified",
    )
    figure.update_annotations(font_size=13)
    return figure


def _lines(axis: NDArray[Any], part: str, *, first: bool) -> list[Any]:
    import plotly.graph_objects as go

    if part not in POOLED:
        x = np.arange(1, len(axis) + 1)
        return [go.Bar(x=x, y=axis.astype(np.float32), marker_color=_LINES["mean"], showlegend=False, name="loading")]
    names = [part] if part != "all" else [name for name in POOLED if name != "all"]
    frequencies = LogMel().frequencies().astype(np.float32)
    return [
        go.Scatter(
            x=frequencies,
            y=subset.astype(np.float32),
            mode="lines",
            name=f"{name} of the band's level",
            line={"color": _LINES[name], "width": 1.6},
            legendgroup=name,
            showlegend=first,
        )
        for name, subset in zip(names, axis.reshape(len(names), -1), strict=True)
    ]


def scree_figure(projection: Projection) -> "go.Figure":
    """Share of the variance of each component, and of all up to it."""
    n = np.arange(1, len(projection.explained) + 1)
    figure = new_figure(
        height=HEIGHT_EACH * 2 + HEIGHT_FRAME,
        margin={**MARGIN, "t": 40},
        xaxis={"title": "component", "dtick": 1},
        yaxis={"title": "variance in %", "range": [0, 100]},
        legend={"orientation": "h", "y": -0.2, "yanchor": "top"},
    )
    figure.add_bar(x=n, y=100 * projection.explained, name="each", marker_color=colours.LABELS["normal"])
    return figure.add_scatter(
        x=n, y=100 * np.cumsum(projection.explained), name="together", line={"color": colours.LABELS["anomaly"]}
    )
