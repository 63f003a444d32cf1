"""Detectors that were trained on denoised sound get every clip denoised as they learned it, and everything says so."""

import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from asd_core import artifacts
from asd_core.artifacts import POOLED, ModelSet
from asd_core.datasets import Dataset, held_out, open_dataset
from asd_core.detectors import detector_class
from asd_core.errors import ArtifactError
from asd_core.explain import REFERENCE, explain
from asd_core.features import Denoised, LogMel, extract_version, from_config, to_config
from asd_core.report import report_content
from asd_core.scoring import (
    AS_RECORDED,
    SCORES,
    Scope,
    compute_scores,
    missing_scores,
    read_scores,
    scan_recording,
    score_clip,
    score_split,
    strength_curve,
)
from asd_core.sound import denoise_mix, prepare
from asd_core.training import train
from tests.conftest import ROOT

STRENGTH = 0.6
DENOISED, PLAIN = "gwrp_gaussian", ("pca_kde", "control_rms")


@pytest.fixture
def mixed(mixed_models: Path) -> Path:
    return mixed_models


def test_the_manifest_records_the_strength_and_older_ones_mean_none(mixed: Path) -> None:
    assert artifacts.read_manifest(mixed / DENOISED).denoise == STRENGTH
    assert artifacts.load(mixed / DENOISED).denoising == (STRENGTH, "stationary")
    for folder in (mixed / PLAIN[0], ROOT / "trained_models" / "demo" / DENOISED):
        assert artifacts.read_manifest(folder).denoise == 0.0
        assert artifacts.load(folder).denoising is None
    representation = Denoised(LogMel(), 0.25, "non-stationary")
    assert from_config(to_config(representation)) == representation
    with pytest.raises(ArtifactError, match="Denoising at 7"):
        from_config({**to_config(representation), "strength": 7.0})


def test_it_is_fitted_calibrated_and_test_scored_on_denoised_sound(mixed: Path, brief_dataset: Dataset) -> None:
    artifact = artifacts.load(mixed / DENOISED)
    rows = brief_dataset.rows(split="train")
    clips = [prepare(brief_dataset.read(c)) for c in rows["clip_id"]]
    mel = LogMel()
    features = [mel.transform(c.with_samples(denoise_mix(c.samples[0], 16000).at(STRENGTH))) for c in clips]
    mask = held_out([c.sha256 for c in clips], rows["machine_id"].tolist())
    fit = [f for f, held in zip(features, mask, strict=True) if not held]
    by_hand = detector_class(DENOISED).create("quick").fit(fit, rows["machine_id"][~mask].tolist(), seed=0)
    chosen = [f for f, held, i in zip(features, mask, rows["machine_id"], strict=True) if held and i == "00"]
    calibration = artifact.calibration.sorted_scores("00")  # of all folds; the held-out one's are among them
    for expected in by_hand.score(chosen, ["00"] * len(chosen)):
        assert np.isclose(calibration, expected, rtol=1e-4).any()
    stored = pd.read_parquet(mixed / SCORES)
    assert stored.groupby("detector")["denoise"].agg(set).to_dict() == {
        DENOISED: {STRENGTH},
        **{key: {0.0} for key in PLAIN},
    }
    row = stored[stored["detector"] == DENOISED].iloc[0]
    clip = prepare(brief_dataset.read(row["clip_id"]))
    loud = mel.transform(clip.with_samples(denoise_mix(clip.samples[0], 16000).at(STRENGTH)))
    assert artifact.detector.score([loud], [row["machine_id"]])[0] == pytest.approx(row["raw"], rel=1e-5)
    assert artifact.detector.score([mel.transform(clip)], [row["machine_id"]])[0] != pytest.approx(row["raw"], rel=1e-2)
    again, _ = score_split(brief_dataset, ModelSet(mixed))
    assert again.groupby("detector")["denoise"].first()[DENOISED] == STRENGTH


