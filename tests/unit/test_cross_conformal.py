"""Every training normal sets the threshold, scored by a detector that has not learned it."""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
import pytest
from numpy.typing import NDArray

from asd_core.artifacts import Calibration, load, read_manifest
from asd_core.datasets import N_FOLDS, Dataset, extract_dataset, folds, held_out
from asd_core.detectors import DensityPerId, Scores, detector_class
from asd_core.detectors.common.gaussian import Mahalanobis
from asd_core.evaluation import CROSSED_WEIGHT, false_alarm_range, mean_false_alarm_range
from asd_core.training.budget import expected_seconds, refitted
from asd_core.training.cross_conformal import alike, cross_calibration
from benchmarks.calibration import OfVectors, normals, rates
from tests.conftest import ROOT


def hashes(n: int) -> list[str]:
    return [hashlib.sha256(str(i).encode()).hexdigest() for i in range(n)]


def test_five_folds_of_each_machine_the_first_of_which_is_held_out() -> None:
    names, ids = hashes(63), ["00"] * 40 + ["02"] * 23
    found = folds(names, ids)
    assert np.array_equal(found == 0, held_out(names, ids))
    for of in (slice(0, 40), slice(40, 63)):
        sizes = np.bincount(found[of], minlength=N_FOLDS)
        assert sizes.min() > 0
        assert np.ptp(sizes[1:]) <= 1
    order = np.random.default_rng(0).permutation(63)
    assert np.array_equal(folds([names[i] for i in order], [ids[i] for i in order]), found[order])
    assert folds(["a"], ["00"]).tolist() == [0]


def test_each_clip_is_scored_by_a_detector_that_has_not_learned_it() -> None:
    rng = np.random.default_rng(0)
    vectors, ids = normals(60, "one state", rng), ["00"] * 35 + ["02"] * 25
    fold, machine = folds(hashes(60), ids), np.array(ids)
    expected: dict[str, list[float]] = {"00": [], "02": []}
    fitted = []
    for k in range(N_FOLDS):
        rest = np.flatnonzero(fold != k)
        fitted.append(OfVectors("Mahalanobis").fit(list(vectors[rest]), list(machine[rest])))
        for i in np.flatnonzero(fold == k):
            expected[ids[i]].append(float(fitted[k].score([vectors[i]], [ids[i]])[0]))
    found = cross_calibration(fitted[0], list(vectors), ids, fold)
    assert found.crossed == {"00", "02"}
    for i, scores in expected.items():
        assert found.scores[i] == pytest.approx(sorted(scores))


class Erratic(Mahalanobis):
    """Scores on a scale that depends on the clips that it was fitted on, as a network's may."""

    def fit(self, vectors: NDArray[Any], *, seed: int = 0) -> Self:
        self.scale = 10.0 ** (int(abs(vectors[:, 0].sum()) * 1e3) % 7)
        return super().fit(vectors)

    def score(self, vectors: NDArray[Any]) -> Scores:
        return self.scale * super().score(vectors)


@dataclass
class ErraticDetector(OfVectors):
    def new_model(self) -> Mahalanobis:
        return Erratic()


def test_folds_on_other_scales_leave_the_held_out_fifth() -> None:
    vectors, ids = normals(100, "one state", np.random.default_rng(1)), ["00"] * 100
    fold = folds(hashes(100), ids)
    rest = np.flatnonzero(fold)
    detector = ErraticDetector().fit(list(vectors[rest]), ["00"] * len(rest))
    found = cross_calibration(detector, list(vectors), ids, fold)
    held = detector.score(list(vectors[fold == 0]), ["00"] * 20)
    assert found == Calibration.from_scores(held, ["00"] * 20)
    assert found.clip_weight("00") == 1.0


def test_a_machine_too_small_for_another_fit_keeps_its_fifth_and_others_theirs() -> None:
    ids = ["00"] * 40 + ["02"] * 6
    vectors, fold = normals(46, "one state", np.random.default_rng(2)), folds(hashes(46), ids)
    rest = np.flatnonzero(fold)
    detector = OfVectors("Mahalanobis").fit(list(vectors[rest]), [ids[i] for i in rest])
    found = cross_calibration(detector, list(vectors), ids, fold)
    assert found.crossed == {"00"}
    assert {i: found.n(i) for i in ids} == {"00": 40, "02": 1}


