"""The bootstrap: its figures are scikit-learn's weighted ones, and all detectors are drawn the same clips."""

import time

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from asd_core.evaluation import (
    bootstrap,
    clip_resampling,
    not_better_than_control,
    paired_difference,
    pauc,
    resampled,
    tied_with_best,
)
from asd_core.evaluation.clip_resampling import taken
from asd_core.evaluation.resampled_auc import running_sum
from tests.unit.score_tables import classes, table


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


def test_twenty_detectors_are_resampled_in_two_seconds() -> None:
    scores = table({f"d{k}": 1.0 for k in range(20)}, n=2000, ids=("00",))
    start = time.process_time()
    bootstrap(scores)
    assert time.process_time() - start < 2.0
