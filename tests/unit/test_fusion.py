import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from asd_core import artifacts
from asd_core.artifacts import ModelSet, few_to_tell
from asd_core.datasets import Dataset, Extracted
from asd_core.detectors.fusion import SATURATION, Fusion, choose_members, neg_log10_p
from asd_core.errors import TrainingError
from asd_core.report.results_page import stored_scores
from asd_core.scoring import score_clip, score_split
from asd_core.sound import Clip
from asd_core.training import KINDS, SyntheticCheck, collapse_alarms, synthetic_anomaly, train
from asd_core.training.material import _made_of
from asd_core.training.synthetic_anomalies import kinds_in_turn

NORMAL = np.sort(np.random.default_rng(0).normal(size=60))


def test_neg_log10_p_rises_and_never_ties() -> None:
    raw = np.linspace(-5, 50, 400)
    result = neg_log10_p(raw, NORMAL)
    assert (np.diff(result) > 0).all()
    assert result.max() < SATURATION


def test_neg_log10_p_is_the_tail_of_the_calibration_scores() -> None:
    assert neg_log10_p(np.array([np.median(NORMAL)]), NORMAL)[0] == pytest.approx(-np.log10(0.5), abs=0.01)
    assert neg_log10_p(np.array([np.quantile(NORMAL, 0.8)]), NORMAL)[0] == pytest.approx(-np.log10(0.2), abs=0.02)


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


def test_members_are_chosen_by_synthetic_anomalies() -> None:
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
    again, _ = score_split(small_dataset, ModelSet(tmp_path))
    both = again.merge(stored, on=["clip_id", "detector"], suffixes=("", "_stored"))
    assert np.allclose(both["raw"], both["raw_stored"], rtol=1e-5)
    # Trained again alone, it reads what its members need of the clips.
    assert train(small_dataset, tmp_path, detectors=["fusion"]) == ["fusion"]
    assert artifacts.load(tmp_path / "fusion").detector.members_ == fusion.detector.members_


def test_fusion_without_members_is_refused(small_dataset: Dataset, tmp_path: Path) -> None:
    with pytest.raises(TrainingError):
        train(small_dataset, tmp_path, detectors=["fusion"])
    messages: list[str] = []
    train(small_dataset, tmp_path, detectors=["fusion", "control_rms"], notify=messages.append)
    assert any("needs two or more" in s for s in messages)


def slide(seconds: float = 4.0, rate: int = 16000) -> Clip:
    """Noise with one loud second in the middle."""
    rng = np.random.default_rng(3)
    samples = 0.02 * rng.normal(size=int(seconds * rate))
    samples[int(1.5 * rate) : int(2.5 * rate)] *= 5.0
    return Clip(samples[None].astype(np.float32), rate, "0", "slide")


@pytest.mark.parametrize("kind", KINDS)
def test_a_synthetic_anomaly_changes_what_its_kind_says(kind: str) -> None:
    clip = slide()
    energy = np.sum(clip.samples**2)
    changes = []
    for seed in range(12):
        anomaly = synthetic_anomaly(clip, kind, seed)
        assert anomaly.samples.dtype == np.float32
        assert anomaly.samples.shape == clip.samples.shape
        assert np.array_equal(anomaly.samples, synthetic_anomaly(clip, kind, seed).samples)
        assert not np.array_equal(anomaly.samples, clip.samples)
        changes.append(float(np.sum(anomaly.samples**2) / energy) - 1.0)
    if kind == "burst":
        assert min(changes) > 0
    elif kind == "drift":
        assert min(changes) < 0 < max(changes)  # louder and quieter
    else:
        assert max(changes) < 0


def test_a_missing_event_is_the_loud_one() -> None:
    clip = slide()
    for seed in range(12):
        changed = np.flatnonzero(synthetic_anomaly(clip, "missing event", seed).samples[0] != clip.samples[0])
        inside = (changed > 1.4 * clip.sample_rate) & (changed < 2.6 * clip.sample_rate)
        assert inside.mean() > 0.5, seed
        quiet = synthetic_anomaly(clip, "missing event", seed).samples[0][changed[inside]]
        assert np.std(quiet) < np.std(clip.samples[0][changed[inside]])


def test_held_out_clips_get_the_kinds_in_turn() -> None:
    rows = pd.DataFrame({"sha256": [f"{k:02d}" for k in range(20)], "machine_id": ["00", "02"] * 10})
    kinds = kinds_in_turn(Extracted(rows.sample(frac=1, random_state=0), {}, []))
    assert kinds == kinds_in_turn(Extracted(rows, {}, []))
    for machine_id in ("00", "02"):
        counts = rows[rows["machine_id"] == machine_id]["sha256"].map(kinds).value_counts()
        assert sorted(counts.index) == sorted(KINDS)
        assert counts.max() - counts.min() <= 1


