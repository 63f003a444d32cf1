"""A clip's spectrum against the band of normal clips."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from asd_core.explain import NormalReference
from asd_core.features import Array, spectrum_db
from asd_core.plots.layout import ABOVE, new_figure
from asd_core.plots.normal_band import normal_band
from asd_core.plots.signal import Version

if TYPE_CHECKING:
    import plotly.graph_objects as go

POINTS = 1200  # of a drawn FFT: more cannot be told apart on a screen
LOWEST = 20.0  # Hz, where a logarithmic axis begins
HEIGHT = 420
TICKS = (20, 50, 100, 200, 500, 1000, 2000, 5000, 10000, 20000)


@dataclass(frozen=True, eq=False)
class Drawn:
    """One version of a clip and its Welch spectrum ``(n_bins,)`` in dB."""

    version: Version
    welch: Array


def peaks(frequencies: Array, levels: Array, n_points: int, *, log: bool) -> tuple[Array, Array]:
    """The largest level of each of at most ``n_points`` groups of frequencies, and where it is: no line is lost.

    Args:
        frequencies, levels: ``(n,)``, evenly spaced from 0 Hz.
        log: groups of equal width on a logarithmic axis from ``LOWEST`` on, else of equal width in Hz.
    """
    n = len(frequencies)
    if log:
        first = int(np.searchsorted(frequencies, LOWEST))
        edges = np.unique(np.geomspace(max(first, 1), n, n_points + 1).astype(int))[:-1]
    else:
        edges = np.unique(np.linspace(0, n, n_points + 1).astype(int))[:-1]
    ends = np.r_[edges[1:], n]
    at = np.array([a + int(np.argmax(levels[a:b])) for a, b in zip(edges, ends, strict=True)])
    return frequencies[at], levels[at]


def spectra_figure(
    drawn: Sequence[Drawn],
    sample_rate: int,
    welch_frequencies: NDArray[Any],
    reference: NormalReference | None,
    *,
    log: bool,
) -> "go.Figure":
    """FFT of the whole clip (thin) and Welch's spectrum (bold), as recorded and denoised, over the band of normal clips.

    Args:
        reference: of Welch spectra with the same bins.
        log: a logarithmic frequency axis.
    """
    figure = new_figure(height=HEIGHT, legend=ABOVE, hovermode="x", uirevision=f"spectra-{log}")
    part = slice(1, None) if log else slice(None)  # 0 Hz has no place on a logarithmic axis
    if reference is not None:
        figure.add_traces(_band(reference, part))
    for one in drawn:
        frequencies, levels = peaks(*spectrum_db(one.version.samples, sample_rate), POINTS, log=log)
        _add_line(figure, one.version, "FFT", frequencies, levels, width=0.8, opacity=0.45)
    for one in drawn:
        _add_line(figure, one.version, "Welch", welch_frequencies[part], one.welch[part], width=2.2, opacity=1.0)
    axis: dict[str, Any] = {"title": "frequency in Hz", "range": [0, sample_rate / 2]}
    if log:
        limits = [np.log10(LOWEST), np.log10(sample_rate / 2)]
        axis = {"title": "frequency in Hz", "type": "log", "range": limits, "tickvals": list(TICKS)}
    lines = [trace for trace in figure.data if trace.fill is None and trace.opacity == 1.0]
    levels = np.concatenate([np.asarray(trace.y) for trace in lines])
    limits_y = [max(-140.0, float(np.percentile(levels, 1)) - 25.0), float(levels.max()) + 4.0]
    return figure.update_layout(xaxis=axis, yaxis={"title": "level in dB re full scale", "range": limits_y})


def _add_line(
    figure: "go.Figure", version: Version, what: str, x: NDArray[Any], y: Array, *, width: float, opacity: float
) -> None:
    name = f"{what}, {version.name}"
    figure.add_scatter(
        x=x.astype(np.float32),
        y=y.astype(np.float32),
        mode="lines",
        name=name,
        line={"color": version.colour, "width": width},
        opacity=opacity,
        hovertemplate=f"%{{x:.0f}} Hz: %{{y:.1f}} dB<extra>{name}</extra>",
    )


def _band(reference: NormalReference, part: slice) -> list[Any]:
    """The band of the normal clips' Welch spectra; pointing at their median shows its level."""
    spectra = (reference.welch_frequencies, reference.welch_low, reference.welch_median, reference.welch_high)
    traces = normal_band(reference, *(values[part] for values in spectra))
    traces[1].update(hoverinfo=None, hovertemplate="%{x:.0f} Hz: %{y:.1f} dB<extra>normal median</extra>")
    return traces
