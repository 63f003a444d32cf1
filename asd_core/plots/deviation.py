"""Levels by mel band: of a clip against the normal reference, of one clip against another, of what denoising removes."""

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from asd_core.explain import NormalReference, from_mean, largest
from asd_core.features import Array, LogMel
from asd_core.plots import colours
from asd_core.plots.layout import ABOVE, ABOVE_RIGHT, MARGIN, new_figure
from asd_core.plots.normal_band import normal_band
from asd_core.plots.signal import coarsen, mel_axis, mel_ticks

if TYPE_CHECKING:
    import plotly.graph_objects as go

COLUMNS = 600  # of a drawn map
HEIGHT = 380
# Blue over white to orange: 0 is white, and colour-blind eyes tell the sides apart.
DIVERGING = [[0.0, colours.LABELS["normal"]], [0.5, "#FFFFFF"], [1.0, colours.LABELS["anomaly"]]]


def deviation_figure(log_mel: Array, reference: NormalReference, representation: LogMel, name: str) -> "go.Figure":
    """Left the log-mel less the normal mean of each band, right its average over time in the band of normal clips.

    Args:
        log_mel: of the clip, ``(n_mels, n_frames)`` in dB.
        name: of the version that is drawn: as recorded, or denoised.
    """
    from plotly.subplots import make_subplots

    difference = from_mean(log_mel, reference)
    limit = largest(difference)
    values, step = _strongest(difference)
    bands = np.arange(len(values))
    hertz = representation.frequencies().astype(np.float32)
    figure = make_subplots(rows=1, cols=2, shared_yaxes=True, column_widths=[0.72, 0.28], horizontal_spacing=0.11)
    figure.add_heatmap(
        z=values,
        x=representation.times(log_mel.shape[1])[::step].astype(np.float32),
        y=bands,
        zmin=-limit,
        zmax=limit,
        colorscale=DIVERGING,
        colorbar={"title": {"text": "dB above normal mean", "side": "right"}, "thickness": 10, "x": 0.645},
        customdata=np.broadcast_to(hertz[:, None], values.shape),
        hovertemplate="%{x:.2f} s, %{customdata:.0f} Hz: %{z:+.1f} dB<extra></extra>",
        row=1,
        col=1,
    )
    for trace in _profile(log_mel.mean(axis=1), reference, hertz, name):
        figure.add_trace(trace, row=1, col=2)
    ticks, labels = mel_ticks(representation)
    figure.update_yaxes(tickvals=ticks, ticktext=labels, range=[-0.5, len(values) - 0.5])
    figure.update_yaxes(title_text="frequency in Hz", row=1, col=1)
    figure.update_xaxes(title_text="time in s", row=1, col=1)
    figure.update_xaxes(title_text="mean level in dB", row=1, col=2)
    return figure.update_layout(height=HEIGHT, margin=MARGIN, legend=ABOVE_RIGHT, uirevision="deviation")


def _strongest(difference: Array) -> tuple[Array, int]:
    """At most ``COLUMNS`` columns, each the value farthest from 0 of its frames; and how many frames those are."""
    above, step = coarsen(difference, COLUMNS)
    below, _ = coarsen(-difference, COLUMNS)
    return np.where(above >= below, above, -below).astype(np.float32), step


def _profile(level: Array, reference: NormalReference, hertz: Array, name: str) -> list[Any]:
    """Mean level of each band, over the band of the normal clips; frequency runs upwards."""
    import plotly.graph_objects as go

    bands = np.arange(len(level))
    return [
        *normal_band(reference, bands, reference.mel_low, reference.mel_median, reference.mel_high, upright=True),
        go.Scatter(
            x=level.astype(np.float32),
            y=bands,
            mode="lines",
            name=name,
            line={"color": colours.DENOISED if name.startswith("denoised") else colours.RAW, "width": 2},
            customdata=hertz,
            hovertemplate="%{customdata:.0f} Hz: %{x:.1f} dB<extra>" + name + "</extra>",
        ),
    ]


def difference_figure(
    difference: NDArray[np.float64], frequencies: NDArray[Any], names: tuple[str, str]
) -> "go.Figure":
    """Level of one clip above another's at each mel band.

    Args:
        difference: ``(n_mels,)`` in dB.
        frequencies: centres in Hz.
        names: of the one and the other.
    """
    limit = largest(difference, 100.0, 3.0) * 1.08
    louder = difference > 0
    yaxis = {"title": "difference in dB", "range": [-limit, limit], "zeroline": True}
    layout = {"bargap": 0, "barmode": "overlay", "legend": ABOVE, "uirevision": "difference"}
    figure = new_figure(height=240, xaxis=mel_axis(), yaxis=yaxis, **layout)
    for mask, name, colour in (
        (louder, names[0], colours.LABELS["anomaly"]),
        (~louder, names[1], colours.LABELS["normal"]),
    ):
        levels = np.where(mask, difference, np.nan)
        _add_bars(figure, levels, frequencies, colour, "%{y:+.1f} dB", name=f"{name} is louder")
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
    figure = new_figure(height=470, bargap=0, xaxis=mel_axis(), yaxis=yaxis, uirevision="removed")
    _add_bars(figure, removed, frequencies, colours.DENOISED, "%{y:.1f} dB removed")
    return figure


def _add_bars(
    figure: "go.Figure", levels: NDArray[Any], frequencies: NDArray[Any], colour: str, hover: str, **more: Any
) -> None:
    """A bar per mel band."""
    figure.add_bar(
        x=np.arange(len(levels)),
        y=levels.astype(np.float32),
        marker={"color": colour, "line": {"width": 0}},
        customdata=frequencies,
        hovertemplate=f"%{{customdata:.0f}} Hz: {hover}<extra></extra>",
        **more,
    )
