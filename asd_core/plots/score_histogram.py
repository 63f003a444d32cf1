"""A detector's raw scores of normal and anomalous clips."""

from typing import TYPE_CHECKING

import numpy as np

from asd_core.plots import colours
from asd_core.plots.layout import ABOVE_RIGHT, MARGIN, new_figure

if TYPE_CHECKING:
    import pandas as pd
    import plotly.graph_objects as go

BINS = 30  # of a histogram, and one more for what lies beyond


def histogram_figure(scores: "pd.DataFrame", threshold: float | None, title: str) -> "go.Figure":
    """Raw scores of normal and anomalous clips of one detector and machine id, and the threshold.

    Args:
        scores: columns label, raw.
    """
    raw = scores["raw"].to_numpy(dtype=np.float64)
    low, high = (float(raw.min()), float(np.quantile(raw, 0.98))) if len(raw) else (0.0, 1.0)
    if threshold is not None:
        high = max(high, threshold * 1.05 if threshold > 0 else threshold)
    # Counted here: a bar a bin is all the browser needs, however many clips there are.
    edges = np.linspace(low, max(high, low + 1e-9), BINS + 1)
    edges = np.r_[edges, 2 * edges[-1] - edges[-2]]
    figure = new_figure(
        title={"text": title, "font_size": 13},
        barmode="overlay",
        height=240,
        margin={**MARGIN, "t": 34},
        xaxis={"title": "raw score"},
        yaxis={"title": "clips"},
        legend=ABOVE_RIGHT,
    )
    for label in [name for name in colours.LABELS if name != "unlabelled" or (scores["label"] == name).any()]:
        subset = raw[(scores["label"] == label).to_numpy()]
        counts, _ = np.histogram(np.minimum(subset, edges[-2]), bins=edges)  # the last bin holds everything beyond it
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
    if threshold is not None:
        figure.add_vline(x=threshold, line={"dash": "dash", "width": 2, "color": "#7F7F7F"})
    return figure
