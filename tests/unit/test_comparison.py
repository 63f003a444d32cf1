"""Paired comparisons, operating points, agreement and breakdowns, against scikit-learn and figures computed by hand."""

import re
import time
from collections.abc import Sequence

import numpy as np
import pandas as pd
import pytest
from plotly.colors import hex_to_rgb, sample_colorscale, unlabel_rgb
from scipy.special import ndtr, ndtri
from sklearn.metrics import det_curve, precision_recall_curve, roc_auc_score

from asd_core.evaluation import (
    bootstrap,
    breakdown,
    clip_resampling,
    det,
    disagreements,
    evaluate,
    gamma_threshold,
    misses_and_false_alarms,
    normal_spread,
    not_better_than_control,
    operating_point,
    paired_difference,
    paired_figures,
    pauc,
    precision_recall,
    probit,
    rank_correlation,
    ranking,
    resampled,
    tied_with_best,
    wilson,
    without_value,
    worst_machine,
)
from asd_core.evaluation.clip_resampling import taken
from asd_core.evaluation.resampled_auc import running_sum
from asd_core.plots import agreement_figure, breakdown_figure, det_figure, precision_recall_figure, roc_figure

NAMES = {"pca_kde": "A", "cnn_ae": "B", "control_rms": "C"}


def classes(seed: int) -> tuple[np.ndarray, np.ndarray, np.random.Generator]:
    """Scores of both classes, tied for most seeds."""
    rng = np.random.default_rng(seed)
    digits = int(rng.integers(0, 4))
    normal = rng.normal(size=rng.integers(2, 80)).round(digits)
    return normal, rng.normal(0.7, size=rng.integers(2, 80)).round(digits), rng


def table(
    shifts: dict[str, float], *, n: int = 100, ids: tuple[str, ...] = ("00", "02"), own: float = 0.3, seed: int = 0
) -> pd.DataFrame:
    """Detectors that see the same clips through noise of their own; ``shifts`` sets their anomalies apart."""
    rng = np.random.default_rng(seed)
    frames = []
    anomalous = np.arange(n) % 2 == 1
    for machine_id in ids:
        clip = rng.normal(size=n)
        for detector, shift in shifts.items():
            raw = clip + own * rng.normal(size=n) + shift * anomalous
            columns = {"detector": detector, "machine_id": machine_id, "raw": raw}
            labels = np.where(anomalous, "anomaly", "normal")
            frames.append(pd.DataFrame({**columns, "label": labels, "clip_id": [f"{k:03d}" for k in range(n)]}))
    return pd.concat(frames, ignore_index=True)


# Bootstrap


def partly(easy: float = 4.0, **shifts: float) -> pd.DataFrame:
    """Scores on a machine that is easy for detector A and one that A does not know; the others know both."""
    scores = table({"A": easy, "B": 1.5, **shifts}, ids=("00", "02"))
    return scores[(scores["detector"] != "A") | (scores["machine_id"] == "00")]


def test_a_mean_over_fewer_machines_is_never_the_best() -> None:
    draws = bootstrap(partly(C=1.4), 100)
    assert draws.point()[0] > max(draws.point()[1:]), "A's mean is the highest, for it is of the easy machine alone"
    assert draws.ranked() == ["B", "C"]
    assert draws.order() == ["B", "C", "A"]
    assert "A" not in tied_with_best(draws)
    assert draws.coverage() == {"A": "1 of 2 ids"}
    assert tied_with_best(draws, machine_id="00") == ["A"], "on a machine that it knows it is ranked like any other"
    rows = ranking(draws).set_index(["detector", "machine_id"])["n_ids"]
    assert rows.loc[[("A", "mean"), ("B", "mean"), ("A", "00"), ("A", "02")]].tolist() == [1, 2, 1, 0]
    assert [(r.detector, r.n_ids) for r in evaluate(partly(), 20) if r.machine_id == "mean"] == [("A", 1), ("B", 2)]


