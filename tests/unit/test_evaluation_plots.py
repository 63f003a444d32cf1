"""The plots of curves, agreement and breakdowns."""

import re
from collections.abc import Sequence

import numpy as np
import pandas as pd
import pytest
from plotly.colors import hex_to_rgb, sample_colorscale, unlabel_rgb
from scipy.special import ndtr

from asd_core.evaluation import breakdown, rank_correlation
from asd_core.plots import agreement_figure, breakdown_figure, det_figure, precision_recall_figure, roc_figure
from tests.unit.score_tables import table, with_attributes

NAMES = {"pca_kde": "A", "cnn_ae": "B", "control_rms": "C"}


@pytest.mark.parametrize("machine_id", ["mean", "02"])
def test_curve_figures(machine_id: str) -> None:
    scores = table({"pca_kde": 2.0, "cnn_ae": 0.5})
    recall = precision_recall_figure(scores, machine_id, NAMES, prevalence=0.01)
    assert [t.name for t in recall.data] == ["A", "B"]
    assert {t.line.shape for t in recall.data} == {"vh"}
    assert "1.00%" in recall.layout.yaxis.title.text
    assert recall.data[0].y[-1] == pytest.approx(0.01, abs=0.01)
    chosen = scores[scores["machine_id"] == machine_id] if machine_id != "mean" else scores
    assert np.array_equal(
        recall.data[1].y, precision_recall_figure(chosen, machine_id, NAMES, prevalence=0.01).data[1].y
    )
    tradeoff = det_figure(scores, machine_id, NAMES)
    assert all(np.isfinite(t.x).all() and np.isfinite(t.y).all() for t in tradeoff.data)
    axis = tradeoff.layout.xaxis
    assert ndtr(axis.tickvals[axis.ticktext.index("10%")]) == pytest.approx(0.1)
    roc = roc_figure(scores, machine_id, NAMES, log_x=True)
    assert roc.layout.xaxis.type == "log"
    assert all(min(t.x) == pytest.approx(0.01) for t in roc.data)  # half of one of 50 normal clips
    assert roc_figure(scores, machine_id, NAMES).layout.xaxis.type is None


def test_mean_precision_promises_no_more_than_the_thresholds_give() -> None:
    scores = table({"pca_kde": 1.0}, ids=("00",))
    one = precision_recall_figure(scores, "00", NAMES).data[0]
    mean = precision_recall_figure(scores, "mean", NAMES).data[0]
    for recall, precision in zip(mean.x, mean.y, strict=True):
        assert precision == pytest.approx(one.y[int(np.argmax(one.x >= recall - 1e-12))])


def test_tables_as_squares() -> None:
    scores = with_attributes()
    squares = agreement_figure(rank_correlation(scores), NAMES).data[0]
    assert list(squares.x) == list(squares.y) == ["A", "B"]
    assert ">1.00<" in squares.text[0][0]
    figure = breakdown_figure(breakdown(scores, "severity"), NAMES, "severity (0 to 1)")
    assert list(figure.data[0].x) == ["mild", "medium", "strong"]
    assert figure.layout.xaxis.title.text == "severity (0 to 1)"
    backwards = breakdown_figure(breakdown(scores, "severity"), dict(reversed(NAMES.items())), "severity (0 to 1)")
    assert list(backwards.data[0].y) == ["B", "A"]  # as they are given: the best first
    assert backwards.data[0].text[0] == figure.data[0].text[1]
    assert breakdown_figure(breakdown(scores, "domain"), NAMES, "domain").data[0].text[0] == ["", ""]


def luminance(channels: Sequence[float]) -> float:
    """WCAG 2's relative luminance of red, green and blue from 0 to 1."""
    red, green, blue = (c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def test_figures_in_squares_can_be_read_on_every_colour() -> None:
    """The squares are opaque, so light and dark pages have the same contrast."""
    levels, names = np.linspace(-1.0, 1.0, 81), list(NAMES)[:1]
    correlations = pd.DataFrame([levels], columns=names * len(levels), index=names)
    aucs = pd.DataFrame({"detector": names[0], "value": levels, "auc": levels, "n_normal": 9, "n_anomaly": 9})
    for figure in (agreement_figure(correlations, NAMES), breakdown_figure(aucs, NAMES, "severity")):
        (squares,) = figure.data
        assert (squares.opacity, squares.textfont.size) == (None, 12)
        inks = set()
        for value, text in zip(squares.z[0], squares.text[0], strict=True):
            ink, written = re.fullmatch(r'<span style="color:(#[0-9A-F]{6})">(.+)</span>', text).groups()  # type: ignore[union-attr]
            assert written == f"{value:.2f}"
            inks.add(ink)
            share = np.clip((value - squares.zmin) / (squares.zmax - squares.zmin), 0.0, 1.0)
            (cell,) = sample_colorscale([list(stop) for stop in squares.colorscale], [float(share)])
            colours = [c / 255 for c in unlabel_rgb(cell)], [c / 255 for c in hex_to_rgb(ink)]
            low, high = sorted(luminance(colour) for colour in colours)
            assert (high + 0.05) / (low + 0.05) >= 4.5, (value, ink)
        assert len(inks) == 2


def test_nothing_to_draw_is_an_empty_figure() -> None:
    scores = table({"pca_kde": 1.0})
    normals = scores[scores["label"] == "normal"]
    assert len(precision_recall_figure(normals, "mean", NAMES).data) == 0
    assert len(det_figure(normals, "00", NAMES).data) == 0
