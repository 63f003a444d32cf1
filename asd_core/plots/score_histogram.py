"""A detector's raw scores of normal and anomalous clips."""

from typing import TYPE_CHECKING, Any

import numpy as np

from asd_core.evaluation import Floats
from asd_core.plots import colours
from asd_core.plots.layout import ABOVE, ABOVE_RIGHT, MARGIN, new_figure

if TYPE_CHECKING:
    import pandas as pd
    import plotly.graph_objects as go

BINS = 40  # of a histogram, and one more for what lies beyond
SIDES = (60, 12)  # pixels left and right of the bins, where a slider is to be aligned with them
GREY = "#7F7F7F"
LINES = {  # dash, width, colour
    "calibrated": ("dash", 2, GREY),
    "yours": ("solid", 3, colours.MINE),
    "least cost (oracle)": ("dot", 2, GREY),
}


def score_bins(raw: Floats, normal: Floats, threshold: float | None) -> Floats:
    """Edges of a histogram's bins ``(BINS + 2,)``, and one bin for what lies beyond, so that few extreme scores do not press
    all others together.

    Args:
        raw: scores of all clips, ``(n,)``.
        normal: those of normal clips, ``(m,)``: the half of the axis on which thresholds are chosen is theirs.
        threshold: within the bins, with some room above it; ``None`` for none.
    """
    low, high = (float(raw.min()), float(np.quantile(raw, 0.98))) if len(raw) else (0.0, 1.0)
    if len(normal):
        high = min(high, 2 * float(np.quantile(normal, 0.98)) - low)
    if threshold is not None:
        low, high = min(low, threshold), max(high, low + 1.5 * (threshold - low))
    edges = np.linspace(low, max(high, low + 1e-9 + 1e-6 * abs(low)), BINS + 1)
    return np.asarray(np.r_[edges, 2 * edges[-1] - edges[-2]])


def as_drawn(raw: Floats, edges: Floats) -> Floats:
    """Scores where a histogram shows them: those beyond all bins but the last in the middle of the last."""
    return np.asarray(np.minimum(raw, (edges[-2] + edges[-1]) / 2))


def histogram_figure(
    scores: "pd.DataFrame",
    threshold: float | None,
    title: str,
    *,
    chosen: float | None = None,
    least_cost: float | None = None,
) -> "go.Figure":
    """Raw scores of normal and anomalous clips of one detector and machine id, and the threshold.

    Args:
        scores: columns label, raw.
        threshold: the calibrated one, on the raw score; ``None`` for none.
        chosen: where a reader has put the threshold, by a slider under the figure: the bins then begin and end at fixed
            margins (``SIDES``, in pixels), so that the slider can have the same axis.
        least_cost: the threshold of least cost, an oracle.
    """
    raw = scores["raw"].to_numpy(dtype=np.float64)
    edges = score_bins(raw, raw[(scores["label"] == "normal").to_numpy()], threshold)
    drawn = as_drawn(raw, edges)
    # Counted here: a bar per bin is all the browser needs, however many clips there are.
    interactive = chosen is not None
    layout: dict[str, Any] = {
        "title": {"text": title, "font_size": 13},
        "height": 240,
        "margin": {**MARGIN, "t": 34},
        "yaxis": {"title": "clips"},
        "legend": ABOVE_RIGHT,
    }
    if interactive:
        layout = {
            "height": 320,
            "margin": {"l": SIDES[0], "r": SIDES[1], "t": 50, "b": 46, "autoexpand": False},
            "yaxis": {"title": "clips", "automargin": False},
            "legend": ABOVE,
            "uirevision": title,
        }
    layout["xaxis"] = {"title": "raw score", **({"range": [edges[0], edges[-1]]} if interactive else {})}
    figure = new_figure(barmode="overlay", **layout)
    highest = 1
    for label in [name for name in colours.LABELS if name != "unlabelled" or (scores["label"] == name).any()]:
        subset = drawn[(scores["label"] == label).to_numpy()]
        counts, _ = np.histogram(subset, bins=edges)
        highest = max(highest, int(counts.max()))
        pattern = {"shape": "/" if label == "anomaly" else ""}
        figure.add_bar(
            x=(edges[1:] + edges[:-1]) / 2,
            y=counts,
            width=np.diff(edges),
            customdata=np.c_[edges[:-1], edges[1:]],
            name=f"{label} ({len(subset)})",
            marker={"color": colours.LABELS[label], "pattern": pattern, "line": {"width": 0}},
            opacity=0.65,
            hovertemplate=f"score %{{customdata[0]:.4g}} to %{{customdata[1]:.4g}}: %{{y}} clips<extra>{label}</extra>",
        )
    if not interactive:
        if threshold is not None:
            figure.add_vline(x=threshold, line={"dash": "dash", "width": 2, "color": GREY})
        return figure
    for (name, (dash, width, colour)), x in zip(LINES.items(), (threshold, chosen, least_cost), strict=True):
        if x is not None:
            at = float(as_drawn(np.array([x]), edges)[0]) if name != "yours" else x
            figure.add_scatter(
                x=[at, at],
                y=[0, 1.05 * highest],
                mode="lines",
                name=name,
                line={"dash": dash, "width": width, "color": colour},
                hovertemplate=f"{name}: {x:.4g}<extra></extra>",
            )
    return figure