def test_two_detectors_stand_by_figures_of_the_machines_that_both_know() -> None:
    draws = bootstrap(partly(), 20)
    assert paired_figures(draws, "A", "B") == (draws.point("00")[0], draws.point("00")[1])
    one, other = paired_figures(draws, "B", "A", metric="pauc")
    assert paired_difference(draws, "B", "A", metric="pauc").difference == one - other
    assert np.isnan(paired_figures(draws, "A", "B", machine_id="02")).all()


def test_a_control_of_easy_machines_is_not_the_yardstick_for_all() -> None:
    (result,) = not_better_than_control(bootstrap(partly(C=0.1), 100), ["A", "B"])
    assert (result.detector, result.control) == ("C", "B")


def test_nobody_knows_every_machine() -> None:
    scores = partly()
    scores = scores[(scores["detector"] == "A") | (scores["machine_id"] == "02")]
    draws = bootstrap(scores, 20)
    assert tied_with_best(draws) == []
    assert draws.order() == ["A", "B"]
    assert draws.coverage() == {"A": "1 of 2 ids", "B": "1 of 2 ids"}


def test_a_machine_without_both_classes_counts_for_nobody() -> None:
    scores = table({"A": 1.0, "B": 1.0}, ids=("00", "02"))
    scores = scores[(scores["machine_id"] == "00") | (scores["label"] == "normal")]
    draws = bootstrap(scores, 20)
    assert draws.coverage() == {}
    assert sorted(draws.ranked()) == ["A", "B"]


@pytest.mark.parametrize("seed", range(20))
def test_resampled_figures_are_scikit_learns_weighted_ones(seed: int) -> None:
    normal, anomaly, rng = classes(seed)
    taken = [rng.multinomial(len(c), np.full(len(c), 1 / len(c)), size=7).T for c in (normal, anomaly)]
    ours = resampled(normal, anomaly, taken[0].astype(float), taken[1].astype(float))
    labels, scores = np.r_[np.zeros(len(normal)), np.ones(len(anomaly))], np.r_[normal, anomaly]
    for k in range(7):
        weights = np.r_[taken[0][:, k], taken[1][:, k]]
        assert ours[0][k] == pytest.approx(roc_auc_score(labels, scores, sample_weight=weights), abs=1e-9)
        assert ours[1][k] == pytest.approx(roc_auc_score(labels, scores, sample_weight=weights, max_fpr=0.1), abs=1e-9)


@pytest.mark.parametrize("seed", range(8))
def test_the_bytes_that_are_drawn_give_the_figures_of_floats(seed: int) -> None:
    """To the last digit, with and without ties: whole numbers are added exactly."""
    normal, anomaly, _ = classes(seed)
    ((_, *drawn),) = taken("00", len(normal), len(anomaly), 30, seed)
    assert {counts.dtype for counts in drawn} == {np.dtype(np.uint8)}
    assert [counts.sum(axis=0).tolist() for counts in drawn] == [30 * [len(normal)], 30 * [len(anomaly)]]
    floats = resampled(normal, anomaly, *(counts.astype(float) for counts in drawn))
    for ours, theirs in zip(resampled(normal, anomaly, *drawn), floats, strict=True):
        assert ours.tolist() == theirs.tolist()


def test_resamples_do_not_hang_on_how_they_are_cut_into_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    scores = table({"A": 1.0, "B": 0.5})
    whole = bootstrap(scores, 50).draws
    monkeypatch.setattr(clip_resampling, "CHUNK_NUMBERS", 1)
    cut = bootstrap(scores, 50).draws
    assert all(whole[metric].tolist() == cut[metric].tolist() for metric in whole)


@pytest.mark.parametrize("n", [1, 2, 3, 8, 9, 50, 101])
def test_a_running_sum_is_numpys(n: int) -> None:
    counts = np.random.default_rng(n).integers(0, 9, (n, 4)).astype(np.int32)
    expected = np.cumsum(counts, axis=0).tolist()
    assert running_sum(counts).tolist() == expected


