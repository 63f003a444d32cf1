"""Precision-recall and DET curves, and tables of figures as coloured squares."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from asd_core.evaluation import Floats, Mark, det, precision_recall, probit
from asd_core.plots import colours
from asd_core.plots.lines import GREY, Curve, at, lines, mark, rate_axis, shown, thinned

if TYPE_CHECKING:
    import pandas as pd
    import plotly.graph_objects as go

MOST_WRITTEN = 12  # columns of squares: figures in more of them are too small to read
RECALLS = np.linspace(0.0, 1.0, 201)  # at which precision-recall curves of several ids are averaged
RATES = np.array([0.001, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 0.9, 0.95, 0.99])  # ticks


def precision_recall_figure(
    scores: "pd.DataFrame",
    machine_id: str,
    names: Mapping[str, str],
    *,
    prevalence: float | None = None,
    marks: Mapping[str, Mark] | None = None,
) -> "go.Figure":
    """Precision over recall of every detector for one machine id, or ``"mean"``: precision averaged at equal recall.

    Args:
        scores: columns detector, machine_id, label, raw.
        names: the legend's text for each detector key.
        prevalence: assumed share of anomalies; ``None`` takes each id's own share in the test set.
        marks: each detector's operating point, its precision being that of the test set's own share.
    """
    shares: list[float] = []

    def curve(normal: Floats, anomaly: Floats) -> Curve:
        shares.append(len(anomaly) / (len(normal) + len(anomaly)) if prevalence is None else prevalence)
        precision, recall = precision_recall(normal, anomaly, shares[-1])
        return recall, precision

    figure = lines(
        scores,
        machine_id,
        names,
        curve,
        _mean_precision,
        hover := "recall %{x:.1%}, precision %{y:.1%}",
        line_shape="vh",  # a recall in between is had at the next threshold's precision: a slope would promise more
    )
    share = float(np.mean(shares)) if shares else 0.0
    if shares:
        figure.add_hline(y=share, line={"dash": "dot", "width": 1, "color": GREY})
    mark(figure, {k: (m.detection_rate, m.precision) for k, m in (marks or {}).items()}, names, hover)
    of = f"if {share:.2%} of clips are anomalies" if prevalence is not None else f"test set: {share:.0%} anomalies"
    figure.update_layout(
        xaxis=rate_axis("recall (anomalies detected)"),
        yaxis=rate_axis(f"precision (alarms that are true; {of})"),
        uirevision="precision_recall",
    )
    return figure


def _mean_precision(curves: list[Curve]) -> Curve:
    # Precision at the strictest threshold that reaches the recall: between two thresholds there is nothing to read
    # off a line (Davis and Goadrich, 2006).
    each = [precision[np.searchsorted(recall, RECALLS - 1e-12)] for recall, precision in curves]
    return RECALLS, np.asarray(np.mean(each, axis=0))


def det_figure(
    scores: "pd.DataFrame", machine_id: str, names: Mapping[str, str], *, marks: Mapping[str, Mark] | None = None
) -> "go.Figure":
    """Miss rate over false-alarm rate on probit axes, for one machine id or ``"mean"`` (averaged at equal false alarms).

    Rates of 0 and 1, at infinity on these axes, are drawn half a clip inside.

    Args:
        scores: columns detector, machine_id, label, raw.
        names: the legend's text for each detector key.
        marks: each detector's operating point.
    """
    counts = shown(scores, machine_id).groupby(["label", "detector"]).size().groupby("label").max()
    n_normal, n_anomaly = (int(counts.get(label, 1)) for label in ("normal", "anomaly"))

    def mean(curves: list[Curve]) -> Curve:
        grid, _ = thinned(result := np.unique(np.concatenate([x for x, _ in curves])), result)
        return grid, np.asarray(np.mean([at(grid, *c) for c in curves], axis=0))

    figure = lines(scores, machine_id, names, det, mean, "")
    mark(figure, {k: (m.false_alarm_rate, 1.0 - m.detection_rate) for k, m in (marks or {}).items()}, names, "")
    for trace in figure.data:
        x, y = np.asarray(trace.x, dtype=np.float64), np.asarray(trace.y, dtype=np.float64)
        trace.update(
            x=probit(x, n_normal),
            y=probit(y, n_anomaly),
            customdata=np.c_[x, y],
            hovertemplate="false alarms %{customdata[0]:.1%}, misses %{customdata[1]:.1%}<extra>"
            + trace.name
            + "</extra>",
        )
    low, high = probit(np.array([0.0, 1.0]), max(n_normal, n_anomaly))
    axis: dict[str, Any] = {
        "tickvals": probit(RATES),
        "ticktext": [f"{100 * rate:g} %" for rate in RATES],
        "range": [low - 0.1, high + 0.1],
        "zeroline": False,
    }
    figure.update_layout(
        xaxis={"title": "false-alarm rate (normal clips called anomalies)", **axis},
        yaxis={"title": "miss rate (anomalies called normal)", **axis},
        uirevision="det",
    )
    return figure


def agreement_figure(correlations: "pd.DataFrame", names: Mapping[str, str]) -> "go.Figure":
    """Rank correlations between detectors as coloured squares with their figure.

    Args:
        correlations: ``breakdowns.agreement``'s table; its order is the order on screen.
        names: the title of each detector key.
    """
    titles = [names[str(key)] for key in correlations.columns]
    values = correlations.to_numpy(dtype=np.float64)
    # Blue over white to orange is told apart by colour-blind eyes, and 0 is white: no agreement.
    scale = [[0.0, colours.LABELS["anomaly"]], [0.5, "#FFFFFF"], [1.0, colours.LABELS["normal"]]]
    figure = _squares(values, titles, titles, (-1.0, 1.0), scale, "rank correlation")
    figure.update_traces(hovertemplate="%{y}<br>%{x}<br>rank correlation %{z:.2f}<extra></extra>")
    return figure


def breakdown_figure(table: "pd.DataFrame", names: Mapping[str, str], attribute: str) -> "go.Figure":
    """AUC of each detector (rows) by value of an attribute (columns); an empty square is not computable.

    Args:
        table: ``breakdowns.breakdown``'s table.
        names: the title of each detector key.
        attribute: what the columns are, with its unit, as the axis says it.
    """
    wide, normals, anomalies = (
        table.pivot(index="detector", columns="value", values=column).reindex(table["detector"].unique())
        for column in ("auc", "n_normal", "n_anomaly")
    )
    titles = [names[str(key)] for key in wide.index]
    values = [str(value).replace("_", " ") for value in wide.columns]
    # Chance is white: what lies below it finds these anomalies no better.
    scale = [[0.0, "#FFFFFF"], [1.0, colours.LABELS["normal"]]]
    figure = _squares(wide.to_numpy(dtype=np.float64), values, titles, (0.5, 1.0), scale, "AUC")
    figure.update_traces(
        customdata=np.dstack([normals.to_numpy(), anomalies.to_numpy()]),
        hovertemplate="%{y}, %{x}: AUC %{z:.3f}<br>%{customdata[1]} anomalies against %{customdata[0]} normal clips"
        "<extra></extra>",
    )
    figure.update_xaxes(title=attribute)
    return figure


def _squares(
    values: Floats, columns: list[str], rows: list[str], limits: tuple[float, float], scale: Any, title: str
) -> "go.Figure":
    """A heatmap, rows from the top, with its figures written in while there is room for them."""
    import plotly.graph_objects as go

    heatmap = go.Heatmap(
        z=values,
        x=columns,
        y=rows,
        zmin=limits[0],
        zmax=limits[1],
        colorscale=scale,
        colorbar={"title": {"text": title, "side": "right"}},
        text=[[f"{v:.2f}" if np.isfinite(v) else "" for v in row] for row in values],
        texttemplate="%{text}" if len(columns) <= MOST_WRITTEN else None,
        hoverongaps=False,
        xgap=1,
        ygap=1,
    )
    figure = go.Figure(heatmap)
    figure.update_layout(
        height=max(220, 120 + 26 * len(rows)),
        margin={"l": 10, "r": 10, "t": 10, "b": 10},
        xaxis={"type": "category"},
        yaxis={"type": "category", "autorange": "reversed"},
    )
    return figure
