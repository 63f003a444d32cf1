import hashlib

import numpy as np
import pytest

from asd_core.artifacts import Calibration
from asd_core.datasets import held_out
from asd_core.errors import UnknownMachineError
from asd_core.scoring import decide

HASHES = [hashlib.sha256(str(i).encode()).hexdigest() for i in range(100)]
IDS = ["00"] * 60 + ["02"] * 40


def test_a_fifth_of_each_id_is_held_out_whatever_the_order() -> None:
    mask = held_out(HASHES, IDS)
    assert mask[:60].sum() == 12
    assert mask[60:].sum() == 8
    for of in (slice(0, 60), slice(60, 100)):  # those of lowest hash
        hashes = np.array(HASHES)[of]
        assert max(hashes[mask[of]]) < min(hashes[~mask[of]])
    order = np.random.default_rng(0).permutation(100)
    shuffled = held_out([HASHES[i] for i in order], [IDS[i] for i in order])
    assert np.array_equal(shuffled, mask[order])


def test_scores_are_sorted_and_stay_with_their_id() -> None:
    calibration = Calibration.from_scores(np.array([3.0, 1.0, 2.0, 5.0]), ["02", "00", "02", "00"])
    assert calibration.scores == {"00": [1.0, 5.0], "02": [2.0, 3.0]}


def test_an_anomaly_scores_above_the_threshold_not_at_it() -> None:
    calibration = Calibration({"00": [1.0, 2.0, 3.0]})
    at, above = (decide("pca_kde", raw, calibration, "00", 0.25) for raw in (3.0, np.nextafter(3.0, 4.0)))
    assert (at.decision, above.decision, at.threshold) == ("normal", "anomaly", 3.0)


def test_percentile_counts_ties_half() -> None:
    calibration = Calibration({"00": [1.0, 2.0, 2.0, 3.0]})
    assert calibration.percentile(2.0, "00") == pytest.approx(50.0)
    assert calibration.percentile(0.0, "00") == 0.0
    assert calibration.percentile(9.0, "00") == 100.0


def test_threshold_is_the_conformal_quantile() -> None:
    calibration = Calibration({"00": [float(i) for i in range(1, 20)]})  # 19 clips: 5% is the least they stand for
    threshold = calibration.threshold("00", 0.05)
    assert (threshold.value, threshold.rate, threshold.short) == (19.0, 0.05, False)
    assert calibration.threshold("00", 0.5).value == 10.0


def test_too_few_clips_say_what_they_can_promise() -> None:
    threshold = Calibration({"00": [1.0, 2.0, 3.0]}).threshold("00", 0.05)
    assert threshold.short
    assert threshold.rate == pytest.approx(0.25)
    assert threshold.value == 3.0


def test_false_alarms_stay_below_the_promise() -> None:
    rng = np.random.default_rng(0)
    rates = []
    for _ in range(400):
        calibration = Calibration({"00": sorted(rng.normal(size=60))})
        rates.append(np.mean(rng.normal(size=200) > calibration.threshold("00", 0.1).value))
    assert 0.08 < np.mean(rates) <= 0.104


def test_unknown_id_is_refused() -> None:
    with pytest.raises(UnknownMachineError, match="known: 00"):
        Calibration({"00": [1.0]}).percentile(1.0, "07")
