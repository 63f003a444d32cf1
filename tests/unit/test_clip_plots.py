"""What the figures below the player draw."""

import json

import numpy as np
import pandas as pd
import pytest

from asd_core.explain import NormalReference
from asd_core.explain.reference import measure
from asd_core.features import LogMel, WelchSpectrum
from asd_core.plots import (
    Drawn,
    clip_versions,
    deviation_figure,
    difference_figure,
    removed_figure,
    spectra_figure,
    strength_figure,
    timeline_figure,
)
from asd_core.plots.spectra import peaks

NAMES = {"pca_kde": "PCA + KDE", "cnn_ae": "CNN autoencoder"}


@pytest.fixture(scope="module")
def usual() -> NormalReference:
    random = np.random.default_rng(0)
    mels = [random.normal(-40, 2, (128, 20)).astype(np.float32) for _ in range(8)]
    welch = [random.normal(-60, 2, 513).astype(np.float32) for _ in range(8)]
    return measure(mels, welch)


@pytest.mark.parametrize("log", [False, True])
def test_no_line_of_an_fft_is_lost(log: bool) -> None:
    """A single tall bin, wherever it is, is drawn at its own frequency and height."""
    frequencies = np.linspace(0, 8000, 80001).astype(np.float32)
    for place in (200, 1234, 54321, 80000):
        levels = np.full(80001, -90.0, dtype=np.float32)
        levels[place] = -3.0
        x, y = peaks(frequencies, levels, 1200, log=log)
        assert y.max() == -3.0
        assert x[y.argmax()] == frequencies[place]
        assert len(x) <= 1200
        assert (np.diff(x) > 0).all()


@pytest.mark.parametrize("log", [False, True])
def test_spectra_are_drawn_with_units_and_the_band(usual: NormalReference, log: bool) -> None:
    t = np.arange(32000) / 16000
    tone = (0.5 * np.sin(2 * np.pi * 1000 * t)).astype(np.float32)
    drawn = [Drawn(v, np.full(513, -50.0, dtype=np.float32)) for v in clip_versions(tone, 0.5 * tone)]
    figure = spectra_figure(drawn, 16000, WelchSpectrum().frequencies(), usual, log=log)
    by_name = {trace.name: trace for trace in figure.data}
    assert {"8 normal clips, 5–95%", "their median", "FFT, as recorded", "Welch, denoised"} <= set(by_name)
    fft = by_name["FFT, as recorded"]
    assert fft.x[int(np.argmax(fft.y))] == pytest.approx(1000, abs=1)
    assert fft.y.max() == pytest.approx(20 * np.log10(0.5), abs=0.1)
    assert by_name["FFT, denoised"].y.max() == pytest.approx(20 * np.log10(0.25), abs=0.1)
    assert figure.layout.xaxis.title.text == "frequency in Hz"
    assert "dB" in figure.layout.yaxis.title.text
    if log:
        assert all(np.min(trace.x) > 0 for trace in figure.data)
    without = spectra_figure(drawn[:1], 16000, WelchSpectrum().frequencies(), None, log=log)
    assert len(without.data) == 2
    assert len(figure.to_json()) < 250_000


def test_the_deviation_is_symmetric_about_white_and_keeps_a_knock(usual: NormalReference) -> None:
    n_frames = 18750  # ten minutes
    log_mel = np.repeat(usual.mel_mean[:, None], n_frames, axis=1)
    log_mel[60, 7000] += 30.0  # one frame, 32 ms of ten minutes
    log_mel[20, 9000] -= 25.0
    figure = deviation_figure(log_mel, usual, LogMel(), "as recorded")
    heatmap = figure.data[0]
    assert heatmap.zmin == -heatmap.zmax
    assert heatmap.zmax == 6.0  # the least: nothing but two points differs
    assert heatmap.z.shape[1] <= 600
    assert heatmap.z.max() == pytest.approx(30.0, abs=1e-3)
    assert heatmap.z.min() == pytest.approx(-25.0, abs=1e-3)
    assert heatmap.x[int(heatmap.z[60].argmax())] == pytest.approx(7000 * 512 / 16000, abs=1.1)
    assert len(figure.to_json()) < 1_000_000


