"""A folder of detectors: whose it is, what is refused before anything is read, and how damage heals."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from filelock import FileLock

from asd_core.artifacts import ModelSet, load, read_pooled
from asd_core.datasets import Dataset, open_dataset
from asd_core.errors import ArtifactError, TrainingError
from asd_core.scoring import read_scores
from asd_core.training import train
from asd_core.training.claim import LOCK


def unread(dataset: Dataset) -> Dataset:
    """The dataset, whose recordings nobody may read."""

    def source(clip_id: str) -> bytes:
        raise AssertionError(f"{clip_id} was read")

    return replace(dataset, source=source)


@pytest.fixture
def dataset(small_folder: Path) -> Dataset:
    return open_dataset(small_folder)


@pytest.fixture
def models(small_models: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(small_models, tmp_path / "models"))


def refused(dataset: Dataset, out: Path, reason: str) -> None:
    with pytest.raises(TrainingError, match=reason):
        train(unread(dataset), out, detectors=["control_rms"])


def test_what_cannot_be_written_is_refused_before_anything_is_read(dataset: Dataset, tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("in the way")
    refused(dataset, file, "is a file: give a folder")
    refused(dataset, file / "below", "cannot be written")
    assert file.read_text() == "in the way"


def test_two_trainings_into_one_folder(dataset: Dataset, models: Path) -> None:
    with FileLock(models / LOCK):
        refused(dataset, models, "Another training into .* is running")
    assert train(dataset, models, detectors=["control_rms"]) == ["control_rms"]


def test_two_datasets_in_one_folder(dataset: Dataset, models: Path, tmp_path: Path) -> None:
    elsewhere = Path(shutil.copytree(dataset.location, tmp_path / "slider"))
    refused(open_dataset(elsewhere), models, "holds detectors of .* would be mixed")
    about = models / "dataset.json"
    about.write_text(json.dumps(json.loads(about.read_text()) | {"location": str(tmp_path / "gone")}))
    assert train(open_dataset(elsewhere), models, detectors=["control_rms"]) == ["control_rms"]  # they were moved


@pytest.mark.parametrize("damage", [lambda data: b"", lambda data: data[: len(data) // 2]], ids=["empty", "cut"])
def test_training_again_heals_damaged_tables(dataset: Dataset, models: Path, damage) -> None:  # type: ignore[no-untyped-def]
    for name in ("scores.parquet", "features.parquet"):
        (models / name).write_bytes(damage((models / name).read_bytes()))
    assert read_scores(models, dataset).empty
    with pytest.raises(ArtifactError, match="no pooled features that can be read"):
        read_pooled(models)
    train(dataset, models, detectors=["control_rms"])
    assert set(read_scores(models, dataset)["detector"]) == {"control_rms"}
    assert len(read_pooled(models)) > 0


@pytest.mark.parametrize(
    "change",
    [
        {"calibration": {}},
        {"calibration": {"00": []}},
        {"config": {}},
        {"config": {"machine_ids": ["00"], "parameters": {"n_components": "many"}}},
        {"config": {"machine_ids": ["00"], "parameters": {"n_components": -3}}},
    ],
)
def test_a_manifest_that_was_changed_is_named(models: Path, change: dict[str, object]) -> None:
    path = models / "pca_kde" / "manifest.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(ArtifactError, match="train this detector again"):
        load(models / "pca_kde")
    assert "control_rms" in ModelSet(models)


def test_how_few_clips_were_divided_is_said(tmp_path: Path, small_folder: Path) -> None:
    for n, path in enumerate(sorted((small_folder / "train").glob("normal_id_00_*.wav"))[:10]):
        target = tmp_path / "rig" / "normal" / f"{n}.wav"
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(path.read_bytes())
    said: list[str] = []
    train(open_dataset(tmp_path / "rig"), tmp_path / "out", detectors=["control_rms"], notify=said.append)
    divided = (
        "has 10 normal recordings that can be read: 2 for testing, 2 to set thresholds, 6 to learn from; where learning is quick, "
        "all 8 set thresholds in turn. Record more"
    )
    assert any(divided in s for s in said)
