import json
import shutil
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from asd_core import artifacts
from asd_core.artifacts import POOLED, ModelSet, raw_scores
from asd_core.datasets import Dataset, demo_dataset, held_out
from asd_core.detectors import detector_keys
from asd_core.detectors.cnn_ae import CnnAe
from asd_core.errors import ArtifactError, Cancelled, TrainingError, UnknownMachineError
from asd_core.features import LogMel, extract
from asd_core.report.results_page import stored_scores
from asd_core.scoring import score_clip, score_split
from asd_core.sound import prepare
from asd_core.training import train
from benchmarks.library import demo_clip, demo_models
from tests.conftest import ROOT

# Of a manifest, what its detector's state does not say.
ABOUT = {
    "seed",
    "preset",
    "dataset",
    "data_fingerprint",
    "n_fitted",
    "calibration",
    "diagnostics",
    "alarms",
    "fit_seconds",
}


def test_manifest_tells_the_whole_story(small_models: Path, small_dataset: Dataset) -> None:
    manifest = artifacts.read_manifest(small_models / "cnn_ae")
    assert manifest.n_fitted == {"00": 19, "02": 19}
    assert {i: len(s) for i, s in manifest.calibration.items()} == {"00": 5, "02": 5}
    assert len(manifest.diagnostics["train_loss"]) == len(manifest.diagnostics["validation_loss"]) > 0
    rows = small_dataset.rows(split="train")
    hashes = [small_dataset.read(c).sha256 for c in rows["clip_id"]]
    assert manifest.data_fingerprint == artifacts.fingerprint(hashes)


def test_calibration_clips_are_the_held_out_ones(small_models: Path, small_dataset: Dataset) -> None:
    """The stored calibration scores are those of the clips that the hash chose, and of no others."""
    rows = small_dataset.rows(split="train")
    clips = [small_dataset.read(c) for c in rows["clip_id"]]
    mask = held_out([c.sha256 for c in clips], rows["machine_id"].tolist())
    artifact = artifacts.load(small_models / "cnn_ae")  # too slow to be fitted five times
    assert artifact.calibration.crossed == frozenset()
    for machine_id in ("00", "02"):
        calibrated = [c for c, m, i in zip(clips, mask, rows["machine_id"], strict=True) if m and i == machine_id]
        features = [artifact.representation.transform(prepare(c)) for c in calibrated]
        scores = artifact.detector.score(features, [machine_id] * len(calibrated))
        assert np.allclose(np.sort(scores), artifact.manifest.calibration[machine_id], rtol=1e-5)


def test_the_demo_scores_as_when_its_scores_were_stored() -> None:
    """From the simulated sound to every detector's score: what changes on the way changes what was trained on it."""
    stored, models, demo = stored_scores(ROOT / "trained_models" / "demo"), demo_models(), demo_dataset()
    for clip_id in demo.rows(split="test")["clip_id"].iloc[[0, -1]]:  # of two machines, one normal
        rows = stored[stored["clip_id"] == clip_id].set_index("detector")
        found = {
            score.detector: score.raw for score in score_clip(demo.read(clip_id), models, rows["machine_id"].iloc[0])
        }
        assert found == pytest.approx(rows["raw"].to_dict(), rel=1e-4, abs=1e-5)


def test_stored_scores_are_what_scoring_gives(small_models: Path, small_dataset: Dataset) -> None:
    stored = stored_scores(small_models)
    models = ModelSet(small_models)
    assert set(stored["detector"]) == set(models)
    for clip_id in stored["clip_id"].unique()[:3]:
        rows = stored[stored["clip_id"] == clip_id].set_index("detector")
        clip = small_dataset.read(clip_id)
        for found in score_clip(clip, models, rows["machine_id"].iloc[0]):
            assert found.raw == pytest.approx(rows.loc[found.detector, "raw"], rel=1e-5)
            assert found.calibrated == pytest.approx(rows.loc[found.detector, "calibrated"])
    again, skipped = score_split(small_dataset, models)
    assert skipped == []
    merged = again.merge(stored, on=["clip_id", "detector"], suffixes=("", "_stored"))
    assert len(merged) == len(stored)
    assert np.allclose(merged["raw"], merged["raw_stored"])


def test_pooled_features_are_of_every_clip(small_models: Path, small_dataset: Dataset) -> None:
    table = pd.read_parquet(small_models / POOLED)
    assert set(table["clip_id"]) == set(small_dataset.catalogue["clip_id"])
    log_mel = extract(prepare(small_dataset.read(table["clip_id"].iloc[0])), [LogMel()])[LogMel()]
    assert table.loc[0, "f0"] == pytest.approx(float(log_mel[0].mean()), abs=0.05)


