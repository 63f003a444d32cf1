"""A clip in time and frequency, as recorded and denoised."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from asd_core.features import Array, LogMel, spectrum_db
from asd_core.plots import colours
from asd_core.sound import Samples

if TYPE_CHECKING:
    import plotly.graph_objects as go

WAVEFORM_POINTS, SPECTRUM_POINTS, SPECTROGRAM_COLUMNS = 2000, 1200, 1200
HEIGHT = 560


def envelope(samples: Samples, n_points: int) -> NDArray[np.intp]:
    """Indices of the minima and maxima that draw a signal at ``n_points``: no peak is lost."""
    if len(samples) <= n_points:
        return np.arange(len(samples))
    from tsdownsample import MinMaxDownsampler

    return np.asarray(MinMaxDownsampler().downsample(samples, n_out=n_points), dtype=np.intp)  # type: ignore[no-untyped-call]  # the package ships no types


def coarsen(spectrogram: Array, n_columns: int) -> tuple[Array, int]:
    """At most ``n_columns`` columns, each the maximum of the frames it stands for; and how many those are."""
    step = int(np.ceil(spectrogram.shape[1] / n_columns))
    if step <= 1:
        return spectrogram, 1
    starts = np.arange(0, spectrogram.shape[1], step)
    return np.maximum.reduceat(spectrogram, starts, axis=1), step


@dataclass(frozen=True, eq=False)
class Version:
    """A clip as recorded, or denoised: what is drawn of it."""

    name: str
    colour: str
    samples: Samples  # (n_samples,)


def versions(raw: Samples, denoised: Samples | None) -> list[Version]:
    """As recorded and, once there is one, denoised."""
    found = [Version("as recorded", colours.RAW, raw)]
    return found if denoised is None else [*found, Version("denoised", colours.DENOISED, denoised)]


def clip_figure(
    drawn: Sequence[Version], sample_rate: int, representation: LogMel, maps: Sequence[Array]
) -> "go.Figure":
    """Waveforms over each other, and below them each version's log-mel, on one time axis.

    Args:
        maps: the log-mel of each version, ``(n_mels, n_frames)`` in dB.
    """
    import plotly.graph_objects as go
    from plotly.subplots import make_subplots

    figure = make_subplots(
        rows=3,
        cols=1,
        shared_xaxes=True,
        vertical_spacing=0.06,
        row_heights=[0.28, 0.36, 0.36],
        subplot_titles=["Waveform", *(f"Log-mel, {version.name}" for version in drawn)],
    )
    for version in drawn:
        index = envelope(version.samples, WAVEFORM_POINTS)
        figure.add_trace(
            go.Scatter(
                x=(index / sample_rate).astype(np.float32),
                y=version.samples[index],
                name=version.name,
                line={"color": version.colour, "width": 1},
                hovertemplate="%{x:.3f} s, %{y:.4f}<extra>" + version.name + "</extra>",
            ),
            row=1,
            col=1,
        )
    low, high = np.percentile(maps[0], [1, 99.8])  # one scale for both: denoising must be seen as a change of level
    ticks, labels = mel_ticks(representation)
    for row, log_mel in enumerate(maps, start=2):
        values, step = coarsen(log_mel, SPECTROGRAM_COLUMNS)
        figure.add_trace(
            go.Heatmap(
                z=values.astype(np.float32),
                x=representation.times(log_mel.shape[1])[::step].astype(np.float32),
                y=np.arange(len(values)),
                zmin=float(low),
                zmax=float(high),
                colorscale=colours.SPECTROGRAM,
                showscale=row == 2,
                colorbar={"title": {"text": "dB"}, "len": 0.72, "y": 0.36, "thickness": 10},
                hovertemplate="%{x:.2f} s, band %{y}: %{z:.1f} dB<extra></extra>",
            ),
            row=row,
            col=1,
        )
        figure.update_yaxes(title_text="Hz", tickvals=ticks, ticktext=labels, row=row, col=1)
    figure.update_yaxes(title_text="amplitude", row=1, col=1)
    figure.update_xaxes(title_text="time, s", row=3, col=1)
    figure.update_layout(
        height=HEIGHT,
        margin={"l": 10, "r": 10, "t": 24, "b": 10},
        legend={"orientation": "h", "y": 1.09, "x": 1, "xanchor": "right"},
        showlegend=True,
        uirevision="clip",
    )
    figure.update_annotations(font_size=13, xanchor="left", x=0)
    return figure


def mel_ticks(representation: LogMel) -> tuple[list[int], list[str]]:
    """Bands nearest to round frequencies, and their names: the mel axis labelled in Hz."""
    frequencies = representation.frequencies()
    wanted = [f for f in (250, 500, 1000, 2000, 4000, 7000) if f < frequencies[-1] * 1.05]
    return [int(np.argmin(np.abs(frequencies - f))) for f in wanted], [str(f) for f in wanted]


def spectrum_figure(drawn: Sequence[Version], sample_rate: int) -> "go.Figure":
    """Magnitude of the whole clip's FFT in dB re full scale, as recorded and denoised."""
    import plotly.graph_objects as go

    figure = go.Figure()
    for version in drawn:
        frequencies, levels = spectrum_db(version.samples, sample_rate)
        edges = np.linspace(0, len(levels), min(SPECTRUM_POINTS, len(levels)) + 1).astype(int)[:-1]
        figure.add_trace(
            go.Scatter(
                x=frequencies[edges],
                y=np.maximum.reduceat(levels, edges),
                name=version.name,
                line={"color": version.colour, "width": 1},
                hovertemplate="%{x:.0f} Hz, %{y:.1f} dB<extra>" + version.name + "</extra>",
            )
        )
    figure.update_layout(
        title={
            "text": "FFT magnitude (peak of each 7 Hz)" if sample_rate == 16000 else "FFT magnitude",
            "font_size": 13,
        },
        height=230,
        margin={"l": 10, "r": 10, "t": 34, "b": 10},
        xaxis={"title": "frequency, Hz", "range": [0, sample_rate / 2]},
        yaxis={"title": "dB re full scale"},
        showlegend=False,
        uirevision="clip",
    )
    return figure