def test_a_detector_with_two_scores_of_a_clip_is_refused() -> None:
    scores = table({"A": 1.0})
    with pytest.raises(ValueError, match="two scores of one clip of machine id 00"):
        bootstrap(pd.concat([scores, scores.iloc[:1]]), 5)


def test_resample_that_takes_only_low_normals() -> None:
    """The highest third of the normal clips is not enough to reach a false-alarm rate of 0.1."""
    normal, anomaly = np.arange(200.0), np.arange(5.0, 200.0, 7.0)
    taken = np.where(normal < 20, 10.0, 0.0)
    _, partial = resampled(normal, anomaly, taken[:, None], np.ones((len(anomaly), 1)))
    assert partial[0] == pytest.approx(pauc(np.repeat(normal, taken.astype(int)), anomaly), abs=1e-12)


def test_all_detectors_are_drawn_the_same_clips() -> None:
    """One detector and its mirror image about the anomalies' score: on the same normal clips their AUCs sum to 1."""
    rng = np.random.default_rng(0)
    scores = table({"a": 0.0}, ids=("00",))
    scores["raw"] = np.where(scores["label"] == "normal", rng.normal(size=len(scores)), 0.0)
    both = pd.concat([scores, scores.assign(detector="mirror", raw=-scores["raw"])])
    assert np.allclose(bootstrap(both, 100).of().sum(axis=0), 1.0)


def test_draws_depend_on_the_clips_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    scores = table({"a": 1.0, "b": 0.5})
    whole = bootstrap(scores, 200)
    assert whole.of().shape == (2, 200)
    assert np.allclose(whole.of(), (whole.of("00") + whole.of("02")) / 2)
    shuffled = bootstrap(scores.sample(frac=1, random_state=0), 200)
    assert np.array_equal(shuffled.of()[shuffled.detectors.index("a")], whole.of()[0])
    one = bootstrap(scores[(scores["detector"] == "b") & (scores["machine_id"] == "02")], 200)
    assert np.array_equal(one.of()[0], whole.of("02")[1])
    monkeypatch.setattr(clip_resampling, "CHUNK_NUMBERS", 1)
    assert np.array_equal(bootstrap(scores, 200).of(metric="pauc"), whole.of(metric="pauc"))
    assert not np.array_equal(bootstrap(scores, 200, seed=1).of(), whole.of())


def test_one_class_is_not_computable_and_never_a_half() -> None:
    scores = table({"a": 1.0, "b": 0.5})
    draws = bootstrap(scores[(scores["machine_id"] == "00") | (scores["label"] == "normal")], 50)
    assert np.isnan(draws.point("02")).all()
    assert np.isnan(draws.of("02", "pauc")).all()
    assert np.array_equal(draws.of(), draws.of("00"))
    none = bootstrap(scores[scores["label"] == "normal"], 50)
    assert np.isnan(none.point()).all()
    assert np.isnan(none.interval()).all()
    assert np.isnan(paired_difference(none, "a", "b")).all()
    assert tied_with_best(none) == []
    assert not_better_than_control(none, ["b"]) == []


def test_a_clip_one_detector_lacks_is_left_out_for_all() -> None:
    scores = table({"a": 1.0, "b": 0.5})
    lacking = scores.copy()
    lacking.loc[(scores["detector"] == "b") & (scores["machine_id"] == "00") & (scores["clip_id"] == "000"), "raw"] = (
        np.nan
    )
    without = scores[(scores["machine_id"] != "00") | (scores["clip_id"] != "000")]
    draws = bootstrap(lacking, 50)
    assert draws.left_out == {"00": 1, "02": 0}
    assert draws.clips == {"00": (49, 50), "02": (50, 50)}
    assert np.array_equal(draws.of(), bootstrap(without, 50).of())
    # One that does not know an id at all takes no clip from the others.
    absent = bootstrap(scores[(scores["detector"] == "a") | (scores["machine_id"] == "02")], 50)
    assert absent.left_out == {"00": 0, "02": 0}
    assert np.isnan(absent.point("00")[1])
    pair = paired_difference(absent, "a", "b")
    assert pair.difference == pytest.approx(absent.point("02")[0] - absent.point("02")[1])


