"""What was trained on other things than the clips' bytes tell is trained again, and scores of other sound are not kept."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from asd_core.artifacts import ModelSet, read_manifest, readable
from asd_core.datasets import Dataset, open_dataset
from asd_core.detectors.knn_bands import KnnBands
from asd_core.errors import ArtifactError
from asd_core.scoring import Scope, compute_scores, missing_scores, read_scores
from asd_core.settings import get_settings
from asd_core.training import measure_evidence, train
from tests.conftest import write_wav

QUICK = {"detectors": ["knn_bands"], "preset": "quick", "resume": True}


def changed(dataset: Dataset, **columns: object) -> Dataset:
    return replace(dataset, catalogue=dataset.catalogue.assign(**columns))


def test_resuming_trains_again_where_machines_or_domains_are_others(
    small_dataset: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    train(small_dataset, tmp_path, **QUICK)  # type: ignore[arg-type]
    with monkeypatch.context() as untouched:
        untouched.setattr(KnnBands, "fit", lambda *_, **__: pytest.fail("trained again"))
        train(small_dataset, tmp_path, **QUICK)  # type: ignore[arg-type]
    rows = small_dataset.catalogue
    halves = np.where(np.arange(len(rows)) % 2, "98", "99")
    train(changed(small_dataset, machine_id=halves), tmp_path, **QUICK)  # type: ignore[arg-type]
    assert set(read_manifest(tmp_path / "knn_bands").n_fitted) == {"98", "99"}
    before = read_manifest(tmp_path / "knn_bands").learned_from
    domains = np.where(np.arange(len(rows)) % 3, "source", "target")
    train(changed(small_dataset, machine_id=halves, domain=domains), tmp_path, **QUICK)  # type: ignore[arg-type]
    assert read_manifest(tmp_path / "knn_bands").learned_from != before


@pytest.fixture
def stereo(tmp_path: Path) -> Dataset:
    """The machine is on one channel, another noise on the other."""
    rng = np.random.default_rng(0)
    for n in range(24):
        split, label = ("test", "anomaly") if n >= 18 else ("test", "normal") if n >= 12 else ("train", "normal")
        left, right = rng.normal(0, 0.05, (2, 32000)).astype(np.float32)
        right[::400] += 0.4
        left[::200] += 0.3 * (label == "anomaly")
        path = tmp_path / "recordings" / "fan" / split / f"{label}_id_00_{n:08d}.wav"
        path.parent.mkdir(parents=True, exist_ok=True)
        write_wav(path, np.stack([left, right]))
    return open_dataset(tmp_path / "recordings" / "fan")


def test_another_channel_is_other_sound(stereo: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    models = tmp_path / "models"
    train(stereo, models, **QUICK)  # type: ignore[arg-type]
    first = read_scores(models, stereo).set_index("clip_id")["raw"]
    learned = read_manifest(models / "knn_bands").learned_from
    monkeypatch.setattr(get_settings(), "channel", 1)
    compute_scores(stereo, ModelSet(models))
    assert not np.allclose(read_scores(models, stereo).set_index("clip_id")["raw"], first[first.index], rtol=0.01)
    said: list[str] = []
    assert measure_evidence(stereo, models, detectors=["knn_bands"], notify=said.append) == []
    assert "was trained on other clips than" in " ".join(said)
    train(stereo, models, **QUICK)  # type: ignore[arg-type]
    assert read_manifest(models / "knn_bands").learned_from != learned


def test_what_is_not_scored_again_is_not_taken_over(
    stereo: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of two detectors one is scored on the other channel: the other's scores stay those of the first."""
    models, scope = tmp_path / "models", Scope("train")
    train(stereo, models, detectors=["control_rms", "knn_bands"], preset="quick")
    compute_scores(stereo, ModelSet(models, ["control_rms"]), scope)
    monkeypatch.setattr(get_settings(), "channel", 1)
    assert compute_scores(stereo, ModelSet(models, ["knn_bands"]), scope) == ["knn_bands"]
    assert set(read_scores(models, stereo, scope)["detector"]) == {"knn_bands"}


def test_scores_of_the_same_clips_are_kept_when_files_are_newer(stereo: Dataset, tmp_path: Path) -> None:
    import os

    models = tmp_path / "models"
    train(stereo, models, **QUICK)  # type: ignore[arg-type]
    before = read_scores(models, stereo)
    for file in (tmp_path / "recordings").rglob("*.wav"):
        os.utime(file, (1e9, 1e9))
    copied = open_dataset(tmp_path / "recordings" / "fan")
    assert read_scores(models, copied).empty
    assert compute_scores(copied, ModelSet(models)) == []
    assert np.array_equal(read_scores(models, copied)["raw"], before["raw"])


