"""The feature space's figures, as Plotly will draw them."""

import numpy as np
import pandas as pd
import pytest

from asd_core.features import LogMel
from asd_core.plots import Star, loadings_figure, scatter, scatter_figure, scree_figure
from asd_core.space import Projection, density_regions, fit_pca

AXES = ["component 1 (40% of the variance)", "component 2 (20% of the variance)", "component 3 (10% of the variance)"]


def places(n: int, d: int = 2) -> np.ndarray:
    return np.random.default_rng(0).normal(size=(n, d))


def test_every_clip_is_one_point_with_its_number() -> None:
    n = 40
    labels = pd.Series(["anomaly", "normal", "normal", ""] * 10)
    figure = scatter_figure(places(n), np.arange(n) + 100, labels, AXES[:2], name="label")
    assert [t.name for t in figure.data] == ["none (10)", "normal (20)", "anomaly (10)"]  # anomalies on top
    assert sorted(np.concatenate([t.customdata for t in figure.data])) == list(range(100, 140))
    assert all(t.x.dtype == np.float32 for t in figure.data)
    number = figure.data[1].customdata[3]
    assert figure.data[1].y[3] == pytest.approx(places(n)[number - 100, 1], rel=1e-6)
    assert len({t.marker.symbol for t in figure.data}) == 3  # colour is never the only sign
    assert figure.layout.xaxis.title.text == AXES[0]


def test_anomalies_stand_out_among_normals_and_ids_are_alike() -> None:
    def opacities(names: list[str]) -> dict[str, float]:
        values = pd.Series(names * 10)
        around = density_regions(places(200))
        figure = scatter_figure(places(len(values)), np.arange(len(values)), values, AXES[:2], name="n", normals=around)
        return {t.name.split(" (")[0]: t.marker.opacity for t in figure.data if t.type == "scatter"}

    faults = opacities(["none", "loose_belt"])
    assert faults["loose belt"] > faults["none"]
    ids = opacities([f"id {number:02d}" for number in range(12)])  # more than there are colours
    assert set(ids.values()) == {faults["none"]}


def test_numbers_get_a_scale_and_unknown_ones_are_grey() -> None:
    values = pd.Series([1.0, np.nan, 3.0, 50.0])
    figure = scatter_figure(places(4), np.arange(4), values, AXES[:2], name="score", limits=(0.0, 100.0))
    grey, known = figure.data
    assert grey.name == "no value (1)"
    assert known.customdata.tolist() == [0, 2, 3]
    assert known.marker.color.tolist() == [1.0, 3.0, 50.0]
    assert (known.marker.cmin, known.marker.cmax) == (0.0, 100.0)
    assert not known.showlegend  # its scale says it
    assert scatter_figure(places(2), np.arange(2), pd.Series([np.nan] * 2), AXES[:2], name="score").data[0].name == (
        "no value (2)"
    )


def test_rare_names_are_one_group() -> None:
    names = pd.Series([f"kind {i}" for i in range(12) for _ in range(20 - i)])
    figure = scatter_figure(places(len(names)), np.arange(len(names)), names, AXES[:2], name="kind")
    assert len(figure.data) == scatter.MOST_NAMES
    assert figure.data[0].name == f"others ({sum(20 - i for i in range(7, 12))})"


def test_many_points_are_drawn_by_the_graphics_card() -> None:
    few, many = scatter.WEBGL_ABOVE, scatter.WEBGL_ABOVE + 1
    labels = pd.Series(["normal"] * many)
    kinds = [
        scatter_figure(places(n), np.arange(n), labels[:n], AXES[:2], name="label").data[0].type for n in (few, many)
    ]
    assert kinds == ["scatter", "scattergl"]
    space = scatter_figure(places(9, 3), np.arange(9), labels[:9], AXES, name="label")
    assert space.data[0].type == "scatter3d"
    assert space.layout.scene.zaxis.title.text == AXES[2]


def test_stars_and_contours() -> None:
    xy = places(100)
    stars = [Star("left.wav", (-3.0, 0.0)), Star("right.wav", (9.0, 1.0))]
    labels = pd.Series(["normal"] * 100)
    figure = scatter_figure(
        xy, np.arange(100), labels, AXES[:2], name="label", stars=stars, normals=density_regions(xy)
    )  # fmt: skip
    contour, star = figure.data[1:]
    assert contour.type == "contour"
    assert (contour.contours.start, contour.contours.end, contour.contours.size) == (0.5, 0.9, 0.2)
    assert star.text == ("left.wav", "right.wav")
    assert star.textposition == ("top right", "top left")  # inwards
    assert star.customdata is None  # a star is no clip of the dataset: it is neither clicked nor chosen
    space = scatter_figure(
        places(9, 3),
        np.arange(9),
        labels[:9],
        AXES,
        name="label",
        stars=[Star("a", (0.0, 1.0, 2.0))],
        normals=density_regions(xy),
    )
    assert [t.type for t in space.data] == ["scatter3d", "scatter3d"]  # no contours in space
    assert space.data[1].z.tolist() == [2.0]


def projection(d: int, n: int = 400) -> Projection:
    rng = np.random.default_rng(0)
    return fit_pca(rng.normal(size=(n, d)) @ rng.normal(size=(d, d)), 10)


def test_loadings_of_a_log_mel_lie_over_its_frequencies() -> None:
    fitted = projection(384, 500)
    figure = loadings_figure(fitted, "all", 2)
    assert [t.name for t in figure.data[:3]] == [f"{n} of the band's level" for n in ("mean", "spread", "peak")]
    assert len(figure.data) == 6
    assert np.allclose(figure.data[4].y, fitted.axes[1][128:256], atol=1e-6)
    assert np.allclose(figure.data[0].x, LogMel().frequencies())
    assert [t.showlegend for t in figure.data] == [True] * 3 + [False] * 3
    assert figure.layout.xaxis2.title.text == "frequency in Hz"
    assert (figure.layout.xaxis.type, figure.layout.xaxis2.type) == ("log", "log")
    assert figure.layout.annotations[1].text == fitted.axis(1)
    assert len(loadings_figure(projection(128), "peak", 3).data) == 3


def test_loadings_of_a_latent_space_are_bars() -> None:
    fitted = projection(5)
    figure = loadings_figure(fitted, "vae_kde", 3)
    assert [t.type for t in figure.data] == ["bar"] * 3
    assert np.allclose(figure.data[2].y, fitted.axes[2], atol=1e-6)
    assert figure.layout.xaxis3.title.text == "latent dimension"
    assert len(loadings_figure(projection(2), "vae_kde", 3).data) == 2  # there are no more axes


def test_scree_adds_up() -> None:
    fitted = projection(5)
    bars, line = scree_figure(fitted).data
    assert np.allclose(bars.y, 100 * fitted.explained)
    assert line.y[-1] == pytest.approx(100.0)
