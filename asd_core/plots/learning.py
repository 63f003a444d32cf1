"""The loss of a network while it trains."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from asd_core.plots.layout import ABOVE, GREY, new_figure

if TYPE_CHECKING:
    import plotly.graph_objects as go

COLOUR = "#0072B2"


def learning_figure(training: Sequence[float], held_out: Sequence[float]) -> "go.Figure":
    """Loss from the first epoch or step to now, on the clips that are learned from and on those held out."""
    figure = new_figure(
        height=180,
        xaxis={"title": "share of what was done so far", "tickformat": ".0%", "range": [0, 1]},
        yaxis={"title": "loss"},
        legend=ABOVE,
        uirevision="learning",
    )
    for values, label, line in (
        (training, "clips that it learns from", {"color": GREY, "width": 1.5}),
        (held_out, "held-out clips", {"color": COLOUR, "width": 2.2}),
    ):
        if len(values):
            # Both end now, however often each was measured.
            x = [(k + 1) / len(values) for k in range(len(values))]
            figure.add_scatter(x=x, y=list(values), mode="lines", name=label, line=line, hovertemplate="%{y:.4g}")
    return figure