def test_two_scores_tell_nothing_of_the_folds() -> None:
    """A machine of two recordings; the test of likeness can rank no fewer than three."""
    assert not alike(np.array([1.0, 2.0]), np.array([0, 1]))
    assert not alike(np.array([1.0, 2.0]), np.array([3, 3]))


def test_what_is_refitted_is_told_by_size_not_by_the_clock() -> None:
    assert refitted("pca_kde", 960)
    assert not refitted("cnn_ae", 960)
    assert refitted("cnn_ae", 12)
    assert not refitted("fusion", 12)
    assert not refitted("pca_dbscan", 12)
    assert not refitted("f_anogan", 30)
    assert refitted("cnn_ae", 12, "quick")
    assert not refitted("cnn_ae", 12, "paper"), "more epochs"
    assert not refitted("cnn_ae", 12 * 60.0), "twelve clips of ten minutes"
    assert expected_seconds("pca_kde", 960) == pytest.approx(0.5 + 5 * 1.4)
    assert expected_seconds("cnn_ae", 960) == pytest.approx(0.5 + 140)


@pytest.mark.parametrize("n", [20, 100])
def test_the_rate_holds_on_average_and_strays_less(n: int) -> None:
    fifth, crossed, apart = rates("Mahalanobis", "one state", n, 150)
    assert apart < 0.05
    assert crossed.rate.mean() == pytest.approx(crossed.promised, abs=0.02 if n == 20 else 0.008)
    assert crossed.rate.std() < 2 / 3 * fifth.rate.std()
    assert crossed.held.mean() > 0.9


def test_a_crossed_clip_is_worth_less() -> None:
    wide, narrow = false_alarm_range(300, 0.05, clip_weight=CROSSED_WEIGHT), false_alarm_range(300, 0.05)
    assert wide[0] < narrow[0] < 0.05 < narrow[1] < wide[1]
    one = mean_false_alarm_range((300,), (50,), 0.05, (CROSSED_WEIGHT,))
    assert one == pytest.approx(wide, abs=0.005)


def test_the_manifest_says_who_set_the_thresholds(small_models: Path, small_dataset: Dataset) -> None:
    manifest, network = read_manifest(small_models / "pca_kde"), read_manifest(small_models / "cnn_ae")
    assert (manifest.crossed, network.crossed) == (["00", "02"], [])
    assert {i: len(s) for i, s in manifest.calibration.items()} == {"00": 24, "02": 24}
    for found in (manifest, network):
        assert (found.n_normal("00"), found.n_held_out("00")) == (24, 5)
        assert "10 normal clips were held out" in found.too_few_to_tell()
    artifact = load(small_models / "pca_kde")
    assert artifact.calibration.crossed == {"00", "02"}
    # The held-out fifth's scores, by the detector in use, are among them.
    read = extract_dataset(small_dataset, small_dataset.rows(split="train"), [artifact.representation])
    fifth = read.subset(held_out(list(read.rows["sha256"]), read.machine_ids))
    scores = artifact.detector.score(fifth.features[artifact.representation], fifth.machine_ids)
    for score, i in zip(scores, fifth.machine_ids, strict=True):
        assert np.isclose(artifact.calibration.sorted_scores(i), score, rtol=1e-6).any()


def test_an_older_manifest_means_the_held_out_fifth() -> None:
    folder = ROOT / "trained_models" / "demo" / "pca_kde"
    assert "crossed" not in json.loads((folder / "manifest.json").read_text())
    manifest = read_manifest(folder)
    assert manifest.calibrated().crossed == frozenset()
    assert manifest.n_normal("00") == manifest.n_fitted["00"] + len(manifest.calibration["00"])


@pytest.mark.parametrize("key", ["pca_kde", "pca_lof", "pca_dbscan", "knn_bands", "gwrp_gaussian", "control_rms"])
def test_five_clips_are_enough_to_fit(key: str) -> None:
    cls = detector_class(key)
    shape = cls.info.representation
    rng = np.random.default_rng(0)
    from asd_core.sound import Clip

    clips = [Clip(rng.normal(size=(1, 32000)).astype(np.float32) * 0.1, 16000, f"{k:064d}", "clip") for k in range(8)]
    features = [shape.transform(clip) for clip in clips]
    detector = cls.create().fit(features[:5], ["00"] * 5)
    assert np.isfinite(detector.score(features[5:], ["00"] * 3)).all()
    assert issubclass(cls, DensityPerId) or key == "gwrp_gaussian"
