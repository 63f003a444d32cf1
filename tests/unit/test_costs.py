"""Misses and false alarms in one figure."""

import math

import numpy as np
import pytest

from asd_core.evaluation import expected_cost, least_cost_threshold, operating_point
from asd_core.lazy import pd


def test_the_formula_by_hand() -> None:
    # Of 1,000 clips 10 are anomalies: 2 missed at 10 each; of 990 normal ones 99 false alarms at 1 each.
    assert 1000 * expected_cost(0.2, 0.1, prevalence=0.01, miss_cost=10) == pytest.approx(20 + 99)
    assert expected_cost(0.2, 0.1, prevalence=0.01, miss_cost=10, false_alarm_cost=2) == pytest.approx(0.02 + 0.198)
    assert expected_cost(1.0, 0.0, prevalence=0.01, miss_cost=10) == pytest.approx(0.1)  # never an alarm


def test_a_class_that_cannot_occur_needs_no_rate() -> None:
    nan = float("nan")
    assert expected_cost(nan, 0.1, prevalence=0.0, miss_cost=10) == pytest.approx(0.1)
    assert expected_cost(0.2, nan, prevalence=1.0, miss_cost=10) == pytest.approx(2.0)
    assert math.isnan(expected_cost(nan, 0.1, prevalence=0.01, miss_cost=10))


@pytest.mark.parametrize("bad", [{"prevalence": 1.1, "miss_cost": 1}, {"prevalence": 0.1, "miss_cost": -1}])
def test_what_makes_no_sense_is_refused(bad: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="must be from 0 to 1"):
        expected_cost(0.1, 0.1, **bad)


@pytest.mark.parametrize(("prevalence", "miss_cost"), [(0.5, 1), (0.01, 10), (0.3, 10), (0.01, 0), (0.9, 100)])
def test_no_threshold_costs_less_than_the_least(prevalence: float, miss_cost: float) -> None:
    rng = np.random.default_rng(3)
    normal, anomaly = rng.normal(0, 1, 60).round(1), rng.normal(1.5, 1, 40).round(1)  # with ties
    costs = {"prevalence": prevalence, "miss_cost": miss_cost}
    found = least_cost_threshold(normal, anomaly, **costs)
    assert found is not None

    def at(threshold: float) -> float:
        return expected_cost(float(np.mean(anomaly <= threshold)), float(np.mean(normal > threshold)), **costs)

    assert at(found.threshold) == pytest.approx(found.cost), "a clip above it is an alarm"
    assert found.cost == pytest.approx(min(at(t) for t in np.linspace(-5, 6, 1101)))
    rows = [("0", "normal", s) for s in normal] + [("0", "anomaly", s) for s in anomaly]
    table = pd.DataFrame(rows, columns=["machine_id", "label", "raw"])
    point = operating_point(table, {"0": found.threshold}, prevalence=prevalence, clips_per_day=1)["0"]
    assert expected_cost(1 - point.detection_rate, point.false_alarm_rate, **costs) == pytest.approx(found.cost)


def test_the_ends_and_no_class() -> None:
    normal, anomaly = np.array([1.0, 2.0]), np.array([3.0, 4.0])
    assert least_cost_threshold(normal, anomaly, prevalence=0.5, miss_cost=1) == (2.0, 0.0)
    never = least_cost_threshold(normal, anomaly - 3, prevalence=0.5, miss_cost=0)
    assert never is not None
    assert never == (2.0, 0.0), "no score lies above the highest"
    always = least_cost_threshold(normal, anomaly - 3, prevalence=0.9, miss_cost=100)
    assert always is not None
    assert (anomaly - 3 > always.threshold).all()
    assert least_cost_threshold(normal, anomaly[:0], prevalence=0.5, miss_cost=1) is None
