"""What denoising does: to every detector's percentile, and to the energy of each band."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from asd_core.plots import colours
from asd_core.plots.lines import GREY

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
    import plotly.graph_objects as go

    figure = go.Figure()
    for key, own in table.groupby("detector", sort=False):
        name = names[str(key)]
        figure.add_trace(
            go.Scatter(
                x=own["strength"],
                y=own["calibrated"],
                mode="lines+markers",
                name=name,
                line={
                    "color": colours.detector_colour(str(key)),
                    "dash": colours.detector_dash(str(key)),
                    "width": 2,
                },
                marker={"size": 5},
                customdata=own["raw"],
                hovertemplate="strength %{x:.1f}: percentile %{y:.1f}, raw %{customdata:.4g}<extra>"
                + name
                + "</extra>",
            )
        )
    figure.add_hline(y=100 * (1 - rate), line={"dash": "dot", "color": colours.LABELS["anomaly"], "width": 1.5})
    figure.add_vline(x=strength, line={"color": GREY, "width": 2})
    figure.update_layout(
        height=HEIGHT,
        margin={"l": 10, "r": 10, "t": 10, "b": 10},
        xaxis={"title": "denoising strength (0: as recorded)", "range": [-0.02, 1.02], "dtick": 0.2},
        yaxis={"title": "percentile among held-out normal clips", "range": [-3, 103]},
        legend={"itemclick": "toggleothers", "itemdoubleclick": "toggle", "font": {"size": 11}},
        uirevision="strength",
    )
    return figure


def removed_figure(removed: NDArray[np.float64], frequencies: NDArray[Any], strength: float) -> "go.Figure":
    """How far a strength lowers the level of each mel band.

    Args:
        removed: ``(n_mels,)`` in dB, nan for a band without energy.
        frequencies: centres in Hz.
    """
    import plotly.graph_objects as go

    from asd_core.features import LogMel
    from asd_core.plots.signal import mel_ticks

    ticks, labels = mel_ticks(LogMel())
    figure = go.Figure(
        go.Bar(
            x=np.arange(len(removed)),
            y=removed.astype(np.float32),
            marker={"color": colours.DENOISED, "line": {"width": 0}},
            customdata=frequencies,
            hovertemplate="%{customdata:.0f} Hz: %{y:.1f} dB removed<extra></extra>",
        )
    )
    known = removed[np.isfinite(removed)]
    high = max(3.0, float(known.max()) * 1.08) if len(known) else 3.0
    low = min(0.0, float(known.min()) * 1.08) if len(known) else 0.0
    figure.update_layout(
        height=HEIGHT,
        margin={"l": 10, "r": 10, "t": 10, "b": 10},
        bargap=0,
        xaxis={"title": "mel band, centre in Hz", "tickvals": ticks, "ticktext": labels},
        yaxis={"title": f"level removed at strength {strength:.2f} in dB", "range": [low, high]},
        uirevision="removed",
    )
    return figure
