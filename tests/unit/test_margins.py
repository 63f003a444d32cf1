"""The margin over the threshold: zero at it, in normal spreads, unbounded where percentiles stop."""

import numpy as np
import pytest

from asd_core.artifacts import Calibration
from asd_core.evaluation import margin, normal_spread, percentile_in_words

GAUSSIAN = np.random.default_rng(0).normal(5.0, 2.0, 20_000)


def test_the_margin_is_zero_at_the_threshold_and_counts_standard_deviations_of_gaussian_normals() -> None:
    spread = normal_spread(GAUSSIAN)
    assert margin(8.0, 8.0, spread) == 0.0
    assert margin(10.0, 8.0, spread) == pytest.approx(1.0, rel=0.03)
    assert margin(4.0, 8.0, spread) == pytest.approx(-2.0, rel=0.03)


def test_the_margin_does_not_depend_on_a_detectors_unit() -> None:
    scores = np.array([3.0, 9.0, 20.0])
    other = margin(1e6 * scores - 7, 8e6 - 7, normal_spread(1e6 * GAUSSIAN - 7))
    assert other == pytest.approx(margin(scores, 8.0, normal_spread(GAUSSIAN)))


def test_strange_clips_among_the_normals_do_not_widen_the_spread() -> None:
    strange = np.r_[GAUSSIAN, np.full(400, 1e6)]
    assert normal_spread(strange) == pytest.approx(normal_spread(GAUSSIAN), rel=0.1)


def test_the_spread_is_that_of_the_side_on_which_anomalies_lie() -> None:
    skewed = np.random.default_rng(1).gamma(1.0, 1.0, 20_000)
    assert normal_spread(skewed) > 1.3 * normal_spread(-skewed)


@pytest.mark.parametrize("normals", [[2.0, 2.0, 2.0, 2.0, 2.0, 2.0, 9.0], [3.0], [4.0] * 5, [0.0, 0.0]])
def test_equal_normals_give_a_finite_margin_that_still_rises(normals: list[float]) -> None:
    values = margin(np.array([9.0, 10.0, 11.0]), 9.0, normal_spread(np.array(normals)))
    assert np.isfinite(values).all()
    assert values[0] == 0.0 < values[1] < values[2]


def test_no_normals_are_an_error() -> None:
    with pytest.raises(ValueError, match="held-out"):
        normal_spread(np.array([]))


def test_beyond_all_normals_the_percentile_stops_and_the_margin_ranks_on() -> None:
    calibration = Calibration({"00": list(np.arange(60.0))})
    raw = np.array([100.0, 200.0, 1e5, np.nan])
    assert calibration.percentile(raw[:3], "00").tolist() == [100.0] * 3
    margins = calibration.margin(raw, "00", 0.05)
    assert (np.diff(margins[:3]) > 0).all()
    assert np.isnan(margins[3])
    threshold = calibration.threshold("00", 0.05).value
    assert calibration.margin(threshold, "00", 0.05) == 0.0


def test_a_percentile_in_words_says_where_it_stops() -> None:
    assert percentile_in_words(99.8, 60) == "99.8% of normal clips score lower"
    assert percentile_in_words(100.0, 60) == "beyond all 60 held-out clips"
    assert percentile_in_words(0.0, 60) == "below all 60 held-out clips"
    assert percentile_in_words(99.99) == "99.9% of normal clips score lower"  # not all of them do
    assert percentile_in_words(50.0) == "50% of normal clips score lower"
    assert percentile_in_words(float("nan")) == ""
