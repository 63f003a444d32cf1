import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score, roc_curve

from asd_core.evaluation import auc, evaluate, pauc, roc


@pytest.mark.parametrize("seed", range(20))
def test_agrees_with_scikit_learn_also_on_ties(seed: int) -> None:
    rng = np.random.default_rng(seed)
    digits = int(rng.integers(0, 3))
    normal = rng.normal(size=rng.integers(2, 80)).round(digits)
    anomaly = rng.normal(0.7, size=rng.integers(2, 80)).round(digits)
    labels, scores = np.r_[np.zeros(len(normal)), np.ones(len(anomaly))], np.r_[normal, anomaly]
    assert auc(normal, anomaly) == pytest.approx(roc_auc_score(labels, scores), abs=1e-9)
    assert pauc(normal, anomaly) == pytest.approx(roc_auc_score(labels, scores, max_fpr=0.1), abs=1e-9)
    x, y, _ = roc_curve(labels, scores, drop_intermediate=False)
    ours = roc(normal, anomaly)
    assert np.allclose(ours[0], x, atol=1e-9)
    assert np.allclose(ours[1], y, atol=1e-9)


def test_one_class_is_not_computable() -> None:
    assert np.isnan(auc(np.array([]), np.array([1.0])))
    assert np.isnan(pauc(np.array([1.0]), np.array([])))


def _table() -> pd.DataFrame:
    rng = np.random.default_rng(0)
    rows = [
        {"detector": "d", "machine_id": i, "label": label, "raw": rng.normal(float(shift) * (label == "anomaly"))}
        for i, shift in (("00", 3), ("02", 0.5))
        for label, count in (("normal", 50), ("anomaly", 40))
        for _ in range(count)
    ]
    table = pd.DataFrame([*rows, {"detector": "d", "machine_id": "00", "label": "unlabelled", "raw": 99.0}])
    return table.assign(clip_id=[str(k) for k in range(len(table))])


def test_mean_is_over_machine_ids_and_intervals_hold_it() -> None:
    results = {r.machine_id: r for r in evaluate(_table())}
    assert results["mean"].auc == pytest.approx((results["00"].auc + results["02"].auc) / 2)
    assert results["mean"].pauc == pytest.approx((results["00"].pauc + results["02"].pauc) / 2)
    assert (results["00"].n_normal, results["00"].n_anomaly) == (50, 40)
    assert (results["mean"].n_normal, results["mean"].n_anomaly) == (100, 80)
    for row in results.values():
        assert row.auc_low <= row.auc <= row.auc_high
    width = {i: r.auc_high - r.auc_low for i, r in results.items()}
    assert width["mean"] < width["02"]