def test_noise_is_called_tied_and_a_real_difference_is_found() -> None:
    tied = found = 0
    for seed in range(20):
        draws = bootstrap(table({"a": 1.2, "same": 1.2, "worse": 0.6}, n=160, seed=seed), 300, seed)
        group = tied_with_best(draws)
        tied += {"a", "same"} <= set(group)
        found += "worse" not in group and paired_difference(draws, "a", "worse").low > 0
        assert group[0] == draws.detectors[int(np.argmax(draws.point()))]
    assert tied >= 18
    assert found >= 18


def test_pairing_narrows_the_interval_of_a_difference() -> None:
    draws = bootstrap(table({"a": 1.0, "b": 1.0}, own=0.2))
    a, b = draws.of()
    pair = paired_difference(draws, "a", "b")
    unpaired = np.quantile(a - np.random.default_rng(0).permutation(b), [0.025, 0.975])
    assert pair.high - pair.low < 0.6 * (unpaired[1] - unpaired[0])
    back = paired_difference(draws, "b", "a")
    assert back == pytest.approx((-pair.difference, -pair.high, -pair.low))
    assert paired_difference(draws, "a", "a") == (0.0, 0.0, 0.0)
    scores = table({"a": 1.0})
    same = bootstrap(pd.concat([scores, scores.assign(detector="b", raw=np.exp(scores["raw"]))]), 100)
    assert paired_difference(same, "a", "b") == (0.0, 0.0, 0.0)  # the same ranking of the clips


@pytest.mark.long
def test_intervals_hold_the_true_figure_as_often_as_they_say() -> None:
    """1,000 sets of 60 + 60 clips, each a machine id of the table; a share of them is uncertain by 0.7 points."""
    scores = table({"a": 1.2, "b": 0.7}, n=120, ids=tuple(f"{k:04d}" for k in range(1000)), own=0.75, seed=1)
    draws = bootstrap(scores, 500)
    shifts = np.array([1.2, 0.7]) / np.sqrt(1 + 0.75**2)
    for metric, true in (("auc", ndtr(shifts / np.sqrt(2))), ("pauc", true_pauc(shifts))):
        ends = np.array([draws.interval(i, metric) for i in draws.machine_ids])
        held = ((ends[..., 0] <= true) & (true <= ends[..., 1])).mean(axis=0)
        assert ((held > 0.93) & (held < 0.97)).all(), (metric, held)
    true = ndtr(shifts / np.sqrt(2))
    pairs = [paired_difference(draws, "a", "b", machine_id=i) for i in draws.machine_ids]
    assert 0.93 < np.mean([p.low <= true[0] - true[1] <= p.high for p in pairs]) < 0.97


def test_differences_near_one_hold_the_true_figure_as_often_as_they_say() -> None:
    """300 sets of 20 + 20 clips, AUC 0.96 and 0.99: quantiles of resampled differences hold the truth in 85%."""
    shifts, own = np.array([3.3, 2.5]), 1.0
    scores = table(
        dict(zip("ab", shifts * np.sqrt(2), strict=True)),
        n=40,
        ids=tuple(f"{k:04d}" for k in range(300)),
        own=own,
        seed=2,
    )
    draws = bootstrap(scores, 300)
    for metric, true in (("auc", ndtr(shifts / np.sqrt(2))), ("pauc", true_pauc(shifts))):
        pairs = [paired_difference(draws, "a", "b", metric=metric, machine_id=i) for i in draws.machine_ids]
        assert np.mean([p.low <= true[0] - true[1] <= p.high for p in pairs]) > 0.93, metric


