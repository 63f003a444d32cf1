"""The band of a machine's normal clips, as every figure draws it: percentiles 5 to 95 in grey, their median dotted."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from asd_core.explain import NormalReference

GREY = "rgba(128, 138, 150, {})"


def normal_band(
    reference: NormalReference,
    position: NDArray[Any],
    low: NDArray[Any],
    median: NDArray[Any],
    high: NDArray[Any],
    *,
    upright: bool = False,
) -> list[Any]:
    """Two traces: the band, and the median.

    Args:
        position: ``(n,)`` on the axis along the band, such as frequencies in Hz.
        low, median, high: ``(n,)`` levels in dB.
        upright: positions run upwards and levels to the right; otherwise positions run to the right.
    """
    import plotly.graph_objects as go

    def place(along: NDArray[Any], level: NDArray[Any]) -> dict[str, NDArray[Any]]:
        return {"x": level, "y": along} if upright else {"x": along, "y": level}

    return [
        go.Scatter(
            **place(np.r_[position, position[::-1]], np.r_[high, low[::-1]]),
            fill="toself",
            fillcolor=GREY.format(0.28),
            line={"width": 0},
            mode="lines",
            name=f"{reference.n_clips} normal clips, 5–95%",
            hoverinfo="skip",
        ),
        go.Scatter(
            **place(position, median),
            mode="lines",
            name="their median",
            line={"color": GREY.format(1), "width": 1.4, "dash": "dot"},
            opacity=1.0,
            hoverinfo="skip",
        ),
    ]