def test_representations_are_computed_once(
    small_models: Path, small_dataset: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = []
    real = LogMel.transform
    monkeypatch.setattr(LogMel, "transform", lambda self, clip: calls.append(1) or real(self, clip))
    clip = prepare(small_dataset.read(small_dataset.catalogue["clip_id"].iloc[0]))
    extract(clip, [LogMel(), LogMel(), LogMel(n_mels=64)])
    assert len(calls) == 2


def test_denoising_changes_scores_and_zero_does_not(small_models: Path, small_dataset: Dataset) -> None:
    models, clip = ModelSet(small_models), small_dataset.read(small_dataset.catalogue["clip_id"].iloc[0])
    plain, zero, strong = (score_clip(clip, models, "00", denoise=d) for d in (0.0, 0.0, 0.8))
    assert plain == zero
    assert all(a.raw != b.raw for a, b in zip(plain, strong, strict=True))


def test_an_interrupt_keeps_what_was_finished(small_dataset: Dataset, tmp_path: Path) -> None:
    def stop_at_the_network(fraction: float, message: str) -> None:
        if "CNN" in message:
            raise Cancelled("stopped")

    with pytest.raises(Cancelled):
        train(small_dataset, tmp_path, detectors=["pca_kde", "cnn_ae"], preset="quick", progress=stop_at_the_network)
    assert artifacts.trained_keys(tmp_path) == ["pca_kde"]
    assert set(stored_scores(tmp_path)["detector"]) == {"pca_kde"}


def test_retraining_replaces_only_its_own_scores(small_dataset: Dataset, tmp_path: Path) -> None:
    train(small_dataset, tmp_path, detectors=["pca_kde", "control_rms"])
    train(small_dataset, tmp_path, detectors=["control_rms"])
    stored = stored_scores(tmp_path)
    assert stored.groupby("detector").size().to_dict() == {"control_rms": 24, "pca_kde": 24}


def test_scores_of_an_older_training_are_not_shown(small_dataset: Dataset, tmp_path: Path) -> None:
    train(small_dataset, tmp_path, detectors=["control_rms"])
    path = tmp_path / "control_rms" / artifacts.MANIFEST
    content = json.loads(path.read_text())
    content["weights_sha256"] = "0" * 64
    path.write_text(json.dumps(content))
    assert stored_scores(tmp_path).empty


def test_no_training_normals(small_dataset: Dataset, tmp_path: Path) -> None:
    only_test = Dataset("x", "x", "x", small_dataset.rows(split="test"), small_dataset.source)
    with pytest.raises(TrainingError, match="no normal clips"):
        train(only_test, tmp_path)


def test_a_broken_clip_is_named_and_left_out(small_dataset: Dataset, tmp_path: Path) -> None:
    bad = small_dataset.catalogue["clip_id"].iloc[0]
    broken = Dataset("x", "x", "x", small_dataset.catalogue, lambda c: b"junk" if c == bad else small_dataset.source(c))
    messages: list[str] = []
    train(broken, tmp_path, detectors=["control_rms"], notify=messages.append)
    assert len(messages) == 3
    assert messages[2].startswith("The clip's level alone tells the labelled anomalies from normal clips (AUC 1.000)")
    assert messages[1].startswith("Too few to tell whether a detector has learned: 10 normal clips were held out")
    assert Path(bad).name in messages[0]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda m: {**m, "schema_version": 99}, "schema version 99"),
        (lambda m: {k: v for k, v in m.items() if k != "seed"}, "damaged"),
        (lambda m: {**m, "representation": {"kind": "nothing"}}, "unknown representation"),
        (lambda m: [1, 2], "damaged"),
        (lambda m: m | {"calibration": {"00": [1.0, float("nan")]}}, "damaged"),
        (lambda m: m | {"calibration": {"00": [1.0, float("inf")]}}, "damaged"),
        (lambda m: m | {"calibration": {"00": [2.0, 1.0]}}, "damaged"),
        (lambda m: m | {"detector": "control_rms"}, "is of control_rms, not of pca_kde"),
    ],
)
def test_bad_manifests_are_refused(small_models: Path, tmp_path: Path, change: object, message: str) -> None:
    folder = tmp_path / "pca_kde"
    folder.mkdir()
    for name in (artifacts.MANIFEST, artifacts.WEIGHTS):
        (folder / name).write_bytes((small_models / "pca_kde" / name).read_bytes())
    manifest = folder / artifacts.MANIFEST
    manifest.write_text(json.dumps(change(json.loads(manifest.read_text()))))  # type: ignore[operator]
    with pytest.raises(ArtifactError, match=message):
        artifacts.load(folder)


