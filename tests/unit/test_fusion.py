from pathlib import Path

import numpy as np
import pytest

from asd_core import artifacts
from asd_core.artifacts import ModelSet
from asd_core.datasets import Dataset
from asd_core.detectors.fusion import SATURATION, Fusion, choose_members, surprise
from asd_core.errors import TrainingError
from asd_core.report import stored_scores
from asd_core.scoring import score_clip
from asd_core.scoring.split import score
from asd_core.sound import prepare
from asd_core.training import PlantedCheck, collapse_alarms, plant_burst, train

NORMAL = np.sort(np.random.default_rng(0).normal(size=60))


def test_surprise_rises_and_never_ties() -> None:
    raw = np.linspace(-5, 50, 400)
    found = surprise(raw, NORMAL)
    assert (np.diff(found) > 0).all()
    assert found.max() < SATURATION


def test_surprise_is_the_tail_of_the_calibration_scores() -> None:
    assert surprise(np.array([np.median(NORMAL)]), NORMAL)[0] == pytest.approx(-np.log10(0.5), abs=0.01)
    assert surprise(np.array([np.quantile(NORMAL, 0.8)]), NORMAL)[0] == pytest.approx(-np.log10(0.2), abs=0.02)


def test_members_on_other_scales_count_the_same() -> None:
    """Fusing scores multiplied by a thousand, or shifted, changes nothing: raw scores are never added."""
    rng = np.random.default_rng(1)
    train_scores, test_scores = rng.normal(size=(40, 2)), rng.normal(size=(10, 2)) + np.array([0, 3])
    plain = Fusion().fit(list(train_scores), ["00"] * 40).score(list(test_scores), ["00"] * 10)
    scale, shift = np.array([1000.0, 0.01]), np.array([5.0, -7.0])
    moved = Fusion().fit(list(train_scores * scale + shift), ["00"] * 40)
    assert np.allclose(plain, moved.score(list(test_scores * scale + shift), ["00"] * 10))


def test_one_heavy_tailed_member_cannot_outvote_the_others() -> None:
    rng = np.random.default_rng(2)
    fusion = Fusion().fit(list(rng.normal(size=(60, 3))), ["00"] * 60)
    one, two = fusion.score([np.array([1e9, 0, 0]), np.array([8.0, 8.0, 0])], ["00"] * 2)
    assert two > one


def test_maximum_listens_to_one_member() -> None:
    rng = np.random.default_rng(3)
    scores = list(rng.normal(size=(60, 3)))
    clip = [np.array([4.0, 0.0, 0.0])]
    assert Fusion(use_maximum=True).fit(scores, ["00"] * 60).score(clip, ["00"]) > Fusion().fit(
        scores, ["00"] * 60
    ).score(clip, ["00"])


def test_members_are_chosen_by_planted_bursts() -> None:
    assert choose_members({"a": 0.6, "b": 0.9, "c": 0.8}, 2) == ["b", "c"]


def test_fusion_in_a_folder(small_dataset: Dataset, tmp_path: Path) -> None:
    """Trained after its members, it scores a clip alone as it does in the table, and when it alone is asked for."""
    keys = ["fusion", "pca_kde", "control_rms", "knn_bands", "gwrp_gaussian"]
    assert set(train(small_dataset, tmp_path, detectors=keys, preset="quick")) == set(keys)
    fusion = artifacts.load(tmp_path / "fusion")
    assert set(fusion.detector.members_) == {"pca_kde", "knn_bands", "gwrp_gaussian"}  # a control is no member
    assert fusion.calibration.n("00") + len(fusion.detector.sorted_["00"]) == 5  # halves of the held-out clips
    stored = stored_scores(tmp_path)
    row = stored[stored["detector"] == "fusion"].iloc[3]
    clip = small_dataset.read(row["clip_id"])
    alone = score_clip(clip, ModelSet(tmp_path, ["fusion"]), row["machine_id"])
    assert alone[0].raw == pytest.approx(row["raw"], rel=1e-5)
    again, _ = score(small_dataset, ModelSet(tmp_path))
    both = again.merge(stored, on=["clip_id", "detector"], suffixes=("", "_stored"))
    assert np.allclose(both["raw"], both["raw_stored"], rtol=1e-5)


def test_fusion_without_members_is_refused(small_dataset: Dataset, tmp_path: Path) -> None:
    with pytest.raises(TrainingError):
        train(small_dataset, tmp_path, detectors=["fusion"])
    said: list[str] = []
    train(small_dataset, tmp_path, detectors=["fusion", "control_rms"], say=said.append)
    assert any("needs two or more" in s for s in said)


def test_a_planted_burst_adds_sound_at_one_place(small_dataset: Dataset) -> None:
    clip = prepare(small_dataset.read(small_dataset.catalogue["clip_id"].iloc[0]))
    planted = plant_burst(clip, 5)
    assert np.array_equal(planted.samples, plant_burst(clip, 5).samples)
    changed = np.flatnonzero(planted.samples[0] != clip.samples[0])
    assert 0 < len(changed) < clip.samples.shape[1]
    assert np.sum(planted.samples**2) > np.sum(clip.samples**2)


def check(normal: np.ndarray, shift: float = 1.5) -> PlantedCheck:
    return PlantedCheck(normal, ["00"] * len(normal), normal + shift, ["00"] * len(normal))


def test_alarms() -> None:
    good = check(np.random.default_rng(0).normal(10, 1, 60))
    assert collapse_alarms(good, {"embedding_spread": 0.3}, check(good.normal, 0.1)) == []
    assert "nearly the same" in collapse_alarms(check(np.full(60, 3.0)), {}, None)[0]
    assert "nearly the same" in collapse_alarms(check(np.round(good.normal / 5)), {}, None)[0]
    assert "collapsed" in collapse_alarms(good, {"embedding_spread": 1e-7}, None)[0]
    assert "beyond chance" in collapse_alarms(check(good.normal, 0.3), {}, good)[0]


def test_a_difference_within_chance_is_called_that() -> None:
    rng = np.random.default_rng(1)
    worse, better = sorted((check(rng.normal(10, 1, 60), 1.0) for _ in range(2)), key=lambda c: c.auc)
    assert "within chance" in collapse_alarms(worse, {}, better)[0]
    assert collapse_alarms(better, {}, worse) == []
