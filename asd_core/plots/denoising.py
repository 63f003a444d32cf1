"""What denoising does: to every detector's percentile, and to the energy of each band."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from asd_core.plots import colours
from asd_core.plots.layout import GREY, new_figure
from asd_core.plots.percentiles import percentile_curves
from asd_core.plots.signal import mel_axis

if TYPE_CHECKING:
    import pandas as pd
    import plotly.graph_objects as go

HEIGHT = 470


def strength_figure(table: "pd.DataFrame", names: Mapping[str, str], strength: float, rate: float) -> "go.Figure":
    """Every detector's percentile over the denoising strength, and where the player's strength is.

    Args:
        table: ``strength_curve``'s.
        names: the title of each detector key.
        rate: false-alarm rate, whose threshold is drawn as a line.
    """

    def trace(rows: "pd.DataFrame", name: str) -> dict[str, Any]:
        return {
            "x": rows["strength"],
            "marker": {"size": 5},
            "customdata": rows["raw"],
            "hovertemplate": "strength %{x:.1f}: percentile %{y:.1f}, raw %{customdata:.4g}<extra>" + name + "</extra>",
        }

    figure = percentile_curves(table, names, rate, trace, height=HEIGHT, width=2)
    figure.add_vline(x=strength, line={"color": GREY, "width": 2})
    figure.update_layout(
        xaxis={"title": "denoising strength (0: as recorded)", "range": [-0.02, 1.02], "dtick": 0.2},
        uirevision="strength",
    )
    return figure


def removed_figure(removed: NDArray[np.float64], frequencies: NDArray[Any], strength: float) -> "go.Figure":
    """How far a strength lowers the level of each mel band.

    Args:
        removed: ``(n_mels,)`` in dB, nan for a band without energy.
        frequencies: centres in Hz.
    """
    known = removed[np.isfinite(removed)]
    high = max(3.0, float(known.max()) * 1.08) if len(known) else 3.0
    low = min(0.0, float(known.min()) * 1.08) if len(known) else 0.0
    yaxis = {"title": f"level removed at strength {strength:.2f} in dB", "range": [low, high]}
    figure = new_figure(height=HEIGHT, bargap=0, xaxis=mel_axis(), yaxis=yaxis, uirevision="removed")
    return figure.add_bar(
        x=np.arange(len(removed)),
        y=removed.astype(np.float32),
        marker={"color": colours.DENOISED, "line": {"width": 0}},
        customdata=frequencies,
        hovertemplate="%{customdata:.0f} Hz: %{y:.1f} dB removed<extra></extra>",
    )
