"""Stored scores are those of these clips by these weights, or they are not given."""

import json
import os
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from asd_core import artifacts
from asd_core.artifacts import ModelSet
from asd_core.datasets import Dataset, extract_dataset, open_dataset
from asd_core.detectors import detector_keys
from asd_core.errors import ArtifactError, Cancelled
from asd_core.parts import StoredParts
from asd_core.scoring import (
    AS_RECORDED,
    Scope,
    compute_scores,
    current_scores,
    missing_scores,
    read_scores,
    score_attributes,
    score_clip,
    score_split,
    scored_clips,
    scores_digest,
    write_scores,
)
from asd_core.training import train
from benchmarks.synthetic import write_models
from tests.conftest import ROOT, write_wav

KEYS = ["pca_kde", "cnn_ae", "control_rms"]


@pytest.fixture
def workspace(small_folder: Path, small_models: Path, tmp_path: Path) -> tuple[Dataset, Path]:
    """Recordings and detectors that a test may change."""
    recordings, models = tmp_path / "slider", tmp_path / "models"
    shutil.copytree(small_folder, recordings)  # times of change are copied with the files
    shutil.copytree(small_models, models)
    (models / "dataset.json").write_text(json.dumps({"location": str(recordings), "title": "workspace"}))
    dataset = open_dataset(recordings)
    assert missing_scores(models, dataset) == []
    return dataset, models


def no_reading(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Dataset, "read", lambda *_: pytest.fail("a clip was read"))