def test_two_perfect_detectors_are_tied_and_not_surely_equal() -> None:
    draws = bootstrap(table({"a": 50.0, "b": 40.0}, n=20, ids=("00",)), 100)
    pair = paired_difference(draws, "a", "b")
    assert pair.difference == 0.0
    assert pair.low < -0.1
    assert pair.high > 0.1
    assert tied_with_best(draws) == ["a", "b"]


def true_pauc(shifts: np.ndarray) -> np.ndarray:
    """Of two Gaussian classes of unit spread."""
    rates = np.linspace(0.0, 0.1, 20_001)[1:]
    found = np.trapezoid(ndtr(shifts[:, None] + ndtri(rates)), rates, axis=1)
    return 0.5 * (1 + (found - 0.005) / (0.1 - 0.005))


def test_perfect_separation_is_not_certainty() -> None:
    scores = table({"a": 50.0}, n=120, ids=("00",))
    draws = bootstrap(scores, 100)
    low, high = draws.interval()[0]
    assert high == 1.0
    assert 0.9 < low < 0.96
    assert draws.interval(metric="pauc")[0][0] < low


def test_twenty_detectors_are_resampled_in_two_seconds() -> None:
    scores = table({f"d{k}": 1.0 for k in range(20)}, n=2000, ids=("00",))
    start = time.process_time()
    bootstrap(scores)
    assert time.process_time() - start < 2.0


def test_worst_id_and_losing_to_a_control() -> None:
    scores = table({"good": 2.0, "weak": 0.55, "bad": 0.0, "loud": 0.5, "random": 0.0})
    by_id = {i: auc_of(scores, "good", i) for i in ("00", "02")}
    lowest = min(by_id, key=lambda i: by_id[i])
    assert worst_machine(ranking(bootstrap(scores, 2)), "auc")["good"] == (lowest, pytest.approx(by_id[lowest]))
    not_better = {r.detector: r for r in not_better_than_control(bootstrap(scores), ["loud", "random", "not trained"])}
    assert set(not_better) == {"weak", "bad"}
    assert {r.control for r in not_better.values()} == {"loud"}
    assert (not_better["bad"].by_point, not_better["bad"].by_interval) == (True, True)
    assert not_better["bad"].pair.high < 0
    assert (not_better["weak"].by_point, not_better["weak"].by_interval) == (
        not_better["weak"].pair.difference <= 0,
        True,
    )


def auc_of(scores: pd.DataFrame, detector: str, machine_id: str) -> float:
    own = scores[(scores["detector"] == detector) & (scores["machine_id"] == machine_id)]
    return float(roc_auc_score(own["label"] == "anomaly", own["raw"]))


# Curves and operating points


@pytest.mark.parametrize("seed", range(20))
def test_curves_agree_with_scikit_learn_also_on_ties(seed: int) -> None:
    normal, anomaly, _ = classes(seed)
    labels, scores = np.r_[np.zeros(len(normal)), np.ones(len(anomaly))], np.r_[normal, anomaly]
    precision, recall = precision_recall(normal, anomaly)
    theirs = precision_recall_curve(labels, scores)
    assert np.allclose(precision[::-1], theirs[0], atol=1e-9)
    assert np.allclose(recall[::-1], theirs[1], atol=1e-9)
    # By counting, where anomalies are rare: p d / (p d + (1 - p) f) at each threshold.
    rare, recall = precision_recall(normal, anomaly, 0.02)
    for k, threshold in enumerate(np.unique(scores)[::-1], start=1):
        hits, false = 0.02 * np.mean(anomaly >= threshold), 0.98 * np.mean(normal >= threshold)
        assert recall[k] == pytest.approx(np.mean(anomaly >= threshold))
        assert rare[k] == pytest.approx(hits / (hits + false))
    tradeoff = list(zip(*det(normal, anomaly), strict=True))
    for point in zip(*det_curve(labels, scores)[:2], strict=True):
        assert any(point == pytest.approx(one, abs=1e-9) for one in tradeoff)
    assert tradeoff[0] == (0.0, 1.0)
    assert tradeoff[-1] == (1.0, 0.0)


