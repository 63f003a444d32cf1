import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from asd_core.artifacts import ModelSet, read_pooled
from asd_core.datasets import Dataset, Extracted, extract_dataset
from asd_core.errors import ArtifactError, Cancelled
from asd_core.space import compute_latents, latents, latents_stamp, read_space, stored_latents
from asd_core.space.latents import read_latents, write_latents


@pytest.fixture(scope="module")
def folder(small_dataset: Dataset, small_models: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small models with the latent space of their one network."""
    copy = tmp_path_factory.mktemp("latents") / "small"
    shutil.copytree(small_models, copy)
    assert compute_latents(small_dataset, ModelSet(copy)) == ["cnn_ae"]
    return copy


def test_stored_vectors_are_the_detectors_own_to_a_step(folder: Path, small_dataset: Dataset) -> None:
    clips, vectors = read_latents(folder, "cnn_ae")
    artifact = ModelSet(folder)["cnn_ae"]
    rows = small_dataset.catalogue.iloc[[0, 40]]
    found = extract_dataset(small_dataset, rows, [artifact.representation])
    own = artifact.detector.latent(found.features[artifact.representation], list(found.rows["machine_id"]))
    at = [clips["clip_id"].tolist().index(clip_id) for clip_id in found.rows["clip_id"]]
    step = (vectors.max(axis=0) - vectors.min(axis=0)) / latents.STEPS
    assert own is not None
    assert np.all(np.abs(vectors[at] - own) <= 0.51 * step + 1e-6)
    assert len(clips) == len(small_dataset.catalogue)
    assert vectors.std(axis=0).max() > 0


def test_an_interrupted_run_goes_on_where_it_stopped(
    folder: Path, small_dataset: Dataset, small_models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = tmp_path / "small"
    shutil.copytree(small_models, copy)
    monkeypatch.setattr(latents, "AT_ONCE", 20)
    read: list[str] = []

    def extract(dataset: Dataset, rows: pd.DataFrame, *rest: Any) -> Extracted:
        read.extend(rows["clip_id"])
        return extract_dataset(dataset, rows, *rest)

    def stop(fraction: float, _: str) -> None:
        if fraction > 0.5:
            raise Cancelled("stopped")

    monkeypatch.setattr(latents, "extract_dataset", extract)
    with pytest.raises(Cancelled):
        compute_latents(small_dataset, ModelSet(copy), progress=stop)
    assert stored_latents(copy) == []
    assert compute_latents(small_dataset, ModelSet(copy)) == ["cnn_ae"]
    assert len(read) == len(set(read)) == len(small_dataset.catalogue), "none was read twice"
    assert np.array_equal(read_latents(copy, "cnn_ae")[1], read_latents(folder, "cnn_ae")[1])
    assert not list(copy.glob("*.part"))


def test_what_is_stored_is_not_computed_again(folder: Path, small_dataset: Dataset) -> None:
    before = latents_stamp(folder)
    assert compute_latents(small_dataset, ModelSet(folder)) == []
    assert latents_stamp(folder) == before > 0


def test_vectors_of_other_weights_do_not_count(folder: Path, tmp_path: Path) -> None:
    copy = tmp_path / "small"
    shutil.copytree(folder, copy)
    path = copy / "cnn_ae" / "manifest.json"
    about = json.loads(path.read_text())
    path.write_text(json.dumps({**about, "weights_sha256": "0" * 64}))
    assert stored_latents(copy) == []
    with pytest.raises(ArtifactError, match="no latent space of cnn_ae as it is trained now"):
        read_latents(copy, "cnn_ae")


def test_another_detectors_vectors_stay(folder: Path, tmp_path: Path) -> None:
    copy = tmp_path / "small"
    shutil.copytree(folder, copy)
    clips, before = read_latents(copy, "cnn_ae")
    other = np.arange(2.0 * len(clips), dtype=np.float32).reshape(-1, 2)
    write_latents(copy, clips, {"pca_kde": other})  # any trained key: the table knows no networks
    assert sorted(stored_latents(copy)) == ["cnn_ae", "pca_kde"]
    assert np.array_equal(read_latents(copy, "cnn_ae")[1], before)
    assert np.allclose(read_latents(copy, "pca_kde")[1], other, atol=2 * len(clips) / latents.STEPS)


def test_a_constant_dimension_survives(folder: Path, tmp_path: Path) -> None:
    copy = tmp_path / "small"
    shutil.copytree(folder, copy)
    clips = read_pooled(copy, ("clip_id", "sha256"))
    constant = np.full((len(clips), 1), 7.0, dtype=np.float32)
    write_latents(copy, clips, {"cnn_ae": constant})
    assert np.allclose(read_latents(copy, "cnn_ae")[1], constant)


def test_a_damaged_file_is_said(folder: Path, tmp_path: Path) -> None:
    copy = tmp_path / "small"
    shutil.copytree(folder, copy)
    (copy / latents.LATENTS).write_bytes(b"nonsense")
    with pytest.raises(ArtifactError, match=r"latents\.parquet cannot be read: delete it"):
        stored_latents(copy)


def test_without_pooled_features_it_says_what_to_do(tmp_path: Path) -> None:
    assert stored_latents(tmp_path) == []
    assert latents_stamp(tmp_path) == 0
    with pytest.raises(ArtifactError, match=r"no pooled features .*train its detectors again"):
        read_pooled(tmp_path, ("clip_id", "sha256"))


def test_a_space_of_latents_follows_the_clips(folder: Path) -> None:
    pooled, space = read_space(folder, "all"), read_space(folder, "cnn_ae")
    clips, vectors = read_latents(folder, "cnn_ae")
    by_id = dict(zip(clips["clip_id"], vectors, strict=True))
    assert space.about["clip_id"].tolist() == pooled.about["clip_id"].tolist()
    assert all(np.array_equal(by_id[i], v) for i, v in zip(space.about["clip_id"], space.vectors, strict=True))
