"""The feature space's figures, as Plotly will draw them."""

import tomllib
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import pytest

from asd_core.features import LogMel
from asd_core.plots import Star, colours, loadings_figure, scatter, scatter_figure, scree_figure
from asd_core.space import Projection, bulk_of, density_regions, fit_pca
from tests.conftest import ROOT

AXES = ["component 1 (40% of the variance)", "component 2 (20% of the variance)", "component 3 (10% of the variance)"]


def places(n: int, d: int = 2) -> np.ndarray:
    return np.random.default_rng(0).normal(size=(n, d))


def clips(labels: Sequence[str], split: str = "test", first: int = 0) -> pd.DataFrame:
    """What a figure knows of clips."""
    return pd.DataFrame({"split": split, "label": labels}, index=range(first, first + len(labels)))


def points(figure: Any) -> list[Any]:
    """The traces that hold clips."""
    return [trace for trace in figure.data if trace.customdata is not None]


def legend(figure: Any, which: str = "legend") -> list[str]:
    """The entries of a legend, but those of what is no clip."""
    shown = (trace for trace in figure.data if trace.type.startswith("scatter") and trace.showlegend is not False)
    return [trace.name for trace in shown if (trace.legend or "legend") == which]


def test_every_clip_is_one_point_with_its_number() -> None:
    n = 40
    about = clips(["anomaly", "normal", "normal", "unlabelled"] * 10, first=100)
    values = about["label"].replace("unlabelled", "")
    figure = scatter_figure(places(n), about, values, AXES[:2], name="label")
    assert legend(figure) == ["none (10)", "normal (20)", "anomaly (10)"]  # anomalies on top
    assert [t.name for t in points(figure)] == ["none", "normal", "anomaly"]
    assert sorted(np.concatenate([t.customdata for t in points(figure)])) == list(range(100, 140))
    assert all(t.x.dtype == np.float32 for t in points(figure))
    number = points(figure)[1].customdata[3]
    assert points(figure)[1].y[3] == pytest.approx(places(n)[number - 100, 1], rel=1e-6)
    assert figure.layout.xaxis.title.text == AXES[0]
    assert figure.layout.xaxis.range is None


@pytest.mark.parametrize("d", [2, 3])
def test_a_marker_keeps_its_shape_in_every_colouring(d: int) -> None:
    about = clips(["normal"] * 30 + ["anomaly"] * 10)
    about.loc[:19, "split"] = "train"
    about.loc[38:, ["split", "label"]] = ["new", "strange"]
    colourings = {
        "label": about["label"],
        "fault": pd.Series(["", "loose_belt"] * 20),
        "number": pd.Series(np.arange(40.0)),
        "nothing": pd.Series([np.nan] * 40),
    }
    shapes = []
    for name, values in colourings.items():
        figure = scatter_figure(places(40, d), about, values, AXES[:d], name=name)
        found = {int(n): t.marker.symbol for t in points(figure) for n in t.customdata}
        shapes.append([found[number] for number in range(40)])
        assert legend(figure, "legend2") == [
            "train normal (20)",
            "new strange (2)",
            "test normal (10)",
            "test anomaly (8)",
        ]
        swatches = {t.name.split(" (")[0]: t.marker.symbol for t in figure.data if t.legend == "legend2"}
        assert swatches["train normal"] == found[0]
        assert swatches["test anomaly"] == found[30]
    assert shapes[0] == ["circle"] * 20 + ["square"] * 10 + ["diamond"] * 8 + ["cross"] * 2
    assert all(other == shapes[0] for other in shapes)


def test_anomalies_stand_out_among_normals_and_ids_are_alike() -> None:
    def opacities(names: list[str]) -> dict[str, float]:
        values = pd.Series(names * 10)
        around = density_regions(places(200))
        about = clips(["normal"] * len(values))
        figure = scatter_figure(places(len(values)), about, values, AXES[:2], name="n", normals=around)
        return {t.name: t.marker.opacity for t in points(figure)}

    faults = opacities(["none", "loose_belt"])
    assert faults["loose belt"] > faults["none"]
    ids = opacities([f"id {number:02d}" for number in range(12)])  # more than there are colours
    assert set(ids.values()) == {faults["none"]}


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("d", [2, 3])
def test_every_point_is_seen_on_a_light_and_on_a_dark_page(d: int, dark: bool) -> None:
    """3:1 is WCAG's least contrast of what is not text: the blue of normal points had 1.9:1 on a dark page."""
    around = density_regions(places(200))
    about = clips(["normal"] * 20 + ["anomaly"] * 20)
    colourings = [
        about["label"],
        pd.Series(["", "loose_belt"] * 20),
        pd.Series([f"id {number:02d}" for number in range(8)] * 5),
        pd.Series([np.nan, 2.0] * 20),
    ]
    for values in colourings:
        figure = scatter_figure(places(40, d), about, values, AXES[:d], name="n", normals=around, dark=dark)
        for trace in points(figure):
            marker = trace.marker
            colour = marker.line.color if marker.coloraxis else marker.color
            assert colours.contrast(colour, dark=dark, opacity=marker.opacity) >= 3.0, (trace.name, colour)


def test_a_page_is_of_the_colour_that_figures_are_drawn_for() -> None:
    theme = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text("utf-8"))["theme"]
    assert [theme[name]["backgroundColor"].upper() for name in ("light", "dark")] == list(colours.PAGES.values())
    assert colours.contrast("#FFFFFF", dark=False) == pytest.approx(1.0)
    assert colours.contrast("#000000", dark=False) == pytest.approx(21.0)
    assert colours.seen("#0072B2", dark=False) == "#0072B2"  # seen as it is


