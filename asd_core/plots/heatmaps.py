"""Tables of figures as coloured squares."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from asd_core.evaluation import Floats
from asd_core.plots import colours
from asd_core.plots.layout import new_figure

if TYPE_CHECKING:
    import pandas as pd
    import plotly.graph_objects as go

MOST_WRITTEN = 12  # columns of squares: figures in more of them are too small to read


def agreement_figure(correlations: "pd.DataFrame", names: Mapping[str, str]) -> "go.Figure":
    """Rank correlations between detectors as coloured squares with their figure.

    Args:
        correlations: of :func:`asd_core.evaluation.rank_correlation`; its order is the order on screen.
        names: the title of each detector key.
    """
    titles = [names[str(key)] for key in correlations.columns]
    values = correlations.to_numpy(dtype=np.float64)
    # Blue over white to orange is told apart by colour-blind eyes, and 0 is white: no agreement.
    scale = [colours.LABELS["anomaly"], "#FFFFFF", colours.LABELS["normal"]]
    figure = _squares(values, titles, titles, (-1.0, 1.0), scale, "rank correlation")
    figure.update_traces(hovertemplate="%{y}<br>%{x}<br>rank correlation %{z:.2f}<extra></extra>")
    return figure


def breakdown_figure(table: "pd.DataFrame", names: Mapping[str, str], attribute: str) -> "go.Figure":
    """AUC of each detector (rows) by value of an attribute (columns); an empty square is not computable.

    Args:
        table: of :func:`asd_core.evaluation.breakdown`.
        names: the title of each detector key, in the order of the rows.
        attribute: what the columns are, with its unit, as the axis says it.
    """
    shown = set(table["detector"])
    wide, normals, anomalies = (
        table.pivot(index="detector", columns="value", values=column).reindex([key for key in names if key in shown])
        for column in ("auc", "n_normal", "n_anomaly")
    )
    titles = [names[str(key)] for key in wide.index]
    values = [str(value).replace("_", " ") for value in wide.columns]
    # Chance is white: what lies below it finds these anomalies no better.
    scale = ["#FFFFFF", colours.LABELS["normal"]]
    figure = _squares(wide.to_numpy(dtype=np.float64), values, titles, (0.5, 1.0), scale, "AUC")
    figure.update_traces(
        customdata=np.dstack([normals.to_numpy(), anomalies.to_numpy()]),
        hovertemplate="%{y}, %{x}: AUC %{z:.3f}<br>%{customdata[1]} anomalies against %{customdata[0]} normal clips"
        "<extra></extra>",
    )
    figure.update_xaxes(title=attribute, side="top")  # seen with the first rows, however many there are
    return figure


def _squares(
    values: Floats, columns: list[str], rows: list[str], limits: tuple[float, float], scale: list[str], title: str
) -> "go.Figure":
    """A heatmap, rows from the top, with its figures written in while there is room for them, black or white by their square's
    luminance: Plotly's own choice is dark grey on a middle blue.

    Args:
        scale: colours from the lower limit to the upper one, equally far apart.
    """

    def written(value: float) -> str:
        ink = colours.ink_on(scale, (value - limits[0]) / (limits[1] - limits[0]))
        return f'<span style="color:{ink}">{value:.2f}</span>'

    category = {"type": "category"}
    height = max(220, 120 + 26 * len(rows))
    figure = new_figure(height=height, xaxis=category, yaxis={**category, "autorange": "reversed"})
    return figure.add_heatmap(
        z=values,
        x=columns,
        y=rows,
        zmin=limits[0],
        zmax=limits[1],
        colorscale=[[k / (len(scale) - 1), colour] for k, colour in enumerate(scale)],
        colorbar={"title": {"text": title, "side": "right"}},
        text=[[written(v) if np.isfinite(v) else "" for v in row] for row in values],
        texttemplate="%{text}" if len(columns) <= MOST_WRITTEN else None,
        textfont={"size": 12},  # else Plotly takes the tags for letters, and shrinks all to have room for them
        hoverongaps=False,
        xgap=1,
        ygap=1,
    )