def test_probit_keeps_the_ends_on_the_page() -> None:
    assert probit(np.array([0.5, ndtr(1.0)])) == pytest.approx([0.0, 1.0])
    assert ndtr(probit(np.array([0.0, 0.3, 1.0]), 10)) == pytest.approx([0.05, 0.3, 0.95])


def test_wilson_intervals() -> None:
    # Agresti and Coull (1998): 0 of 20 and 5 of 20.
    assert wilson(0, 20) == pytest.approx((0.0, 0.1611), abs=1e-4)
    assert wilson(5, 20) == pytest.approx((0.1119, 0.4687), abs=1e-4)
    assert wilson(20, 20)[1] == 1.0
    assert np.isnan(wilson(0, 0)).all()


def by_hand() -> pd.DataFrame:
    """id 00: normals 1 2 3 4, anomalies 3 5; id 02: normals 10 20, anomalies 15 25 30 5; id 04 has no threshold."""
    rows = [("00", "normal", v) for v in (1, 2, 3, 4)] + [("00", "anomaly", v) for v in (3, 5)]
    rows += [("02", "normal", v) for v in (10, 20)] + [("02", "anomaly", v) for v in (15, 25, 30, 5)]
    rows += [("04", "normal", 1), ("04", "anomaly", 2)]
    scores = pd.DataFrame(rows, columns=["machine_id", "label", "raw"]).astype({"raw": float})
    return scores.assign(calibrated=[0, 40, 60, 100, 60, 100, 0, 100, 50, 100, 100, 0, 1, 2], detector="pca_kde")


def test_operating_point_computed_by_hand() -> None:
    points = operating_point(by_hand(), {"00": 3.0, "02": 15.0, "04": None}, prevalence=0.1, clips_per_day=200)
    assert list(points) == ["00", "02", "pooled"]
    # id 00: a score at the threshold is no alarm. 1 of 4 false alarms, 1 of 2 found.
    first = points["00"]
    assert (first.n_normal, first.n_anomaly, first.false_alarms, first.detections) == (4, 2, 1, 1)
    assert (first.false_alarm_rate, first.detection_rate) == (0.25, 0.5)
    assert first.precision == pytest.approx(0.05 / (0.05 + 0.225))
    assert first.alerts_per_day == pytest.approx(200 * 0.275)
    assert first.false_alerts_per_day == pytest.approx(45)
    # Pooled: 2 of 6 and 3 of 6.
    pooled = points["pooled"]
    assert (pooled.false_alarm_rate, pooled.detection_rate) == (2 / 6, 3 / 6)
    assert pooled.false_alarm_interval == wilson(2, 6)
    assert pooled.detection_interval == wilson(3, 6)
    assert pooled.precision == pytest.approx(0.05 / (0.05 + 0.3))


def test_operating_point_without_a_class_or_an_alarm() -> None:
    scores = by_hand()
    normals = operating_point(scores[scores["label"] == "normal"], {"00": 3.0}, prevalence=0.1, clips_per_day=1)
    assert np.isnan([normals["00"].detection_rate, normals["00"].precision, normals["00"].alerts_per_day]).all()
    assert normals["00"].false_alerts_per_day == pytest.approx(0.9 * 0.25)
    silent = operating_point(scores, {"00": 99.0}, prevalence=0.1, clips_per_day=1)["pooled"]
    assert np.isnan(silent.precision)
    assert silent.alerts_per_day == 0
    assert np.isnan(operating_point(scores, {}, prevalence=0.1, clips_per_day=1)["pooled"].false_alarm_rate)
    with pytest.raises(ValueError, match="Prevalence"):
        operating_point(scores, {}, prevalence=5, clips_per_day=1)


