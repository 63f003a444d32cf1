"""Clips as points in a plane."""

from typing import TYPE_CHECKING

import numpy as np

from asd_core.plots import colours

if TYPE_CHECKING:
    import pandas as pd
    import plotly.graph_objects as go

WEBGL_ABOVE = 3000


def scatter_figure(
    points: "pd.DataFrame", colour_by: str, explained: tuple[float, float], current: tuple[float, float, str] | None
) -> "go.Figure":
    """One point a clip; ``customdata`` carries its id.

    Args:
        points: columns x, y, clip_id and ``colour_by`` (numbers give a scale, text gives a colour and marker each).
        explained: share of the variance of the two axes.
        current: position and name of the clip that is open, marked with a star.
    """
    import plotly.graph_objects as go

    trace = go.Scattergl if len(points) > WEBGL_ABOVE else go.Scatter
    figure = go.Figure()
    values = points[colour_by]
    hover = "%{customdata[0]}<br>" + colour_by + ": %{customdata[1]}<extra></extra>"
    if values.dtype.kind == "f":
        groups = [("", points, {"color": values, "colorscale": "Viridis", "showscale": True, "symbol": "circle"})]
    else:
        names = sorted((str(v) for v in values.unique()), key=lambda v: (v == "anomaly", v))  # anomalies on top
        colour, symbol = colours.categories(names), colours.symbols(names)
        groups = [
            (name or "none", points[(values == name).to_numpy()], {"color": colour[name], "symbol": symbol[name]})
            for name in names
        ]
    for name, own, marker in groups:
        figure.add_trace(
            trace(
                x=own["x"].to_numpy(dtype=np.float32),
                y=own["y"].to_numpy(dtype=np.float32),
                mode="markers",
                name=f"{name} ({len(own)})" if name else "",
                showlegend=bool(name),
                marker={"size": 6, "opacity": 0.75, **marker},
                customdata=own[["clip_id", colour_by]].to_numpy(),
                hovertemplate=hover,
            )
        )
    if current:
        x, y, name = current
        figure.add_trace(
            go.Scatter(
                x=[x],
                y=[y],
                mode="markers",
                name="open clip",
                hovertemplate=name + "<extra>open clip</extra>",
                marker={"size": 18, "symbol": "star", "color": "#F0E442", "line": {"width": 1.5, "color": "#222"}},
            )
        )
    figure.update_layout(
        height=600,
        margin={"l": 10, "r": 10, "t": 10, "b": 10},
        xaxis={"title": f"component 1 ({explained[0]:.0%} of the variance)"},
        yaxis={"title": f"component 2 ({explained[1]:.0%} of the variance)"},
        legend={"orientation": "h", "y": 1.0, "yanchor": "bottom", "x": 0},
        dragmode="pan",
        clickmode="event+select",
    )
    return figure
