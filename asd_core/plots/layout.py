"""What all figures share: an empty one with its margins, legends, a detector's line, a shaded band."""

from typing import TYPE_CHECKING, Any

import numpy as np

from asd_core.evaluation import Floats
from asd_core.plots import colours

if TYPE_CHECKING:
    import plotly.graph_objects as go

GREY = "#9aa5b1"
MARGIN = {"l": 10, "r": 10, "t": 10, "b": 10}
# A click on an entry shows it alone: of fifteen lines one wants to see one or all.
ALONE: dict[str, Any] = {"itemclick": "toggleothers", "itemdoubleclick": "toggle", "traceorder": "normal"}
ABOVE: dict[str, Any] = {"orientation": "h", "y": 1.0, "yanchor": "bottom", "x": 0}
ABOVE_RIGHT: dict[str, Any] = {**ABOVE, "x": 1, "xanchor": "right"}


def new_figure(**layout: Any) -> "go.Figure":
    """A figure without a trace, with the margins of all."""
    import plotly.graph_objects as go

    return go.Figure(layout={"margin": MARGIN, **layout})


def detector_line(key: str, width: float) -> dict[str, Any]:
    """The line that a detector has in every figure."""
    return {"color": colours.detector_colour(key), "dash": colours.detector_dash(key), "width": width}


def add_band(
    figure: "go.Figure", x: Floats, low: Floats, high: Floats, colour: str, opacity: float, **more: Any
) -> None:
    """Shade what lies between two curves, in a hex colour that lets others through."""
    red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    figure.add_scatter(
        x=np.r_[x, x[::-1]],
        y=np.r_[high, low[::-1]],
        mode="lines",
        fill="toself",
        fillcolor=f"rgba({red}, {green}, {blue}, {opacity:g})",
        line={"width": 0},
        hoverinfo="skip",
        **more,
    )
