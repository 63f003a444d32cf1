"""One threshold for machine ids that behave alike, from stored held-out scores alone."""

import numpy as np
import pytest
from scipy import stats

from asd_core.artifacts import Calibration, pooled_rates, pooled_threshold, read_manifest, why_not_pooled
from asd_core.settings import get_settings

IDS = ("00", "02", "04", "06")


def drawn(rng: np.random.Generator, n: int) -> Calibration:
    """Ids whose scores differ in level and spread alone."""
    return Calibration({i: sorted(10 + 5 * k + (1 + k) * rng.gamma(4.0, size=n)) for k, i in enumerate(IDS)})


def test_it_keeps_the_rate_on_average_and_strays_less_than_an_ids_own() -> None:
    rng, truth = np.random.default_rng(0), stats.gamma(4.0)
    own, pooled = [], []
    for _ in range(300):
        calibration = drawn(rng, 59)  # 5% is exactly the 57th
        own.append(truth.sf(calibration.threshold("04", 0.05).value / 3 - 20 / 3))
        pooled.append(truth.sf(pooled_threshold(calibration, "04", 0.05).value / 3 - 20 / 3))
    assert np.mean(pooled) == pytest.approx(0.05, abs=0.01)
    assert np.std(pooled) < 0.9 * np.std(own)
    low, high = np.quantile(pooled_rates(drawn(rng, 59), 0.05)["04"], (0.025, 0.975))
    assert 0.9 < np.mean([low <= rate <= high for rate in pooled]) < 0.99


def test_it_decides_at_a_rate_for_which_an_id_alone_has_too_few() -> None:
    calibration = drawn(np.random.default_rng(1), 30)
    assert calibration.threshold("00", 0.01).short
    pooled = pooled_threshold(calibration, "00", 0.01)
    assert (pooled.short, pooled.rate) == (False, pytest.approx(2 / 242))  # the step below 1%, of 241
    assert pooled_threshold(calibration, "00", 0.001).short


def test_ids_that_spread_differently_are_not_pooled() -> None:
    rng = np.random.default_rng(2)
    alike = drawn(rng, 60)
    assert why_not_pooled(alike) == ""
    skewed = Calibration({**alike.scores, "06": sorted(rng.exponential(size=60) ** 3)})
    assert "differently" in why_not_pooled(skewed)
    assert "one machine id" in why_not_pooled(Calibration({"00": alike.scores["00"]}))
    assert "fewer than 8" in why_not_pooled(Calibration({**alike.scores, "06": [1.0, 2.0, 3.0]}))
    assert "all the same" in why_not_pooled(Calibration({**alike.scores, "06": [1.0] * 60}))


def test_the_demo_has_detectors_of_both_kinds() -> None:
    folder = get_settings().models_dir / "demo"
    reasons = {
        key: why_not_pooled(Calibration(read_manifest(folder / key).calibration)) for key in ("pca_kde", "cnn_ae")
    }
    assert not reasons["pca_kde"]
    assert "differently" in reasons["cnn_ae"]
