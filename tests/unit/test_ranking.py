"""The ranking table, bands, marks and filters, against scikit-learn and figures computed by hand."""

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import pytest
from sklearn.metrics import roc_auc_score, roc_curve

from asd_core.evaluation import (
    bootstrap,
    evaluate,
    expected_false_alarms,
    filter_options,
    filter_scores,
    operating_marks,
    ranking,
    resampled_roc,
    resamples_for,
    roc_bands,
    worst_machine,
)
from asd_core.plots import (
    as_drawn,
    det_figure,
    emphasise,
    histogram_figure,
    precision_recall_figure,
    roc_figure,
    score_bins,
)
from asd_core.plots.emphasis import BACKGROUND, INK
from asd_core.plots.lines import MOST_POINTS, thinned
from benchmarks.synthetic import made_up_scores

KEYS = ["pca_kde", "cnn_ae"]
NAMES = {"pca_kde": "A", "cnn_ae": "B"}


@pytest.fixture(scope="module")
def scores() -> pd.DataFrame:
    return made_up_scores(400, KEYS)


def test_ranking_is_evaluates_figures_with_intervals_of_both(scores: pd.DataFrame) -> None:
    ranked = ranking(bootstrap(scores))
    table = ranked.set_index(["detector", "machine_id"])
    for result in evaluate(scores):
        row = table.loc[(result.detector, result.machine_id)]
        assert row.to_dict() == pytest.approx({name: getattr(result, name) for name in row.index})
        assert row["pauc_low"] < row["pauc"] < row["pauc_high"]
    lowest = worst_machine(ranked, "pauc")
    own = table.loc["cnn_ae"].drop("mean")["pauc"]
    assert lowest["cnn_ae"] == (own.idxmin(), pytest.approx(own.min()))


@pytest.mark.parametrize("label", ["normal", "anomaly", "unlabelled"])
def test_one_class_is_not_computable_and_never_chance(scores: pd.DataFrame, label: str) -> None:
    one = scores[scores["label"] == "normal"].assign(label=label)
    draws = bootstrap(one)
    table = ranking(draws)
    assert table[["auc", "auc_low", "auc_high", "pauc", "pauc_low", "pauc_high"]].isna().all().all()
    assert set(table["machine_id"]) == {"00", "02", "04", "06", "mean"}
    assert worst_machine(table, "auc") == {}
    assert roc_bands(one, KEYS, "mean", np.linspace(0, 1, 5)) == {}
    assert operating_marks(one, {k: {"00": 0.0} for k in KEYS}, "mean") == {}
    assert [t.name for t in roc_figure(one, "mean", NAMES, marks={}, bands=KEYS).data] == ["chance"]
    histogram_figure(one, 0.0, "A")


@pytest.mark.parametrize("digits", [0, 1, 8])
def test_resampled_curves_are_scikit_learns_weighted_ones(digits: int) -> None:
    rng = np.random.default_rng(digits)
    normal, anomaly = rng.normal(size=30).round(digits), rng.normal(1, size=25).round(digits)
    taken_normal = rng.multinomial(30, np.full(30, 1 / 30), size=7).T.astype(float)
    taken_anomaly = rng.multinomial(25, np.full(25, 1 / 25), size=7).T.astype(float)
    grid = np.linspace(0, 1, 41) + 1e-9  # beside the vertical steps: at them two answers are right
    found = resampled_roc(normal, anomaly, taken_normal, taken_anomaly, grid)
    for r in range(7):
        weight = np.r_[taken_normal[:, r], taken_anomaly[:, r]]
        x, y, _ = roc_curve(
            np.r_[np.zeros(30), np.ones(25)], np.r_[normal, anomaly], sample_weight=weight, drop_intermediate=False
        )
        assert np.allclose(found[:, r], np.interp(grid, x, y), atol=1e-6)


def test_bands_hold_the_curve_and_are_narrower_with_more_clips(scores: pd.DataFrame) -> None:
    grid = np.linspace(0.05, 0.95, 19)
    low, high = roc_bands(scores, ["pca_kde"], "mean", grid)["pca_kde"]
    figure = roc_figure(scores, "mean", NAMES, bands=["pca_kde"])
    curve = next(t for t in figure.data if t.name == "A")
    drawn = np.interp(grid, curve.x, curve.y)
    assert ((low <= drawn + 1e-9) & (drawn <= high + 1e-9)).all()
    assert figure.data[0].fill == "toself"
    more = roc_bands(made_up_scores(4000, KEYS), ["pca_kde"], "mean", grid)["pca_kde"]
    assert (more[1] - more[0]).mean() < 0.5 * (high - low).mean()