def test_a_fusion_of_detectors_that_were_trained_again_says_so_and_is_trained_again(
    small_dataset: Dataset, tmp_path: Path
) -> None:
    both = ["knn_bands", "pca_lof", "fusion"]
    train(small_dataset, tmp_path, detectors=both, preset="quick")
    first = read_manifest(tmp_path / "fusion")
    assert set(first.members) == {"knn_bands", "pca_lof"}
    assert not any("trained again after it" in alarm for alarm in first.alarms)
    train(small_dataset, tmp_path, detectors=["pca_lof"], preset="quick", denoise=1.0)
    assert "what it combines was trained again after it (pca_lof)" in " ".join(
        read_manifest(tmp_path / "fusion").alarms
    )
    assert missing_scores(tmp_path, small_dataset) == ["fusion"], "its stored scores are of the earlier members"
    assert compute_scores(small_dataset, ModelSet(tmp_path)) == ["fusion"]
    assert missing_scores(tmp_path, small_dataset) == []
    said: list[str] = []
    assert measure_evidence(small_dataset, tmp_path, notify=said.append) == []
    assert "was trained before the detectors that it combines" in " ".join(said)
    train(small_dataset, tmp_path, detectors=["pca_lof"], preset="quick")
    train(small_dataset, tmp_path, detectors=both, preset="quick", resume=True)
    assert not any("trained again after it" in alarm for alarm in read_manifest(tmp_path / "fusion").alarms)


def test_a_fusion_is_trained_again_with_a_member_that_is(small_dataset: Dataset, tmp_path: Path) -> None:
    both = ["knn_bands", "pca_lof", "fusion"]
    train(small_dataset, tmp_path, detectors=both, preset="quick")
    (tmp_path / "pca_lof" / "manifest.json").unlink()
    train(small_dataset, tmp_path, detectors=both, preset="quick", seed=0, resume=True)
    fusion = read_manifest(tmp_path / "fusion")
    assert fusion.members["pca_lof"] == read_manifest(tmp_path / "pca_lof").weights_sha256


def test_scores_that_are_no_numbers_set_no_threshold(
    small_dataset: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(KnnBands, "score", lambda _, clips, __: np.full(len(clips), np.inf))
    said: list[str] = []
    train(small_dataset, tmp_path, detectors=["knn_bands", "control_rms"], preset="quick", notify=said.append)
    assert "its scores of normal clips are not all numbers" in " ".join(said)
    assert list(readable(tmp_path)) == ["control_rms"]


@pytest.mark.parametrize("resume", [False, True])
def test_training_again_heals_damaged_manifests_one_by_one(
    small_dataset: Dataset, tmp_path: Path, resume: bool
) -> None:
    every = ["control_rms", "knn_bands", "pca_lof", "fusion"]
    train(small_dataset, tmp_path, detectors=every, preset="quick")
    for key in ("control_rms", "knn_bands"):
        (tmp_path / key / "manifest.json").write_text("x")
    trained = train(small_dataset, tmp_path, detectors=every[1:], preset="quick", resume=resume)
    assert set(trained) == set(every[1:]), "beside one that is whole, a fusion and one that stays damaged"
    assert read_manifest(tmp_path / "knn_bands").detector == "knn_bands"
    with pytest.raises(ArtifactError, match=r"control_rms.*is damaged"):
        missing_scores(tmp_path, small_dataset)
    assert len(train(small_dataset, tmp_path, detectors=every, preset="quick", resume=resume)) == 4


def test_a_damaged_detector_is_no_member_of_a_fusion_and_named(small_dataset: Dataset, tmp_path: Path) -> None:
    train(small_dataset, tmp_path, detectors=["knn_bands", "pca_lof", "pca_kde"], preset="quick")
    damaged = tmp_path / "pca_kde" / "manifest.json"
    damaged.write_text("x")
    said: list[str] = []
    train(small_dataset, tmp_path, detectors=["fusion"], preset="quick", notify=said.append)
    reason = f"{damaged} is damaged: train this detector again."
    assert f"PCA + KDE is no member of a fusion: {reason}" in said
    assert set(read_manifest(tmp_path / "fusion").members) == {"knn_bands", "pca_lof"}
