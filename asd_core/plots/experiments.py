"""Figures of experiments: curves over what was varied, loss against AUC, and what an oracle's tuning is worth elsewhere."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from asd_core.detectors import detector_class, is_control
from asd_core.experiments import BOTH, TEST_ONLY, dbscan_transfers, detector_order, learning_curve
from asd_core.plots import colours
from asd_core.plots.emphasis import emphasise
from asd_core.plots.layout import ALONE, GREY, add_band, detector_line, new_figure

if TYPE_CHECKING:
    import pandas as pd
    import plotly.graph_objects as go

    from asd_core.experiments import Stored

MEAN_AUC = "mean AUC over machine ids"
FEW_LINES = 5  # whose intervals can be told apart
MOST_TICKS = 16
BESIDE = 0.04  # of the range, on each side


def experiment_figures(stored: "Stored", table: "pd.DataFrame", *, dark: bool = False) -> "dict[str, go.Figure]":
    """The figures of an experiment by heading, most telling first; none without a point.

    Args:
        table: of :func:`asd_core.experiments.experiment_summary`.
        dark: whether the page is.
    """
    header = stored.header
    if table.empty:
        return {}
    auc = MEAN_AUC if stored.scores["machine_id"].nunique() > 1 else "AUC"
    order = detector_order(stored, table)
    names = {key: detector_class(key).info.title for key in order}
    controls = {key for key in order if is_control(key)}

    def curves(part: "pd.DataFrame", by: str) -> "go.Figure":
        figure = curve_figure(part, names, by=by, x_title=header.x_title, log_x=header.log_x, auc=auc)
        if by == "detector" and len(order) > FEW_LINES:
            emphasise(figure, order, controls, dark=dark)
        return figure

    if header.kind == "denoising":
        return {
            f"Denoised: {series}": curves(subset, "detector")
            for series in (BOTH, TEST_ONLY)
            if not (subset := table[table["series"] == series]).empty
        }
    if header.kind == "skips":
        return {"Loss against AUC": loss_figure(table, names, auc=auc), "AUC over epochs": curves(table, "detector")}
    if header.kind == "dbscan":
        result = dbscan_transfers(stored)
        chosen = {} if result.empty else {"Tuned with test labels, and elsewhere": transfer_figure(result, auc=auc)}
        return {**chosen, "AUC over eps": curves(table.dropna(subset="x"), "series")}
    if header.kind == "clips":  # the mean over the draws
        table = learning_curve(stored).rename(columns={"clips": "x"})
    by = "series" if header.kind in ("components", "bandwidth") else "detector"
    return {f"AUC over {header.x_title}": curves(table, by)}


def curve_figure(
    table: "pd.DataFrame", names: Mapping[str, str], *, by: str, x_title: str, log_x: bool = False, auc: str = MEAN_AUC
) -> "go.Figure":
    """Mean AUC over what was varied: a line with its 95% interval for each detector or series.

    Args:
        table: of :func:`asd_core.experiments.experiment_summary`, or a part of it.
        names: the title of each detector key, in the order of the legend.
        by: ``detector`` or ``series``: what a line is.
        x_title: what was varied, with its unit.
        log_x: a logarithmic axis.
        auc: what the figure is called: of a single machine id it is no mean.
    """
    keys = [str(key) for key in table[by].unique()]
    if by == "detector":
        keys.sort(key=list(names).index)
        styles = {k: (detector_line(k, 2), names.get(k, k)) for k in keys}
    else:
        styles = {k: ({"color": colour, "width": 2}, k) for k, colour in colours.categories(keys).items()}
    figure = _auc_figure(auc)
    curves = {key: table[table[by] == key].sort_values("x") for key in keys}
    banded = curves if len(keys) <= FEW_LINES else {}
    for key, subset in banded.items():  # all bands lie behind all lines
        x, low, high = (subset[c].to_numpy(dtype=np.float64) for c in ("x", "auc_low", "auc_high"))
        add_band(figure, x, low, high, styles[key][0]["color"], 0.12, showlegend=False, legendgroup=key)
    for key, subset in curves.items():
        line, name = styles[key]
        figure.add_scatter(
            x=subset["x"],
            y=subset["auc"],
            mode="lines+markers",
            name=name,
            legendgroup=key,
            line=line,
            marker={"size": 6},
            customdata=subset[["auc_low", "auc_high"]],
            hovertemplate=f"{x_title} %{{x:g}}: AUC %{{y:.3f}} (%{{customdata[0]:.3f}}–%{{customdata[1]:.3f}})"
            f"<extra>{name}</extra>",
        )
    values = np.sort(table["x"].dropna().unique())
    axis: dict[str, Any] = {"title": x_title}
    log = log_x and len(values) > 0 and values[0] > 0
    if len(values) > 0:
        shown = values[_ticks(np.log(values) if log else values)]
        axis |= {"tickvals": shown, "ticktext": [f"{v:g}" for v in shown]}
    if len(values) > 1:  # or markers would widen it
        first, last = np.log10(values[[0, -1]]) if log else values[[0, -1]]
        axis |= {"range": [first - BESIDE * (last - first), last + BESIDE * (last - first)]}
    if log:
        axis |= {"type": "log"}
    return figure.update_layout(xaxis=axis)


def loss_figure(table: "pd.DataFrame", names: Mapping[str, str], *, auc: str = MEAN_AUC) -> "go.Figure":
    """AUC over the held-out loss of the stored weights, a line per detector through its numbers of epochs.

    Args:
        table: of :func:`asd_core.experiments.experiment_summary`; ``x`` is the number of epochs, written at each point.
        names: the title of each detector key.
        auc: as of :func:`curve_figure`.
    """
    title = "held-out loss (squared standard deviations), falling to the right"
    figure = _auc_figure(auc, xaxis={"title": title, "type": "log", "autorange": "reversed"})
    for key, subset in table.dropna(subset="held_out_loss").groupby("detector", sort=False):
        subset = subset.sort_values("x")
        ends = {"array": subset["auc_high"] - subset["auc"], "arrayminus": subset["auc"] - subset["auc_low"]}
        name = names.get(str(key), str(key))
        figure.add_scatter(
            x=subset["held_out_loss"],
            y=subset["auc"],
            error_y={"type": "data", "symmetric": False, "thickness": 1, **ends},
            mode="lines+markers+text",
            text=[f"{epochs:g}" for epochs in subset["x"]],
            textposition="top right",
            name=name,
            line=detector_line(str(key), 1.5),
            marker={"size": 8, "color": colours.detector_colour(str(key))},
            hovertemplate=f"after epoch %{{text}}: loss %{{x:.3g}}, AUC %{{y:.3f}}<extra>{name}</extra>",
        )
    return figure


def transfer_figure(table: "pd.DataFrame", *, auc: str = MEAN_AUC) -> "go.Figure":
    """What tuning with test labels is worth where it was done, and elsewhere: one row per way of splitting the test
    clips.

    Args:
        table: of :func:`asd_core.experiments.dbscan_transfers`.
        auc: as of :func:`curve_figure`.
    """
    marks = {
        "oracle": ("tuned and evaluated on the same clips (oracle)", "star", "anomaly"),
        "oracle_elsewhere": ("tuned on the other clips themselves (oracle)", "star-open", "anomaly"),
        "transferred": ("evaluated on the other clips", "circle", "normal"),
        "rule_elsewhere": ("rule without labels, on the other clips", "line-ns-open", "unlabelled"),
    }
    rows = [f"tuned on {name}" for name in table["tuned_on"]]
    figure = new_figure(
        height=320,
        xaxis={"title": auc},
        yaxis={"type": "category", "autorange": "reversed"},
        legend={"orientation": "h", "y": -0.3},
        uirevision="transfer",
    )
    for column, (name, symbol, label) in marks.items():
        figure.add_scatter(
            x=table[column],
            y=rows,
            mode="markers",
            name=name,
            marker={"size": 12, "symbol": symbol, "color": colours.LABELS[label], "line": {"width": 2}},
            text=table["chosen"],
            hovertemplate=f"%{{y}} (%{{text}}): AUC %{{x:.3f}}<extra>{name}</extra>",
        )
    return figure


def _auc_figure(auc: str, **layout: Any) -> "go.Figure":
    """A figure of AUCs without a line, but that of chance."""
    figure = new_figure(
        height=460, yaxis={"title": f"{auc} (95% interval)"}, legend=ALONE, uirevision="experiment", **layout
    )
    return figure.add_hline(y=0.5, line={"dash": "dot", "width": 1, "color": GREY})


def _ticks(values: "np.ndarray[Any, Any]") -> "np.ndarray[Any, Any]":
    """The values to write at an axis: those too close to the one before are left out."""
    least, chosen = (values[-1] - values[0]) / MOST_TICKS, [0]
    for index, value in enumerate(values):
        if value - values[chosen[-1]] > least:
            chosen.append(index)
    return np.array(chosen)