def test_gamma_threshold() -> None:
    rng = np.random.default_rng(0)
    scores = rng.gamma(3.0, 2.0, size=5000)
    assert gamma_threshold(scores) == pytest.approx(10.645, rel=0.03)  # 0.9 quantile of a gamma of shape 3, scale 2
    assert gamma_threshold(scores * 1e-6) == pytest.approx(1e-6 * (gamma_threshold(scores) or 0), rel=1e-4)
    below = rng.normal(-50.0, 2.0, size=5000)
    assert gamma_threshold(below) == pytest.approx(-50 + 2 * 1.2816, abs=0.25)
    assert gamma_threshold(below - 1000) == pytest.approx((gamma_threshold(below) or 0) - 1000, abs=1e-3)
    for degenerate in ([], [1.0], [2.0, 2.0, 2.0], [0.0, 0.0], [np.nan, 1.0]):
        assert gamma_threshold(np.array(degenerate)) is None


def test_worst_misses_and_false_alarms() -> None:
    normals = {"00": [0.0, 1.0, 2.0], "02": [0.0, 10.0, 20.0]}  # the spread of 02 is ten times that of 00
    limits = {"00": 3.0, "02": 15.0, "04": None}
    misses, false_alarms = misses_and_false_alarms(by_hand(), limits, normals)
    assert misses["raw"].tolist() == [5.0, 3.0, 15.0]  # below by one spread; both others at their threshold
    assert false_alarms["raw"].tolist() == [4.0, 20.0]  # one spread above, and half of one: both at percentile 100
    spread = normal_spread(np.array(normals["00"]))
    assert false_alarms["margin"].tolist() == pytest.approx([1.0 / spread, 0.5 / spread])
    assert len(misses_and_false_alarms(by_hand(), limits, normals, n=1)[0]) == 1


# Agreement and breakdowns


def test_agreement_is_within_ids() -> None:
    rng = np.random.default_rng(0)
    loud = np.repeat([0.0, 100.0], 40)  # two ids: independent scores seem alike across them
    base = pd.DataFrame({"machine_id": np.repeat(["00", "02"], 40), "clip_id": [str(k) for k in range(80)]})
    a = rng.normal(size=80)
    columns = {"a": a + loud, "squared": np.exp(a) + loud, "b": rng.normal(size=80) + loud, "flat": np.zeros(80)}
    scores = pd.concat([base.assign(detector=k, raw=v, label="normal") for k, v in columns.items()])
    found = rank_correlation(scores)
    assert found.loc["a", "squared"] == pytest.approx(1.0)
    assert abs(found.loc["a", "b"]) < 0.25
    assert np.isnan(found.loc["a", "flat"])
    assert found.equals(found.T)
    assert np.isnan(rank_correlation(scores, label="anomaly").to_numpy()).all()


def test_disagreements_name_who_and_how_far() -> None:
    rows = [("00", "x", "a", -2.0), ("00", "x", "b", 30.0), ("00", "x", "c", 1.0), ("00", "y", "a", 400.0)]
    rows += [("00", "y", "b", 90.0), ("02", "x", "a", 9.0), ("02", "x", "b", -0.5), ("02", "alone", "a", 0.0)]
    scores = pd.DataFrame(rows, columns=["machine_id", "clip_id", "detector", "margin"]).assign(
        label="normal",
        calibrated=100.0,  # saturated: it could rank none of them
    )
    found = disagreements(scores)
    margins = ([-2.0, 30.0, 1.0], [9.0, -0.5], [400.0, 90.0])
    assert found["spread"].tolist() == pytest.approx([np.arcsinh(of_clip).std() for of_clip in margins])
    assert found.loc[0, ["clip_id", "machine_id", "highest", "lowest"]].tolist() == ["x", "00", "b", "a"]
    assert found.loc[1, ["highest_margin", "lowest_margin"]].tolist() == [9.0, -0.5]
    assert len(disagreements(scores, 1)) == 1