def test_the_best_few_lines_stand_out_and_the_legend_is_in_order() -> None:
    order = ["knn_bands", "pca_kde", "cnn_ae", "dcase_ae", "vae_elbo", "f_anogan", "pca_lof", "control_rms", "fusion"]
    order = [*order, "deep_svdd", "control_random"]
    table = made_up_scores(100, order)
    names = {key: key for key in order}
    marks = operating_marks(table, {key: {"00": 0.0} for key in order}, "00")
    for figure in (roc_figure(table, "00", names, marks=marks), det_figure(table, "00", names)):
        emphasise(figure, order, {"control_rms", "control_random"})
        lines = {t.name: t for t in figure.data if t.mode == "lines" and t.name in order}
        assert {k: t.line.color for k, t in lines.items() if t.line.color == INK} == {"control_rms": INK}
        grey = {k for k, t in lines.items() if t.line.color == BACKGROUND}
        assert grey == {"fusion", "deep_svdd", "control_random"}
        assert sorted(lines, key=lambda k: lines[k].legendrank) == order
        assert not figure.layout.annotations, "names at lines cover one another in a narrow window"
        assert figure.layout.showlegend
        assert all(
            line.showlegend is not False and f"<b>{name}</b>" in line.hovertemplate for name, line in lines.items()
        )
        assert [t.name for t in figure.data if t.name in order][-1] == order[0]  # on top
        hidden = {t.legendgroup for t in figure.data if t.visible is False}
        assert hidden <= grey


def test_lines_with_markers_and_gaps_are_restyled_and_named_in_the_legend() -> None:
    x = np.arange(11.0)
    figure = go.Figure()
    for key, y in (("pca_kde", np.r_[np.nan, np.arange(10.0)]), ("cnn_ae", np.full(11, np.nan)), ("control_rms", -x)):
        marker = {"size": np.full(11, 4), "symbol": "circle"}
        figure.add_scatter(x=x, y=y, mode="lines+markers", name=key, legendgroup=key, marker=marker)
    emphasise(figure, ["pca_kde", "cnn_ae", "control_rms"], {"control_rms"})
    assert [t.visible for t in figure.data] == [None] * 3
    assert {t.name: t.line.color for t in figure.data}["control_rms"] == INK
    single = go.Figure(figure.data[-1])
    emphasise(single, ["pca_kde"], set())
    assert single.layout.showlegend  # Plotly has none of a single line, and the name would be nowhere


def test_a_mean_curve_promises_no_more_than_its_steps() -> None:
    """The mean over one id is that id's curve: level between two thresholds, not a slope to the next step."""
    scores = made_up_scores(60, ["pca_kde"], seed=3)
    one = scores[scores["machine_id"] == "00"]
    mean, own = (next(t for t in roc_figure(one, i, NAMES).data if t.name == "A") for i in ("mean", "00"))
    between, level = (own.x[1:] + own.x[:-1]) / 2, np.diff(own.x) > 0
    assert level.sum() >= 5
    assert np.interp(between[level], mean.x, mean.y) == pytest.approx(own.y[:-1][level], abs=0.12)
    assert np.allclose(mean.y[1:], [own.y[own.x <= x].max() for x in mean.x[1:]])


def test_marks_lie_where_the_thresholds_put_them(scores: pd.DataFrame) -> None:
    own = scores[(scores["detector"] == "pca_kde") & (scores["machine_id"] == "02")]
    normal, anomaly = (own.loc[own["label"] == label, "raw"] for label in ("normal", "anomaly"))
    found = operating_marks(scores, {k: {"00": 9.0, "02": 1.0} for k in KEYS}, "02")["pca_kde"]
    assert found.false_alarm_rate == pytest.approx((normal > 1).mean())
    assert found.detection_rate == pytest.approx((anomaly > 1).mean())
    assert found.precision == pytest.approx((anomaly > 1).sum() / ((anomaly > 1).sum() + (normal > 1).sum()))
    both = operating_marks(scores, {k: {"00": 9.0, "02": 1.0} for k in KEYS}, "mean")["pca_kde"]
    assert both.false_alarm_rate == pytest.approx(found.false_alarm_rate / 2)  # nothing passes 9 on id 00
    for draw in (roc_figure, precision_recall_figure, det_figure):
        drawn = [t for t in draw(scores, "02", NAMES, marks={"pca_kde": found}).data if t.mode == "markers"]
        assert len(drawn) == 1, draw
        assert drawn[0].legendgroup == "pca_kde"
    # The mark of one id is a point of its curve.
    roc = roc_figure(scores, "02", NAMES, marks={"pca_kde": found})
    line, point = (
        next(t for t in roc.data if t.legendgroup == "pca_kde" and t.mode == m) for m in ("lines", "markers")
    )
    assert np.hypot(np.asarray(line.x) - point.x[0], np.asarray(line.y) - point.y[0]).min() < 1e-9


def test_expected_false_alarms(scores: pd.DataFrame) -> None:
    own = scores[scores["detector"] == "cnn_ae"]
    assert expected_false_alarms(own, {"00": 0.1, "02": 0.2, "99": 0.5}) == pytest.approx(0.1 * 50 + 0.2 * 50)


