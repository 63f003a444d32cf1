"""What a threshold promises, held to simulated draws of held-out clips."""

import re

import numpy as np
import pytest

from asd_core.artifacts import Calibration
from asd_core.evaluation import (
    breach,
    conformal_rank,
    enough_held_out,
    false_alarm_range,
    held_out_needed,
    mean_false_alarm_range,
    rate_on_average,
    wilson,
)
from tests.conftest import ROOT


@pytest.mark.parametrize(("rate", "needed"), [(0.05, 19), (0.1, 9), (0.01, 99), (0.2, 4), (0.5, 1), (0.03, 33)])
def test_the_fewest_held_out_clips_of_a_rate(rate: float, needed: int) -> None:
    assert held_out_needed(rate) == needed
    assert enough_held_out(needed, rate)
    assert not enough_held_out(needed - 1, rate)
    # The same count from which the threshold stands for the rate that was asked for.
    assert not Calibration({"00": [float(i) for i in range(needed)]}).threshold("00", rate).short
    if needed > 1:
        assert Calibration({"00": [float(i) for i in range(needed - 1)]}).threshold("00", rate).short


@pytest.mark.parametrize(
    ("n", "rate", "expected"), [(60, 0.05, (0.0104, 0.1153)), (19, 0.05, (0.0013, 0.1765)), (3, 0.05, (0.0084, 0.7076))]
)
def test_the_range_of_a_threshold(n: int, rate: float, expected: tuple[float, float]) -> None:
    assert false_alarm_range(n, rate) == pytest.approx(expected, abs=1e-4)


@pytest.mark.parametrize(("n", "rate"), [(60, 0.05), (25, 0.1), (12, 0.05)])
def test_the_range_holds_the_rate_of_as_many_thresholds_as_it_says(n: int, rate: float) -> None:
    draws = np.sort(np.random.default_rng(0).uniform(size=(20_000, n)), axis=1)
    rates = 1.0 - draws[:, conformal_rank(n, rate) - 1]  # of uniform scores, the share above
    for share in (0.95, 0.9):
        low, high = false_alarm_range(n, rate, share)
        assert np.mean((low <= rates) & (rates <= high)) == pytest.approx(share, abs=0.005)


@pytest.mark.parametrize(("n", "rate"), [(60, 0.05), (20, 0.05), (50, 0.05), (12, 0.05), (199, 0.1)])
def test_the_rate_on_average_is_that_of_the_rank_not_the_one_asked_for(n: int, rate: float) -> None:
    draws = np.sort(np.random.default_rng(0).uniform(size=(20_000, n)), axis=1)
    threshold = Calibration.from_scores(np.arange(float(n)), ["00"] * n).threshold("00", rate)
    assert threshold.rate == rate_on_average(n, rate)
    assert np.mean(1.0 - draws[:, int(threshold.value)]) == pytest.approx(threshold.rate, abs=0.001)


def test_five_fits_promise_what_was_simulated_of_them() -> None:
    """docs/coverage.md: the highest of 20 crossed scores has 4.0 to 4.8%, not the 4.8% of one fit's held-out clips."""
    crossed = Calibration.from_scores(np.arange(20.0), ["00"] * 20, {"00"})
    assert crossed.threshold("00", 0.05).rate == pytest.approx(1 / 23)
    assert crossed.threshold("00", 0.05).value == Calibration(crossed.scores).threshold("00", 0.05).value
    assert rate_on_average(300, 0.05, crossed=True) == pytest.approx(rate_on_average(300, 0.05), abs=0.0005)


def test_no_threshold_without_a_clip_or_a_rate() -> None:
    for n, rate in ((0, 0.05), (60, 0.0), (60, 1.0)):
        with pytest.raises(ValueError, match="between 0 and 1"):
            false_alarm_range(n, rate)


def test_the_mean_of_several_machines_strays_less_than_one() -> None:
    one, four = (mean_false_alarm_range((60,) * k, (50,) * k, 0.05) for k in (1, 4))
    assert one == pytest.approx(false_alarm_range(60, 0.05), abs=0.005)
    assert one[0] < four[0] < 0.05 < four[1] < one[1]
    # A machine without a clip counts for nothing.
    assert mean_false_alarm_range((60, 3), (50, 0), 0.05) == pytest.approx(one, abs=0.005)


def test_a_breach_and_whether_the_held_out_clips_explain_it() -> None:
    highest = false_alarm_range(60, 0.05)[1]
    cases = {3: "", 6: "", 7: "luck", 11: "luck", 12: "beyond"}  # of 60 normal clips
    assert {n: breach(wilson(n, 60)[0], 0.05, highest) for n in cases} == cases
    assert breach(float("nan"), 0.05, highest) == ""


def test_no_text_says_at_most_of_a_rate_that_holds_on_average() -> None:
    files = [path for pattern in ("asd_core/**/*", "pages/**/*", "docs/*", "*.md") for path in ROOT.glob(pattern)]
    texts = {path: path.read_text("utf-8") for path in files if path.suffix in (".py", ".j2", ".md", ".js", ".html")}
    assert len(texts) > 200
    claim = re.compile(r"at most [^.;]{0,40}(false alarm|false-alarm|chosen (rate|probability))|can promise", re.I)
    assert {path: found.group() for path, content in texts.items() if (found := claim.search(content))} == {}
