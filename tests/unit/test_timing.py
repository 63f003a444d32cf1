"""Scoring times are measured, kept with the weights they are of, and never made up."""

import json
import shutil
from pathlib import Path

import pytest

from asd_core.artifacts import ModelSet
from asd_core.datasets import Dataset
from asd_core.errors import ArtifactError
from asd_core.scoring import measure_scoring, scoring_seconds
from asd_core.settings import get_settings


@pytest.fixture
def models(small_models: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setenv("ASD_DATA_DIR", str(tmp_path / "data"))
    get_settings.cache_clear()
    shutil.copytree(small_models, tmp_path / "small")
    return tmp_path / "small"


def test_each_detector_is_measured_once_for_its_weights(models: Path, small_dataset: Dataset) -> None:
    assert scoring_seconds(models) == {}
    steps: list[str] = []
    assert measure_scoring(small_dataset, ModelSet(models, ["pca_kde", "control_rms"])) == ["pca_kde", "control_rms"]
    first = scoring_seconds(models)
    assert set(first) == {"pca_kde", "control_rms"}
    assert 0 < first["control_rms"] < 5
    assert measure_scoring(small_dataset, ModelSet(models), progress=lambda _, m: steps.append(m)) == ["cnn_ae"]
    assert steps == ["cnn_ae", "done"]
    assert {key: value for key, value in scoring_seconds(models).items() if key != "cnn_ae"} == first
    manifest = models / "pca_kde" / "manifest.json"
    manifest.write_text(json.dumps(json.loads(manifest.read_text()) | {"weights_sha256": "0" * 64}))
    assert set(scoring_seconds(models)) == {"control_rms", "cnn_ae"}, "other weights, another time"


def test_a_damaged_file_is_nothing_and_a_full_disk_is_said(models: Path, small_dataset: Dataset) -> None:
    path = models.parent / "data" / "user" / "scoring_seconds" / "small.json"
    path.parent.mkdir(parents=True)
    for content in ("", "[]", '{"pca_kde": 3}', '{"pca_kde": {"version": "x", "seconds": "fast"}}'):
        path.write_text(content)
        assert scoring_seconds(models) == {}
    shutil.rmtree(models.parent / "data")
    (models.parent / "data").write_text("not a folder")
    with pytest.raises(ArtifactError, match="cannot be stored"):
        measure_scoring(small_dataset, ModelSet(models, ["control_rms"]))