def test_numbers_get_a_scale_and_unknown_ones_are_grey() -> None:
    about = clips(["normal"] * 4)
    figure = scatter_figure(places(4), about, pd.Series([1.0, np.nan, 3.0, 50.0]), AXES[:2], name="SNR")
    grey, known = points(figure)
    assert legend(figure) == ["no value (1)"]  # the scale says the rest
    assert grey.customdata.tolist() == [1]
    assert known.customdata.tolist() == [0, 2, 3]
    assert known.marker.color.tolist() == [1.0, 3.0, 50.0]
    scale = figure.layout.coloraxis
    assert (scale.cmin, scale.cmax, scale.colorbar.title.text) == (1.0, 50.0, "SNR")
    assert legend(scatter_figure(places(2), about[:2], pd.Series([np.nan] * 2), AXES[:2], name="SNR")) == [
        "no value (2)"
    ]


def test_margins_have_no_end_and_a_missing_one_is_said() -> None:
    about = clips(["normal", "normal", "anomaly", "anomaly", "anomaly"])
    values = pd.Series([-2.0, np.nan, 0.0, 80.0, 4000.0])
    figure = scatter_figure(places(5), about, values, AXES[:2], name="score", margins=True)
    assert legend(figure) == ["no score (1)"]
    shown = dict(
        zip([-2.0, 0.0, 80.0, 4000.0], np.concatenate([t.marker.color for t in points(figure)[1:]]), strict=True)
    )
    assert np.all(np.diff(list(shown.values())) > 1.0)  # far beyond the threshold, too, colours differ
    assert [text for t in points(figure)[1:] for text in t.text] == ["-2.0", "+0.0", "+80.0", "+4000.0"]
    scale = figure.layout.coloraxis
    ticks = dict(zip(scale.colorbar.ticktext, scale.colorbar.tickvals, strict=True))
    assert ticks["threshold"] == shown[0.0] == 0.0
    assert ticks["+3,000"] < shown[4000.0] < scale.cmax


def test_the_figure_opens_on_the_bulk_of_the_clips() -> None:
    xyz = np.vstack([places(200, 3), [[300.0, 0.0, 0.0], [0.0, -50.0, 0.0]]])
    about = clips(["normal"] * 202)
    for d in (2, 3):
        window = bulk_of(xyz[:, :d])
        assert window is not None
        assert window.outside(xyz[:, :d]).nonzero()[0].tolist() == [200, 201]
        figure = scatter_figure(xyz[:, :d], about, about["label"], AXES[:d], name="label", window=window)
        axes = figure.layout if d == 2 else figure.layout.scene
        assert axes.xaxis.range == (window.low[0], window.high[0])
        assert axes.yaxis.range == (window.low[1], window.high[1])
        assert -5.0 < window.low[0] < xyz[:200, 0].min()
        assert sum(len(t.x) for t in points(figure)) == 202  # the others are there, outside


def test_nothing_is_left_out_where_it_gains_nothing() -> None:
    assert bulk_of(places(300)) is None
    assert bulk_of(np.vstack([places(300), [[6.0, 0.0]]])) is None  # far out, but the others have room
    assert bulk_of(np.zeros((20, 2))) is None
    assert bulk_of(np.column_stack([places(20)[:, 0], np.zeros(20)])) is None


def test_rare_names_are_one_group() -> None:
    names = pd.Series([f"kind {i}" for i in range(12) for _ in range(20 - i)])
    figure = scatter_figure(places(len(names)), clips(["normal"] * len(names)), names, AXES[:2], name="kind")
    assert len(points(figure)) == scatter.MOST_NAMES
    assert legend(figure)[0] == f"others ({sum(20 - i for i in range(7, 12))})"


def test_many_points_are_drawn_by_the_graphics_card() -> None:
    few, many = scatter.WEBGL_ABOVE, scatter.WEBGL_ABOVE + 1
    about = clips(["normal"] * many)
    kinds = [
        {t.type for t in scatter_figure(places(n), about[:n], about["label"][:n], AXES[:2], name="label").data}
        for n in (few, many)
    ]
    assert kinds == [{"scatter"}, {"scattergl"}]
    space = scatter_figure(places(9, 3), about[:9], about["label"][:9], AXES, name="label")
    assert {t.type for t in space.data} == {"scatter3d"}
    assert space.layout.scene.zaxis.title.text == AXES[2]


def test_stars_and_contours() -> None:
    xy = places(100)
    stars = [Star("left.wav", (-3.0, 0.0)), Star("right.wav", (9.0, 1.0))]
    about = clips(["normal"] * 100)
    figure = scatter_figure(xy, about, about["label"], AXES[:2], name="label", stars=stars, normals=density_regions(xy))
    contour, star = figure.data[-2:]
    assert contour.type == "contour"
    assert (contour.contours.start, contour.contours.end, contour.contours.size) == (0.5, 0.9, 0.2)
    assert star.text == ("left.wav", "right.wav")
    assert star.textposition == ("top right", "top left")  # inwards
    assert star.customdata is None  # a star is no clip of the dataset: it is neither clicked nor chosen
    assert legend(figure, "legend2") == ["test normal (100)", "open clip and uploads"]
    star = Star("a", (0.0, 1.0, 2.0))
    space = scatter_figure(
        places(9, 3), about[:9], about["label"][:9], AXES, name="label", stars=[star], normals=density_regions(xy)
    )
    assert {t.type for t in space.data} == {"scatter3d"}  # no contours in space
    assert space.data[-1].z.tolist() == [2.0]


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
