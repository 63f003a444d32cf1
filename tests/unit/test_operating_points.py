"""ROC, precision-recall and DET curves against scikit-learn, and operating points against figures computed by hand."""

import numpy as np
import pandas as pd
import pytest
from scipy.special import ndtr
from sklearn.metrics import det_curve, precision_recall_curve

from asd_core.evaluation import (
    det,
    gamma_threshold,
    misses_and_false_alarms,
    normal_spread,
    operating_point,
    precision_recall,
    probit,
    wilson,
)
from tests.unit.score_tables import classes


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