def test_what_is_known_of_normal_sound_stays_undenoised(mixed: Path, brief_dataset: Dataset, tmp_path: Path) -> None:
    """The guard and the band of normal clips compare recordings as they are."""
    train(brief_dataset, tmp_path, detectors=["control_rms"], preset="quick")
    for name in (POOLED, REFERENCE):
        assert (mixed / name).read_bytes() == (tmp_path / name).read_bytes()


def test_a_listener_s_denoising_does_not_come_on_top(mixed: Path, brief_dataset: Dataset) -> None:
    models = ModelSet(mixed)
    recording = brief_dataset.read(brief_dataset.rows(split="test", machine_id="00")["clip_id"].iloc[-1])
    plain, loud = ({s.detector: s.raw for s in score_clip(recording, models, "00", denoise=d)} for d in (0.0, 1.0))
    assert plain[DENOISED] == loud[DENOISED]
    assert plain[PLAIN[0]] != loud[PLAIN[0]]
    clip = prepare(recording)
    mix = denoise_mix(clip.samples[0], clip.sample_rate)
    curve = strength_curve(clip, mix, models, "00", strengths=(0.0, 1.0))
    assert curve.groupby("detector")["raw"].nunique().to_dict() == {DENOISED: 1, **dict.fromkeys(PLAIN, 2)}
    version = clip.with_samples(mix.at(1.0))
    windows = scan_recording(version, models, "00", recorded=clip, denoise=1.0).set_index("detector")
    assert windows.loc[DENOISED, "raw"] == pytest.approx(plain[DENOISED], rel=1e-5)
    assert windows["denoise"].to_dict() == {DENOISED: STRENGTH, **dict.fromkeys(PLAIN, 1.0)}
    features = [extract_version(c, clip, models.representations()) for c in (clip, version)]
    maps = [explain(models[DENOISED], models, f, "00").map for f in features]
    assert maps[0] is not None
    assert np.array_equal(maps[0], maps[1])


def test_stored_scores_of_denoised_clips_are_of_the_others(mixed: Path, brief_dataset: Dataset, tmp_path: Path) -> None:
    mixed = Path(shutil.copytree(mixed, tmp_path / "mixed"))
    assert missing_scores(mixed, brief_dataset, AS_RECORDED) == []
    scope = Scope("test", 0.25)
    assert missing_scores(mixed, brief_dataset, scope) == list(PLAIN)
    assert compute_scores(brief_dataset, ModelSet(mixed), scope) == list(PLAIN)
    assert set(read_scores(mixed, brief_dataset, scope)["detector"]) == set(PLAIN)


def test_a_training_that_goes_on_does_not_take_one_strength_for_another(
    mixed: Path, brief_dataset: Dataset, tmp_path: Path
) -> None:
    out = Path(shutil.copytree(mixed, tmp_path / "mixed"))
    train(brief_dataset, out, detectors=["control_rms"], preset="quick", denoise=STRENGTH, resume=True)
    assert artifacts.read_manifest(out / "control_rms").denoise == STRENGTH


def test_the_report_puts_both_side_by_side_and_says_which_is_which(mixed: Path) -> None:
    comparison, _, _ = report_content(mixed)
    rows = comparison.ranking.groupby("detector")[["version", "denoise"]].first()
    assert rows.loc[DENOISED].tolist() == ["denoised", STRENGTH]
    assert rows.loc[PLAIN[0]].tolist() == ["original", 0.0]


def test_scores_taken_over_for_touched_files_keep_their_strength(brief_folder: Path, tmp_path: Path) -> None:
    shutil.copytree(brief_folder, tmp_path / "slider")
    models = tmp_path / "models"
    train(open_dataset(tmp_path / "slider"), models, detectors=[DENOISED], preset="quick", denoise=STRENGTH)
    for path in (tmp_path / "slider").rglob("*.wav"):
        path.touch()
    assert compute_scores(open_dataset(tmp_path / "slider"), ModelSet(models)) == []
    assert set(pd.read_parquet(models / SCORES)["denoise"]) == {STRENGTH}
