"""Alarms among clips, a square per clip: a share that one can count."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from asd_core.plots import colours
from asd_core.plots.layout import MARGIN, new_figure

if TYPE_CHECKING:
    import plotly.graph_objects as go

ROWS = 20
LEAST = 0.14  # of the figure's width, that the title of a few clips needs
GAP = 0.03
QUIET, POSSIBLE = "#9aa5b1", "#f0b48a"
STATES = ("no alarm", "an alarm in some draws of the held-out clips", "an alarm")


@dataclass(frozen=True)
class AlarmGroup:
    """Clips of one label.

    Attributes:
        title: what they are.
        alarms: how many of them raise one. possible: how many more may.
    """

    title: str
    n: int
    alarms: int
    possible: int = 0


def alarms_figure(groups: Sequence[AlarmGroup]) -> "go.Figure":
    """A square for each clip of each group, side by side, those with an alarm first."""
    figure = new_figure(margin={**MARGIN, "t": 40})
    columns = [max(1, -(-group.n // ROWS)) for group in groups]
    shares = np.maximum(np.array(columns) / sum(columns), LEAST)
    ends = np.cumsum(shares / shares.sum())
    scale = [
        [k / 3, c]
        for k, c in zip((0, 1, 1, 2, 2, 3), np.repeat([QUIET, POSSIBLE, colours.LABELS["anomaly"]], 2), strict=True)
    ]
    for index, (group, width, end) in enumerate(zip(groups, columns, ends, strict=True)):
        start = ends[index - 1] + GAP if index else 0.0
        state = np.full(width * ROWS, np.nan)
        state[: group.n] = 0
        state[: min(group.n, group.alarms + group.possible)] = 1
        state[: group.alarms] = 2
        number = index + 1 if index else ""
        squares = state.reshape(width, ROWS).T[::-1]
        figure.add_heatmap(
            z=squares,
            zmin=0,
            zmax=2,
            text=[[STATES[int(value)] if value == value else "" for value in row] for row in squares],
            colorscale=scale,
            showscale=False,
            xgap=2,
            ygap=2,
            hoverongaps=False,
            hovertemplate=f"%{{text}}<extra>{group.title}</extra>",
            xaxis=f"x{number}",
            yaxis=f"y{number}",
        )
        bare = {"visible": False, "fixedrange": True}
        figure.update_layout(
            {
                f"xaxis{number}": {**bare, "domain": [start, float(end)], "anchor": f"y{number}"},
                f"yaxis{number}": {**bare, "anchor": f"x{number}"},
            }
        )
        figure.add_annotation(
            text=group.title,
            x=start,
            y=1.0,
            xref="paper",
            yref="paper",
            xanchor="left",
            yanchor="bottom",
            showarrow=False,
        )
    return figure