def test_curves_over_strength_show_the_current_one() -> None:
    rows = [(k, s, s, 100.0, 3.0 * i + s) for i, k in enumerate(NAMES) for s in (0.0, 0.5, 1.0)]
    table = pd.DataFrame(rows, columns=["detector", "strength", "raw", "calibrated", "margin"])
    figure = strength_figure(table, NAMES, 0.35)
    assert [trace.name for trace in figure.data] == list(NAMES.values())
    assert [trace.legendgroup for trace in figure.data] == list(NAMES)  # by which they are emphasised
    assert list(figure.data[1].y) == pytest.approx(np.arcsinh([3.0, 3.5, 4.0]))
    turned = dict(reversed(NAMES.items()))  # the detector that leads comes first
    assert [trace.name for trace in strength_figure(table, turned, 0.35).data] == list(turned.values())
    lines = {(shape.x0, shape.y0) for shape in figure.layout.shapes}
    assert (0.35, 0) in lines
    assert any(y == 0.0 for _, y in lines)


def test_a_margin_axis_has_room_for_the_largest_and_none_for_how_normal_a_clip_is() -> None:
    table = pd.DataFrame({"detector": "cnn_ae", "strength": [0.0, 1.0], "raw": 1.0, "calibrated": [0.0, 100.0]})
    axis = strength_figure(table.assign(margin=[-4e5, 2000.0]), NAMES, 0.0).layout.yaxis
    assert np.arcsinh(-5.0) < axis.range[0] < np.arcsinh(-2.0)
    assert axis.range[1] > np.arcsinh(2000.0)
    ticks = dict(zip(axis.ticktext, axis.tickvals, strict=True))
    assert ticks["threshold"] == 0.0
    assert ticks["+1,000"] == pytest.approx(np.arcsinh(1000.0))


def test_removed_energy_with_bands_of_none() -> None:
    removed = np.array([3.0, np.nan, 12.0, -1.0])
    figure = removed_figure(removed, np.array([100.0, 200.0, 300.0, 400.0]), 0.6)
    assert figure.data[0].y.tolist() == pytest.approx([3.0, np.nan, 12.0, -1.0], nan_ok=True)
    low, high = figure.layout.yaxis.range
    assert (low, high) == (pytest.approx(-1.08), pytest.approx(12.96))
    assert "0.60 in dB" in figure.layout.yaxis.title.text
    assert removed_figure(np.full(4, np.nan), np.arange(4.0), 0.0).layout.yaxis.range == (0.0, 3.0)


def test_each_side_of_a_difference_names_the_louder_clip() -> None:
    figure = difference_figure(np.array([2.0, -5.0, 0.0]), np.array([100.0, 200.0, 300.0]), ("a.wav", "b.wav"))
    louder, quieter = figure.data
    assert louder.name == "a.wav is louder"
    assert louder.y.tolist() == pytest.approx([2.0, np.nan, np.nan], nan_ok=True)
    assert quieter.y.tolist() == pytest.approx([np.nan, -5.0, 0.0], nan_ok=True)
    low, high = figure.layout.yaxis.range
    assert -low == high == pytest.approx(5.4)


def test_a_point_of_the_timeline_carries_its_window() -> None:
    table = pd.DataFrame(
        {
            "start": [0.0, 5.0, 10.0],
            "end": [10.0, 15.0, 20.0],
            "detector": "cnn_ae",
            "raw": [1.0, 2.0, np.nan],
            "calibrated": [40.0, 100.0, np.nan],
            "margin": [-1.0, 8.0, np.nan],
        }
    )
    moments = pd.DataFrame({"detector": ["cnn_ae"], "peak_start": [5.0]})
    (trace,) = timeline_figure(table, moments, NAMES).data
    assert list(trace.x) == [5.0, 10.0, 15.0]
    assert list(trace.y) == pytest.approx(np.arcsinh([-1.0, 8.0, np.nan]), nan_ok=True)
    assert [point[0] for point in trace.customdata] == [0.0, 5.0, 10.0]
    assert [point[3] for point in trace.customdata] == [
        "40% of normal clips score lower",
        "beyond all held-out clips",
        "",
    ]
    assert list(trace.marker.symbol) == ["circle", "triangle-up", "circle"]
    assert json.loads(trace.to_json())["customdata"]
