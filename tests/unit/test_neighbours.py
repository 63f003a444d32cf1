from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from asd_core.artifacts import pooled_table
from asd_core.datasets import Dataset
from asd_core.errors import ArtifactError
from asd_core.explain import nearest
from asd_core.features import LogMel, pool
from asd_core.sound import prepare
from tests.conftest import ROOT

DEMO = ROOT / "trained_models" / "demo"


def _log_mel(dataset: Dataset, clip_id: str) -> tuple[np.ndarray, str]:
    clip = dataset.read(clip_id)
    return LogMel().transform(prepare(clip)), clip.sha256


def test_nearest_are_those_of_the_same_machine_by_hand(small_models: Path, small_dataset: Dataset) -> None:
    table = pooled_table(small_models)
    log_mel, sha256 = _log_mel(small_dataset, "test/anomaly_id_00_00000002.wav")
    found = nearest(table, log_mel, "00", sha256, n=3)
    own = table[(table["machine_id"] == "00") & (table["split"] == "train")]
    vectors = own[[f"f{i}" for i in range(384)]].to_numpy(np.float64)
    scale = np.maximum(vectors.std(axis=0), 0.01 * np.median(vectors.std(axis=0)))
    distances = np.sqrt((((vectors - pool(log_mel)) / scale) ** 2).mean(axis=1))
    order = np.argsort(distances)[:3]
    assert found.normals["clip_id"].tolist() == own["clip_id"].iloc[order].tolist()
    assert np.allclose(found.normals["distance"], distances[order])
    assert found.normals["distance"].is_monotonic_increasing
    assert (found.normals["label"] == "normal").all()
    assert found.anomalies["clip_id"].str.startswith("test/anomaly_id_00").all()


def test_a_clip_is_never_its_own_neighbour(small_models: Path, small_dataset: Dataset) -> None:
    table = pooled_table(small_models)
    for clip_id, which in (
        ("test/anomaly_id_02_00000001.wav", "anomalies"),
        ("train/normal_id_02_00000003.wav", "normals"),
    ):
        log_mel, sha256 = _log_mel(small_dataset, clip_id)
        own = getattr(nearest(table, log_mel, "02", sha256), which)
        assert len(own) == 5
        assert clip_id not in own["clip_id"].tolist()
        # Under another name the same sound is found at once.
        other = getattr(nearest(table, log_mel, "02", "another"), which)
        assert other["clip_id"].iloc[0] == clip_id
        assert other["distance"].iloc[0] < 0.05


def test_faults_find_their_like_on_the_demo() -> None:
    table = pooled_table(DEMO)
    row = table[(table["fault"] == "no_grease") & (table["severity"] > 0.9) & (table["machine_id"] == "04")].iloc[0]
    from asd_core.datasets import demo_dataset

    log_mel, sha256 = _log_mel(demo_dataset(), row["clip_id"])
    found = nearest(table, log_mel, "04", sha256)
    assert (found.anomalies["fault"] == "no_grease").mean() >= 0.8
    assert {"clip_id", "distance", "label", "split", "fault", "severity", "snr_db"} == set(found.anomalies)
    assert found.anomalies["distance"].iloc[0] < found.normals["distance"].iloc[0]


def test_labels_are_those_of_the_catalogue_now(small_models: Path, small_dataset: Dataset) -> None:
    rows = small_dataset.catalogue.copy()
    rows["label"] = "normal"
    rows["note"] = "x"
    table = pooled_table(small_models, replace(small_dataset, catalogue=rows.iloc[1:]))
    assert len(table) == len(rows) - 1
    log_mel, sha256 = _log_mel(small_dataset, "test/anomaly_id_02_00000001.wav")
    found = nearest(table, log_mel, "02", sha256)
    assert found.anomalies.empty
    assert found.normals["note"].tolist() == ["x"] * 5


def test_nothing_to_compare_with(small_models: Path, small_dataset: Dataset, tmp_path: Path) -> None:
    log_mel, sha256 = _log_mel(small_dataset, "test/anomaly_id_02_00000001.wav")
    found = nearest(pooled_table(small_models), log_mel, "77", sha256)
    assert isinstance(found.normals, pd.DataFrame)
    assert found.normals.empty
    assert found.anomalies.empty
    assert "distance" in found.normals
    with pytest.raises(ArtifactError, match=r"features\.parquet"):
        pooled_table(tmp_path)