def test_training_stores_scores_that_are_read_without_a_clip(
    workspace: tuple[Dataset, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    dataset, models = workspace
    no_reading(monkeypatch)
    table = read_scores(models, dataset)
    assert list(dict.fromkeys(table["detector"])) == KEYS  # the registry's order
    assert len(table) == 3 * 24
    assert compute_scores(dataset, ModelSet(models)) == []


def test_the_demos_scores_are_current_and_need_no_rendering(monkeypatch: pytest.MonkeyPatch) -> None:
    demo, folder = open_dataset("demo"), ROOT / "trained_models" / "demo"
    no_reading(monkeypatch)
    assert missing_scores(folder, demo) == []
    table = read_scores(folder, demo)
    assert len(table) == len(detector_keys()) * len(demo.rows(split="test"))
    assert table[demo.attributes()].notna().all().all()


def test_scores_of_other_weights_are_not_given(workspace: tuple[Dataset, Path]) -> None:
    dataset, models = workspace
    path = models / "pca_kde" / artifacts.MANIFEST
    path.write_text(json.dumps(json.loads(path.read_text()) | {"weights_sha256": "0" * 64}))
    assert set(read_scores(models, dataset)["detector"]) == {"cnn_ae", "control_rms"}
    assert set(read_scores(models, None)["detector"]) == {"cnn_ae", "control_rms"}
    assert missing_scores(models, dataset) == ["pca_kde"]


def test_scored_clips_are_those_of_the_weights_that_there_are(workspace: tuple[Dataset, Path], tmp_path: Path) -> None:
    dataset, models = workspace
    clips = scored_clips(models)
    known = read_scores(models, dataset).drop_duplicates("clip_id").set_index("clip_id")["sha256"].astype(str)
    assert clips.astype(str).set_index("clip_id")["sha256"].to_dict() == known.to_dict()
    for key in KEYS:
        path = models / key / artifacts.MANIFEST
        path.write_text(json.dumps(json.loads(path.read_text()) | {"weights_sha256": "0" * 64}))
    assert scored_clips(models).empty
    assert scored_clips(tmp_path / "none").empty


@pytest.mark.parametrize("change", ["replaced", "removed", "added"])
def test_scores_of_other_clips_are_not_given_and_computed_again(workspace: tuple[Dataset, Path], change: str) -> None:
    dataset, models = workspace
    before = read_scores(models, dataset)
    base = Path(dataset.location)
    first = base / "test" / "normal_id_00_00000000.wav"
    if change == "replaced":
        write_wav(first, np.random.default_rng(0).normal(0, 0.1, 80000))
    elif change == "removed":
        first.unlink()
    else:
        shutil.copy(first, base / "test" / "normal_id_00_00000099.wav")
    dataset = open_dataset(base)
    assert read_scores(models, dataset).empty
    assert missing_scores(models, dataset) == KEYS
    assert missing_scores(models, dataset, keys=["cnn_ae"]) == ["cnn_ae"]
    assert compute_scores(dataset, ModelSet(models)) == KEYS
    after = read_scores(models, dataset)
    assert after.groupby("detector").size().to_dict() == dict.fromkeys(
        KEYS, {"replaced": 24, "removed": 23, "added": 25}[change]
    )
    both = before.merge(after, on=["detector", "clip_id"], suffixes=("_before", "_after"))
    same = np.isclose(both["raw_before"], both["raw_after"], rtol=1e-4)
    assert same[both["clip_id"] != "test/normal_id_00_00000000.wav"].all()
    assert same.all() == (change != "replaced")


def test_touched_files_keep_their_scores(workspace: tuple[Dataset, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    dataset, models = workspace
    before = read_scores(models, dataset)
    os.utime(Path(dataset.location) / "test" / "normal_id_00_00000000.wav", (1, 1))
    dataset = open_dataset(dataset.location)
    assert read_scores(models, dataset).empty
    monkeypatch.setattr("asd_core.scoring.batch.extract_dataset", lambda *_, **__: pytest.fail("scored again"))
    assert compute_scores(dataset, ModelSet(models)) == []
    pd.testing.assert_frame_equal(
        read_scores(models, dataset).drop(columns="data_fingerprint"), before.drop(columns="data_fingerprint")
    )


def test_a_test_clip_that_was_learned_from_is_not_scored(workspace: tuple[Dataset, Path]) -> None:
    """By its content: in its own dataset, where it changed sides, and in another one, where it has another name."""
    dataset, models = workspace
    base = Path(dataset.location)
    (base / "train" / "normal_id_00_00000000.wav").rename(base / "test" / "normal_id_00_00000088.wav")
    told: list[str] = []
    assert compute_scores(open_dataset(base), ModelSet(models), notify=told.append) == KEYS
    assert told == [
        "1 test clip of slider is not scored (test/normal_id_00_00000088.wav): these detectors were trained on the same recording."
    ]
    assert set(read_scores(models, open_dataset(base))["clip_id"]) == set(dataset.rows(split="test")["clip_id"])
    other = base.with_name("other")
    shutil.copytree(base, other)
    shutil.copy(other / "train" / "normal_id_02_00000001.wav", other / "test" / "normal_id_02_00000099.wav")
    table, _, skipped = current_scores(open_dataset(other), ModelSet(models))
    assert table["clip_id"].nunique() == 24
    assert skipped == [
        "2 test clips of other are not scored (test/normal_id_00_00000088.wav …): these detectors were trained on the same recordings."
    ]
    # One that training itself had on both sides is a finding, and has scores by the detectors that were trained then.
    pooled = pd.read_parquet(models / artifacts.POOLED)
    twin = pooled[pooled["clip_id"] == "train/normal_id_02_00000001.wav"].assign(split="test")
    pd.concat([pooled, twin]).to_parquet(models / artifacts.POOLED)
    table, skipped = score_split(open_dataset(other), ModelSet(models, ["control_rms"]))
    assert table["clip_id"].nunique() == 25
    assert len(skipped) == 1
    # What was learned from is scored where it is asked for.
    assert score_split(dataset, ModelSet(models, ["control_rms"]), Scope("train"))[0]["clip_id"].nunique() == 47


def test_labels_and_attributes_are_the_catalogues_of_today(workspace: tuple[Dataset, Path]) -> None:
    dataset, models = workspace
    catalogue = dataset.catalogue.assign(speed=np.arange(len(dataset.catalogue)) % 3)
    changed = catalogue["clip_id"] == "test/anomaly_id_00_00000000.wav"
    catalogue.loc[changed, "label"] = "normal"
    edited = Dataset(dataset.name, dataset.title, dataset.location, catalogue, dataset.source, dataset.stamps)
    assert missing_scores(models, edited) == []
    table = read_scores(models, edited)
    assert set(table.loc[table["clip_id"] == "test/anomaly_id_00_00000000.wav", "label"]) == {"normal"}
    assert score_attributes(table) == ["speed"]
    assert edited.attributes() == ["speed"]
    # A clip given to another machine sounds the same, but is scored by other calibration and models.
    moved = edited.catalogue.assign(machine_id=edited.catalogue["machine_id"].where(~changed, "02"))
    other = Dataset(dataset.name, dataset.title, dataset.location, moved, dataset.source, dataset.stamps)
    assert missing_scores(models, other) == KEYS


def test_without_recordings_the_stored_scores_are_given_as_they_are(workspace: tuple[Dataset, Path]) -> None:
    dataset, models = workspace
    shutil.rmtree(dataset.location)
    table = read_scores(models, None)
    assert len(table) == 3 * 24
    assert set(table["label"]) == {"normal", "anomaly"}


def test_splits_and_denoising_are_stored_apart(workspace: tuple[Dataset, Path]) -> None:
    dataset, models = workspace
    recorded, scope = read_scores(models, dataset), Scope("test", 0.5)
    assert missing_scores(models, dataset, scope) == KEYS
    assert compute_scores(dataset, ModelSet(models, ["pca_kde"]), scope) == ["pca_kde"]
    assert missing_scores(models, dataset, scope) == ["cnn_ae", "control_rms"]
    table = read_scores(models, dataset, scope)
    assert set(table["denoise"]) == {0.5}
    clip_id = table["clip_id"].iloc[0]
    expected = score_clip(dataset.read(clip_id), ModelSet(models, ["pca_kde"]), "00", denoise=0.5)[0]
    assert table["raw"].iloc[0] == pytest.approx(expected.raw, rel=1e-5)
    assert table["calibrated"].iloc[0] == pytest.approx(expected.calibrated)
    assert missing_scores(models, dataset, Scope("test", 0.5, "non-stationary")) == KEYS
    assert compute_scores(dataset, ModelSet(models, ["control_rms"]), Scope("train")) == ["control_rms"]
    assert set(read_scores(models, dataset, Scope("train"))["label"]) == {"normal"}
    pd.testing.assert_frame_equal(read_scores(models, dataset), recorded)


def test_an_interrupted_run_goes_on_where_it_stopped(
    workspace: tuple[Dataset, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    dataset, models = workspace
    monkeypatch.setattr("asd_core.scoring.split.BATCH", 10)
    scope, whole = Scope("train"), ModelSet(models, ["control_rms", "pca_kde"])

    def stop(fraction: float, _: str) -> None:
        if fraction > 0.5:
            raise Cancelled("stopped")

    with pytest.raises(Cancelled):
        compute_scores(dataset, whole, scope, progress=stop)
    assert read_scores(models, dataset, scope).empty
    read_again: list[str] = []
    monkeypatch.setattr(
        "asd_core.scoring.batch.extract_dataset",
        lambda d, rows, *a, **k: (read_again.extend(rows["clip_id"]), extract_dataset(d, rows, *a, **k))[1],
    )
    compute_scores(dataset, whole, scope)
    table = read_scores(models, dataset, scope)
    assert table.groupby("detector").size().to_dict() == {"control_rms": 48, "pca_kde": 48}
    assert 0 < len(read_again) < 40
    assert not list(models.glob("*.part"))
    resumed = (models / scope.file).read_bytes()
    (models / scope.file).unlink()
    compute_scores(dataset, whole, scope)
    assert (models / scope.file).read_bytes() == resumed, "as one that was not interrupted"


def test_parts_of_other_work_do_not_count(tmp_path: Path) -> None:
    folder, table = tmp_path / "a.part", pd.DataFrame({"a": [1.5]})
    folder.write_text("what an earlier version left")
    parts = StoredParts(folder, {"of": 1})
    table.attrs = {"skipped": ["one"]}
    assert parts.put(3, table).attrs == {"skipped": ["one"]}
    assert parts.put(4, pd.DataFrame(columns=["a", "b"])).empty
    again = StoredParts(folder, {"of": 1})
    assert again.get(0) is None
    stored = again.get(3)
    assert stored is not None
    assert stored.equals(table)
    assert stored.attrs == table.attrs
    (folder / "000000003.parquet").write_bytes(b"damaged")
    assert again.get(3) is None
    assert StoredParts(folder, {"of": 2}).get(4) is None
    assert not folder.exists()


def test_scores_of_another_dataset_are_never_stored(workspace: tuple[Dataset, Path], small_dataset: Dataset) -> None:
    dataset, models = workspace
    before = (models / AS_RECORDED.file).read_bytes()
    with pytest.raises(ArtifactError, match="not trained on"):
        compute_scores(small_dataset, ModelSet(models))
    table, unknown, skipped = current_scores(small_dataset, ModelSet(models, ["control_rms"]))
    assert (len(table), unknown, skipped) == (24, {}, [])
    assert (models / AS_RECORDED.file).read_bytes() == before
    stored, _, _ = current_scores(dataset, ModelSet(models, ["control_rms"]))
    assert np.allclose(stored["raw"], table["raw"])


def test_a_detector_that_knows_no_machine_of_the_split_is_not_missing(workspace: tuple[Dataset, Path]) -> None:
    dataset, models = workspace
    unlabelled = dataset.catalogue.assign(split="eval", machine_id="77")
    other = Dataset("x", "x", dataset.location, unlabelled, dataset.source)
    assert missing_scores(models, other, Scope("eval")) == []
    with pytest.raises(ArtifactError, match="no eval clip"):
        compute_scores(other, ModelSet(models), Scope("eval"))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [(("../test",), "no split"), (("test", 2.0), "outside 0 to 1"), (("test", 0.5, "loud"), "no denoising called")],
)
def test_scopes_that_are_none(arguments: tuple[object, ...], message: str) -> None:
    with pytest.raises(ArtifactError, match=message):
        Scope(*arguments)  # type: ignore[arg-type]


def test_text_is_read_as_categories_in_its_own_order(workspace: tuple[Dataset, Path]) -> None:
    """So that it sorts and groups as the text does; what the rows hold is what was written."""
    dataset, folder = workspace
    table, written = read_scores(folder, dataset), pd.read_parquet(folder / "scores.parquet")
    for name in ("clip_id", "machine_id", "label", "detector", "domain", "sha256"):
        assert table[name].cat.categories.tolist() == sorted(table[name].astype(str).unique()), name
    both = table.merge(written, on=["detector", "clip_id"], suffixes=("", "_written"))
    assert len(both) == len(table) == len(written)
    for name in ("machine_id", "label", "raw", "calibrated", "model_version"):
        assert both[name].tolist() == both[f"{name}_written"].tolist(), name
    empty = read_scores(folder / "nothing", None)
    assert empty.empty
    assert set(table.columns) >= {*empty.columns} - {"applicable", "applicability_reason"}


def test_digests_depend_on_content_alone(workspace: tuple[Dataset, Path]) -> None:
    table = read_scores(workspace[1], workspace[0])
    assert scores_digest(table) == scores_digest(table.sample(frac=1, random_state=0))
    edited = table.assign(label=table["label"].astype(str).where(table.index != 3, "unlabelled"))
    assert scores_digest(table) == scores_digest(table.assign(label=table["label"].astype(str)))
    assert scores_digest(table) != scores_digest(edited)


def test_retraining_on_changed_recordings_stores_their_fingerprint(
    workspace: tuple[Dataset, Path], tmp_path: Path
) -> None:
    dataset, _ = workspace
    train(dataset, tmp_path / "again", detectors=["control_rms"])
    assert missing_scores(tmp_path / "again", dataset) == []
    assert set(read_scores(tmp_path / "again", dataset)["data_fingerprint"]) == {dataset.fingerprint("test")}


def test_made_up_folders_read_like_real_ones(tmp_path: Path) -> None:
    write_models(tmp_path / "m", tmp_path / "r", 40, ["pca_kde", "control_rms"])
    dataset = open_dataset(tmp_path / "r")
    assert missing_scores(tmp_path / "m", dataset) == []
    assert len(read_scores(tmp_path / "m", dataset)) == 80


def test_two_writers_of_one_table_lose_nothing(tmp_path: Path) -> None:
    """Read, change and write again: without a lock the later one writes what it read before the earlier one wrote."""
    path = tmp_path / "scores.parquet"

    def scores(key: str) -> pd.DataFrame:
        return pd.DataFrame({"clip_id": [f"{n}.wav" for n in range(300)], "detector": key, "raw": 1.0})

    keys = [f"detector_{n}" for n in range(12)]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda key: write_scores(scores(key), path), keys))
    assert sorted(pd.read_parquet(path)["detector"].unique()) == sorted(keys)