@pytest.mark.parametrize("key", detector_keys())
def test_stored_artifacts_are_written_again_byte_for_byte(key: str, tmp_path: Path) -> None:
    stored = artifacts.load(ROOT / "trained_models" / "demo" / key)
    again = artifacts.save(stored.detector, tmp_path, **stored.manifest.model_dump(include=ABOUT))
    assert again.weights_sha256 == stored.manifest.weights_sha256
    assert again.config == stored.manifest.config


def test_model_sets_name_what_is_missing(small_models: Path, tmp_path: Path) -> None:
    with pytest.raises(ArtifactError, match="no trained detectors"):
        ModelSet(tmp_path)
    with pytest.raises(ArtifactError, match="no trained pca_dbscan"):
        ModelSet(small_models, ["pca_dbscan"])
    with pytest.raises(UnknownMachineError, match="they know 00 and 02"):
        ModelSet(small_models).for_machine("09")


def test_the_cnn_learns() -> None:
    """Weights move, loss falls, and a fault stands out more than for the untrained network."""
    rng = np.random.default_rng(0)
    carrier = np.sin(np.arange(140) / 3)[None] * np.linspace(1, 0, 128)[:, None] * 10

    def clips(n: int) -> list[np.ndarray]:
        return [(carrier + rng.normal(0, 0.5, carrier.shape)).astype(np.float32) for _ in range(n)]

    normal, ids = clips(30), ["00"] * 30
    trained = CnnAe(epochs=40, width=10, batch_size=8, learning_rate=3e-3).fit(normal, ids, seed=0)
    untrained = CnnAe(epochs=0, width=10).fit(normal, ids, seed=0)
    before = dict(untrained.net_.named_parameters())
    assert all(not np.allclose(p.detach(), before[n].detach()) for n, p in trained.net_.named_parameters())
    losses = trained.diagnostics_["train_loss"]
    assert losses[-1] < 0.7 * losses[0]
    held, faulty = clips(10), clips(10)
    for clip in faulty:
        clip[40:60, 30:60] += 8.0

    def gap(detector: CnnAe) -> float:
        a, b = detector.score(held, ["00"] * 10), detector.score(faulty, ["00"] * 10)
        return float((b.mean() - a.mean()) / a.std())

    assert len(np.unique(trained.score(held, ["00"] * 10))) == 10
    assert gap(trained) > gap(untrained)
    error = trained.explain(faulty[0], "00")
    assert error is not None
    inside = error[40:60, 30:60].mean()
    assert inside > 3 * error.mean()


def test_an_artifact_is_replaced_in_one_step(small_models: Path, tmp_path: Path) -> None:
    """A reader beside a training gets the old detector or the new one, never an error; a killed one leaves the old."""
    folder = tmp_path / "control_rms"
    first = artifacts.load(small_models / "control_rms")
    rng = np.random.default_rng(0)
    about = first.manifest.model_dump(include=ABOUT)

    def retrain() -> str:
        levels = [rng.normal(-40, 3, 1).astype(np.float32) for _ in range(20)]
        detector = type(first.detector)().fit(levels, ["00"] * 20)
        return artifacts.save(detector, folder, **about).weights_sha256

    versions = {retrain()}
    seen, ended = [], threading.Event()

    def read() -> None:
        while not ended.is_set():
            seen.append(artifacts.load(folder).manifest.weights_sha256)

    with ThreadPoolExecutor(2) as pool:
        readers = [pool.submit(read) for _ in range(2)]
        versions |= {retrain() for _ in range(60)}
        ended.set()
        for reader in readers:
            reader.result()  # raises what a reader met
    assert set(seen) <= versions
    assert len(set(seen)) > 1
    assert len(list(folder.glob("*.safetensors"))) == 1
    # Killed after the weights were written, before the manifest.
    (folder / "weights-0123.safetensors").write_bytes(b"half")
    assert artifacts.load(folder).manifest.weights_sha256 in versions


@pytest.mark.parametrize("name", ["../weights.safetensors", "/etc/passwd", "weights.pkl"])
def test_a_manifest_names_no_file_elsewhere(small_models: Path, tmp_path: Path, name: str) -> None:
    shutil.copytree(small_models / "pca_kde", tmp_path / "pca_kde")
    manifest = tmp_path / "pca_kde" / artifacts.MANIFEST
    manifest.write_text(json.dumps({**json.loads(manifest.read_text()), "weights_file": name}))
    with pytest.raises(ArtifactError, match="damaged"):
        artifacts.load(tmp_path / "pca_kde")


def test_detectors_that_score_at_once_give_the_same_to_the_bit() -> None:
    models = demo_models().for_machine("00")
    features = {r: [values] for r, values in extract(demo_clip(), models.representations(), {}).items()}
    alone, beside = (raw_scores(models, features, ["00"], threads=threads) for threads in (1, 3))
    assert list(alone) == list(beside) == list(models)
    assert all(alone[key].tobytes() == beside[key].tobytes() for key in alone)