def with_attributes(scores: pd.DataFrame) -> pd.DataFrame:
    clip = scores["clip_id"].str[-12:-4].astype(int)
    anomalous = scores["label"] == "anomaly"
    return scores.assign(
        fault=np.where(anomalous, np.where(clip % 3 == 0, "belt", "rail"), ""),
        severity=np.where(anomalous, (clip % 100 + 1) / 100, 0.0),
        snr_db=np.where(clip % 5 < 2, -6, 6),
        load=clip / 7.0,
    )


def test_filters_keep_the_normals_where_only_anomalies_have_the_attribute(scores: pd.DataFrame) -> None:
    table = with_attributes(scores)
    assert filter_options(table, "fault") == ["belt", "rail"]
    belt = filter_scores(table, "fault", ["belt"])
    assert (belt["label"] == "normal").sum() == (table["label"] == "normal").sum()
    assert set(belt.loc[belt["label"] == "anomaly", "fault"]) == {"belt"}
    assert filter_options(table, "severity") == ["mild", "medium", "strong"]
    assert filter_scores(table, "severity", ["strong"]).query("label == 'anomaly'")["severity"].min() > 2 / 3
    assert filter_options(table, "snr_db") == ["-6", "6"]
    assert set(filter_scores(table, "snr_db", ["6"])["snr_db"]) == {6}
    thirds = filter_options(table, "load")
    assert len(thirds) == 3
    sizes = [len(filter_scores(table, "load", [third])) for third in thirds]
    assert sum(sizes) == len(table)
    assert len(filter_scores(table, "load", thirds)) == len(table)


def test_many_clips_get_fewer_resamples_and_thinned_curves() -> None:
    assert [resamples_for(n) for n in (100, 40_000, 100_000, 250_000, 10**9)] == [1000, 1000, 1000, 400, 200]
    assert bootstrap(made_up_scores(300, KEYS)).resamples == 1000
    x = np.linspace(0, 1, 50_000)
    few, same = thinned(x, x**2)
    assert len(few) <= MOST_POINTS
    assert (few[0], few[-1]) == (0.0, 1.0)
    assert np.array_equal(same, few**2)
    assert few[3] < 1e-4  # the start is kept for logarithmic axes
    many = made_up_scores(20_000, ["pca_kde"])
    raw, anomaly = many["raw"].to_numpy(), (many["label"] == "anomaly").to_numpy()
    for machine_id in ("00", "mean"):
        for draw in (roc_figure, precision_recall_figure, det_figure):
            assert all(len(t.x) <= MOST_POINTS for t in draw(many, machine_id, {"pca_kde": "A"}).data), draw
    histogram = histogram_figure(many, 1.0, "A")
    assert sum(sum(t.y) for t in histogram.data) == 20_000
    assert all(len(t.x) < 50 for t in histogram.data)
    one = (many["machine_id"] == "00").to_numpy()
    exact = ranking(bootstrap(many, 10)).query("machine_id == '00'")["auc"].iloc[0]
    assert exact == pytest.approx(roc_auc_score(anomaly[one], raw[one]))


@pytest.mark.parametrize("threshold", [None, -3.0, 1.6, 700.0])
def test_a_histogram_has_room_for_the_normal_clips_and_the_threshold(threshold: float | None) -> None:
    rng = np.random.default_rng(0)
    normal, anomaly = rng.normal(0, 1, 200), rng.normal(500, 100, 200)
    raw = np.r_[normal, anomaly]
    edges = score_bins(raw, normal, threshold)
    assert (np.diff(edges) > 0).all()
    assert edges[0] <= raw.min()
    assert as_drawn(raw, edges).max() < edges[-1]
    if threshold in (None, 1.6):
        assert np.quantile(normal, 0.98) > edges[0] + 0.4 * (edges[-1] - edges[0])
    if threshold is not None:
        assert edges[0] <= threshold < edges[-2]
    # A threshold within the bins alarms at the same clips, drawn or not; one past the last score in them at none.
    inside = edges[0] + 0.5 * (edges[-2] - edges[0])
    assert np.array_equal(as_drawn(raw, edges) > inside, raw > inside)
    assert not (as_drawn(raw, edges) > edges[-1]).any()


def test_a_moved_threshold_is_drawn_beside_the_others() -> None:
    scores = pd.DataFrame({"label": ["normal"] * 5 + ["anomaly"] * 5, "raw": [*range(5), *range(100, 105)]})
    figure = histogram_figure(scores, 3.0, "A", chosen=2.0, least_cost=4.0)
    drawn = {trace.name: trace.x[0] for trace in figure.data if trace.type == "scatter"}
    assert drawn == {"calibrated": 3.0, "yours": 2.0, "least cost (oracle)": 4.0}
    edges = score_bins(scores["raw"].to_numpy(float), np.arange(5.0), 3.0)
    assert tuple(figure.layout.xaxis.range) == (edges[0], edges[-1])
    assert [trace.name for trace in histogram_figure(scores, 3.0, "A").data] == ["normal (5)", "anomaly (5)"]
    same = np.full(4, 1e12)
    assert (np.diff(score_bins(same, same, 1e12)) > 0).all()