def test_a_skipped_synthetic_anomaly_moves_no_other() -> None:
    """Anomalies are those of the clips at hand, also where one of them could not be made."""
    clips = Extracted(pd.DataFrame({"clip_id": ["a", "b", "c", "d"]}), {}, [])
    synthetic = Extracted(pd.DataFrame({"clip_id": ["a", "c", "d"]}), {}, ["b could not be read"])
    chosen = clips.subset(np.array([False, True, True, False]))
    assert _made_of(synthetic, chosen).rows["clip_id"].tolist() == ["c"]


def check(normal: np.ndarray, shift: float = 1.5) -> SyntheticCheck:
    """One machine id; every anomaly is ``shift`` above the clip it was made of."""
    n = len(normal)
    return SyntheticCheck(normal, ["00"] * n, normal + shift, np.arange(n), ["burst"] * n)


def test_alarms() -> None:
    good = check(np.random.default_rng(0).normal(10, 1, 60))
    assert collapse_alarms(good, {"embedding_spread": 0.3}, check(good.normal, 0.1)) == []
    assert "nearly the same" in collapse_alarms(check(np.full(60, 3.0)), {}, None)[0]
    assert "nearly the same" in collapse_alarms(check(np.round(good.normal / 5)), {}, None)[0]
    assert "collapsed" in collapse_alarms(good, {"embedding_spread": 1e-7}, None)[0]
    assert "untrained baseline" in collapse_alarms(check(good.normal, 0.3), {}, good)[0]
    assert "untrained baseline" in collapse_alarms(good, {}, good)[0]  # training has changed nothing


def networks(shifts: tuple[float, float], rng: np.random.Generator) -> list[SyntheticCheck]:
    """Two networks that see the same 60 clips of either machine id through noise of their own."""
    ids = ["00", "02"] * 60
    clip = rng.normal(size=120)
    result = []
    for shift in shifts:
        normal, anomalies = (clip + rng.normal(size=120) + by for by in (0.0, shift))
        result.append(SyntheticCheck(normal, ids, anomalies, np.arange(120), ["burst"] * 120))
    return result


def test_equal_networks_hardly_ever_alarm_and_worse_ones_do() -> None:
    """A lower AUC alone, as before, would alarm half of 100 equal pairs."""
    rng = np.random.default_rng(1)
    equal = [networks((1.0, 1.0), rng) for _ in range(100)]
    assert 40 <= sum(trained.auc <= untrained.auc for trained, untrained in equal) <= 60
    assert sum(bool(collapse_alarms(trained, {}, untrained)) for trained, untrained in equal) <= 5
    worse = [networks((0.3, 1.3), rng) for _ in range(20)]
    assert sum(bool(collapse_alarms(trained, {}, untrained)) for trained, untrained in worse) >= 18


def test_kinds_are_told_apart_and_few_anomalies_do_not_fail() -> None:
    normal = np.arange(8.0)
    few = SyntheticCheck(normal, ["00"] * 4 + ["02"] * 4, np.array([9.0, -1.0]), np.array([1, 6]), ["burst", "drift"])
    assert few.auc_by_kind() == {"burst": 1.0, "drift": 0.0}
    assert few.auc == 0.5
    assert collapse_alarms(few, {}, few) == []


def test_a_handful_of_clips_raises_no_alarm_but_says_so() -> None:
    worse, better = check(np.arange(3.0), -5.0), check(np.arange(3.0), 5.0)
    assert (worse.auc, better.auc) == (0.0, 1.0)
    assert collapse_alarms(worse, {}, better) == []
    assert collapse_alarms(check(np.arange(20.0), -50.0), {}, check(np.arange(20.0), 50.0)) != []
    assert collapse_alarms(check(np.ones(1)), {}, None) == []  # one score is not "nearly the same"
    assert "nearly the same" in collapse_alarms(check(np.ones(3)), {}, None)[0]
    assert few_to_tell(3).startswith("Too few to tell whether it has learned: 3 normal clips were held out, 20")


def test_an_alarm_by_a_handful_of_clips_of_an_earlier_version_is_none() -> None:
    path = Path(__file__).parents[2] / "trained_models" / "demo" / "cnn_ae_skip" / "manifest.json"
    stored = json.loads(path.read_text("utf-8"))
    few = artifacts.Manifest.model_validate(stored | {"calibration": {"00": [1.0, 2.0, 3.0]}})
    assert few.alarms == []
    assert "3 normal clips were held out" in few.too_few_to_tell()
    whole = artifacts.Manifest.model_validate(stored)
    assert (len(whole.alarms), whole.too_few_to_tell()) == (1, "")


def test_an_alarm_within_chance_of_an_earlier_version_is_none() -> None:
    demo = Path(__file__).parents[2] / "trained_models" / "demo"
    stored = json.loads((demo / "cnn_ae" / "manifest.json").read_text("utf-8"))
    assert "within chance" in stored["alarms"][0]
    assert artifacts.read_manifest(demo / "cnn_ae").alarms == []
    assert artifacts.read_manifest(demo / "cnn_ae_skip").alarms != []  # beyond chance
    assert artifacts.read_manifest(demo / "cnn_ae").synthetic_auc() == stored["health"]["planted_auc"]
    assert artifacts.read_manifest(demo / "cnn_ae").synthetic_auc(untrained=True) == pytest.approx(0.6963)