def with_attributes() -> pd.DataFrame:
    scores = table({"pca_kde": 1.0, "cnn_ae": 0.5}, n=120)
    clip = scores["clip_id"].astype(int)
    anomalous = scores["label"] == "anomaly"
    return scores.assign(
        fault=np.where(anomalous, np.where(clip % 3 == 0, "belt", "rail"), ""),
        severity=np.where(anomalous, (clip + 1) / 120, 0.0),
        snr_db=np.where(clip % 4 < 2, -6, 6),
        domain=np.where(anomalous, "target", "source"),
        speed=clip / 7.0,
    )


def test_breakdown_by_an_attribute_of_anomalies_takes_all_normals() -> None:
    scores = with_attributes()
    found = breakdown(scores, "fault").set_index(["detector", "value"])
    normal = scores["label"] == "normal"
    chosen = scores[normal | (scores["fault"] == "belt")]
    expected = np.mean([auc_of(chosen, "pca_kde", i) for i in ("00", "02")])
    row = found.loc[("pca_kde", "belt")]
    assert row["auc"] == pytest.approx(expected)
    assert (row["n_normal"], row["n_anomaly"], row["n_ids"]) == (120, 40, 2)
    severity = breakdown(scores, "severity")
    assert severity["value"].unique().tolist() == ["mild", "medium", "strong"]
    assert severity["n_anomaly"].tolist() == [40] * 6


def test_clips_without_a_value_are_counted() -> None:
    """Once each, whatever number of detectors; a fault is missed of anomalies alone."""
    scores = with_attributes()
    anomalous, clip = scores["label"] == "anomaly", scores["clip_id"].astype(int)
    assert [without_value(scores, name) for name in ("fault", "severity", "snr_db", "speed")] == [0, 0, 0, 0]
    unknown = scores.assign(
        fault=scores["fault"].where(~anomalous | (clip % 3 > 0), ""), snr_db=scores["snr_db"].where(clip % 4 > 0)
    )
    missing = unknown[unknown["snr_db"].isna()].drop_duplicates(["machine_id", "clip_id"])
    assert (without_value(unknown, "fault"), without_value(unknown, "snr_db")) == (40, len(missing))
    for name in ("fault", "snr_db"):
        rows = breakdown(unknown, name).query("detector == 'pca_kde'")
        labels = ["anomaly"] if name == "fault" else ["normal", "anomaly"]
        of = scores[scores["label"].isin(labels)].drop_duplicates(["machine_id", "clip_id"])
        shown = rows[[f"n_{label}" for label in labels]].to_numpy().sum()
        assert shown + without_value(unknown, name) == len(of)


def test_breakdown_by_a_shared_attribute_takes_normals_of_the_same_value() -> None:
    scores = with_attributes()
    found = breakdown(scores, "snr_db").set_index(["detector", "value"])
    expected = np.mean([auc_of(scores[scores["snr_db"] == 6], "cnn_ae", i) for i in ("00", "02")])
    assert found.loc[("cnn_ae", 6), "auc"] == pytest.approx(expected)
    assert found.loc[("cnn_ae", 6), "n_normal"] == 60
    by_id = breakdown(scores, "machine_id").set_index(["detector", "value"])
    assert by_id.loc[("cnn_ae", "02"), "auc"] == pytest.approx(auc_of(scores, "cnn_ae", "02"))
    assert len(breakdown(scores, "speed")["value"].unique()) == 3
    # Normal clips of one domain, anomalies of the other: nothing to compare, and that is said.
    domain = breakdown(scores, "domain")
    assert domain["auc"].isna().all()
    assert domain["n_ids"].tolist() == [0] * 4
    assert sorted(domain["n_anomaly"].tolist()) == [0, 0, 120, 120]


# Figures


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
