"""Nearest neighbours among frozen embeddings: pooling, cosine, local density, and a training that must be asked for."""

import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from pandas.testing import assert_frame_equal

from asd_core.artifacts import ModelSet, read_manifest
from asd_core.datasets import Dataset
from asd_core.detectors import OPTIONAL, REGISTRY, detector_class, detector_keys, is_control, select
from asd_core.detectors.frozen_embedding import BOTH, MAXIMUM, MEAN, CosineNeighbours, FrozenEmbedding, pooled
from asd_core.errors import PretrainedError
from asd_core.evaluation import auc
from asd_core.features import Array, add_model, chosen_embedding, pretrained_model
from asd_core.features.pretrained import embedding, runtime
from asd_core.features.pretrained.registry import PretrainedModel
from asd_core.scoring import compute_scores, current_scores, scan_recording, score_clip, score_split, split
from asd_core.settings import get_settings
from asd_core.sound import Samples, prepare
from asd_core.space import compute_latents, stored_latents
from asd_core.training import measure_evidence, read_evidence, train
from tests.tiny_model import entry, onnx_bytes, registered, sha256

RNG = np.random.default_rng(0)


def spread(n: int, axis: int, width: float, off: float, rng: np.random.Generator) -> np.ndarray:
    """Vectors of any length around an axis of eight, or ``off`` widths away from it."""
    vectors = np.eye(8)[axis] + width * (rng.standard_normal((n, 8)) + off * np.eye(8)[7])
    return np.asarray(vectors * rng.uniform(0.1, 10.0, (n, 1)))


def test_the_score_is_the_cosine_distance_to_the_nearest() -> None:
    bank, vectors = RNG.random((30, 5)), RNG.random((8, 5))
    cosine = (vectors @ bank.T) / np.linalg.norm(vectors, axis=1)[:, None] / np.linalg.norm(bank, axis=1)
    distances = np.sort(1.0 - cosine, axis=1)
    for k in (1, 3):
        found = CosineNeighbours(k).fit(bank).score(vectors)
        np.testing.assert_allclose(found, distances[:, :k].mean(axis=1), rtol=1e-4)
    np.testing.assert_allclose(CosineNeighbours(1).fit(100 * bank).score(0.1 * vectors), distances[:, 0], rtol=1e-4)
    assert np.isfinite(CosineNeighbours(5, 4).fit(bank[:2]).score(np.zeros((1, 5)))).all()


def test_local_density_evens_out_two_domains() -> None:
    rng = np.random.default_rng(1)

    def both(n: int, off: float) -> np.ndarray:
        return np.concatenate([spread(n, 0, 0.005, off, rng), spread(n, 1, 0.05, off, rng)])

    bank, normal, broken = both(150, 0.0), both(60, 0.0), both(60, 6.0)
    plain, local = (
        auc(model.score(normal), model.score(broken))
        for model in (CosineNeighbours().fit(bank), CosineNeighbours(n_density=4).fit(bank))
    )
    assert plain < 0.8
    assert local > 0.95
    model = CosineNeighbours(n_density=4).fit(bank)
    np.testing.assert_array_equal(CosineNeighbours().load(model.arrays()).score(normal), model.score(normal))


def test_pooling_over_time() -> None:
    times = np.array([[3.0, 0.0], [3.0, 8.0]], dtype=np.float32)
    np.testing.assert_allclose(pooled(times, MEAN), [0.6, 0.8])
    np.testing.assert_allclose(pooled(times, MAXIMUM), np.array([3, 8]) / np.hypot(3, 8), rtol=1e-6)
    np.testing.assert_allclose(pooled(times, BOTH), [0.6, 0.8, *np.array([3, 8]) / np.hypot(3, 8)], rtol=1e-6)
    clips = [RNG.random((n, 4)).astype(np.float32) for n in (3, 5, 9)]
    assert FrozenEmbedding(pooling=BOTH).vectors(clips).shape == (3, 8)


# --- optional: trained where it is asked for


def test_optional_detectors_are_none_of_the_default_ones() -> None:
    assert set(OPTIONAL).isdisjoint(REGISTRY)
    assert set(OPTIONAL).isdisjoint(select(None))
    assert set(OPTIONAL).isdisjoint(detector_keys())
    assert select(["frozen_embedding", "pca_kde"]) == ["pca_kde", "frozen_embedding"]
    assert is_control("control_embedding")
    assert detector_class("control_embedding").info.representation.sample_rate == 44100


@contextmanager
def tiny_in(folder: Path) -> Iterator[Path]:
    """A model of a few numbers at 8 kHz, half of the recordings' rate, that is registered and not there yet."""
    known = registered(folder, entry("tiny", "onnx", sha256=sha256(onnx_bytes())))
    with known, pytest.MonkeyPatch.context() as patch:
        (folder / "given").write_bytes(onnx_bytes())
        patch.setattr(FrozenEmbedding, "info", replace(FrozenEmbedding.info, representation=chosen_embedding("tiny")))
        for kept in (runtime.load, embedding._cache):  # of another folder's model
            kept.cache_clear()
        yield folder / "given"


@pytest.fixture
def tiny(tmp_path: Path) -> Iterator[Path]:
    with tiny_in(tmp_path) as given:
        yield given


@pytest.mark.slow
def test_it_trains_and_scores_where_it_is_asked_for(
    tiny: Path, brief_dataset: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out, keys = tmp_path / "out", ["frozen_embedding", "control_rms"]
    said: list[str] = []
    assert train(brief_dataset, tmp_path / "without", detectors=keys, notify=said.append) == ["control_rms"]
    assert any(re.match(r"Frozen embedding \+ kNN was not trained: Tiny is not here.*add tiny FILE", s) for s in said)
    add_model(pretrained_model("tiny"), tiny)
    assert train(brief_dataset, out, detectors=keys) == ["control_rms", "frozen_embedding"]
    manifest = read_manifest(out / "frozen_embedding")
    assert manifest.representation == {
        "kind": "pretrained embedding",
        "model": "tiny",
        "layer": "last",
        "sample_rate": 8000,
        "sha256": sha256(onnx_bytes()),
    }
    table, _, _ = current_scores(brief_dataset, ModelSet(out))
    scores = table[table["detector"] == "frozen_embedding"]
    assert scores["raw"].nunique() == len(scores) == 24
    # A second training computes no embedding again: the network is not asked.
    monkeypatch.setattr(runtime, "embed", lambda *_: pytest.fail("computed again"))
    train(brief_dataset, tmp_path / "again", detectors=["frozen_embedding"])
    again = read_manifest(tmp_path / "again" / "frozen_embedding")
    assert again.weights_sha256 == manifest.weights_sha256


@pytest.fixture(scope="module")
def fused(brief_dataset: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """``fused``, trained once, and the ``cache`` of its embeddings."""
    folder = tmp_path_factory.mktemp("fused")
    with tiny_in(folder) as given:
        add_model(pretrained_model("tiny"), given)
        train(brief_dataset, folder / "fused", detectors=["frozen_embedding", "pca_kde", "fusion"])
    return folder


@pytest.fixture
def with_fusion(fused: Path, tiny: Path, tmp_path: Path) -> Path:
    """A folder of the test's own with a frozen embedding, another detector, and a fusion of both."""
    add_model(pretrained_model("tiny"), tiny)
    shutil.copytree(fused / "cache", tmp_path / "cache", dirs_exist_ok=True)
    out = Path(shutil.copytree(fused / "fused", tmp_path / "fused"))
    assert set(read_manifest(out / "fusion").config["members"]) == {"pca_kde", "frozen_embedding"}
    return out


@pytest.mark.parametrize("damage", ["gone", "exchanged"])
def test_without_its_model_that_detector_and_its_fusion_alone_are_left_out(
    with_fusion: Path, brief_dataset: Dataset, tmp_path: Path, damage: str
) -> None:
    (file,) = (tmp_path / "models" / "tiny").glob("model.onnx")
    file.unlink() if damage == "gone" else file.write_bytes(file.read_bytes() + b" ")
    runtime.load.cache_clear()
    shutil.rmtree(tmp_path / "cache")
    embedding._cache.cache_clear()
    models, said = ModelSet(with_fusion), list[str]()
    row = brief_dataset.rows(split="test").iloc[0]
    clip = brief_dataset.read(row["clip_id"])
    scores = score_clip(clip, models, row["machine_id"], notify=said.append)
    assert [one.detector for one in scores] == ["pca_kde"]
    assert scores == score_clip(clip, ModelSet(with_fusion, ["pca_kde"]), row["machine_id"])
    sentence = r"Left out: (Frozen embedding \+ kNN, Fusion.*|Fusion.*, Frozen embedding \+ kNN)\. .*Tiny"
    assert len(said) == 1
    assert re.match(sentence, said[0])
    for one in ("frozen_embedding", "fusion"):
        with pytest.raises(PretrainedError, match="Tiny"):
            score_clip(clip, ModelSet(with_fusion, [one]), row["machine_id"])
    windows = scan_recording(prepare(clip), models, row["machine_id"], window=1.0, hop=1.0, notify=said.append)
    assert set(windows["detector"]) == {"pca_kde"}
    assert said[1:] == said[:1]

    table, skipped = score_split(brief_dataset, models)
    assert set(table["detector"]) == {"pca_kde"}
    assert len(table) == 24
    assert [bool(re.match(sentence, s)) for s in skipped] == [True]
    (with_fusion / "scores.parquet").unlink()
    assert compute_scores(brief_dataset, models, notify=said.append) == ["pca_kde"]
    assert compute_scores(brief_dataset, models, notify=said.append) == []

    said.clear()
    train(brief_dataset, with_fusion, detectors=["pca_lof", "control_rms", "fusion"], notify=said.append)
    assert set(read_manifest(with_fusion / "fusion").config["members"]) == {"pca_kde", "pca_lof"}
    assert any(re.match(r"Frozen embedding \+ kNN is no member of a fusion: .*Tiny", s) for s in said)
    (with_fusion / "evidence.parquet").unlink()
    assert "frozen_embedding" not in measure_evidence(brief_dataset, with_fusion)


def test_without_its_model_other_networks_have_their_latent_space(
    with_fusion: Path, small_models: Path, brief_dataset: Dataset, tmp_path: Path
) -> None:
    (tmp_path / "models" / "tiny" / "model.onnx").unlink()
    runtime.load.cache_clear()
    shutil.rmtree(tmp_path / "cache")
    embedding._cache.cache_clear()
    said: list[str] = []
    with pytest.raises(PretrainedError, match="Tiny"):
        compute_latents(brief_dataset, ModelSet(with_fusion))
    shutil.copytree(small_models / "cnn_ae", with_fusion / "cnn_ae")
    assert compute_latents(brief_dataset, ModelSet(with_fusion), notify=said.append) == ["cnn_ae"]
    assert [s.partition(". Tiny")[0] for s in said] == ["Left out: Frozen embedding + kNN"]
    assert stored_latents(with_fusion) == ["cnn_ae"]


def test_evidence_is_measured_of_what_a_detector_was_trained_with(
    with_fusion: Path, brief_dataset: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = read_evidence(with_fusion)
    (with_fusion / "evidence.parquet").unlink()
    other = replace(FrozenEmbedding.info, representation=chosen_embedding("tiny", "middle"))
    monkeypatch.setattr(FrozenEmbedding, "info", other)  # as settings that have changed since
    measure_evidence(brief_dataset, with_fusion)
    key = ["detector", "clip_id", "kind", "db"]
    assert_frame_equal(
        *(t.sort_values(key, ignore_index=True) for t in (before, read_evidence(with_fusion))), check_dtype=False
    )


def test_a_model_that_refuses_a_clip_of_a_later_batch(
    with_fusion: Path, brief_dataset: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    last = prepare(brief_dataset.read(brief_dataset.rows(split="test")["clip_id"].iloc[-1]), sample_rate=8000)
    plain = runtime.embed

    def embed(model: PretrainedModel, samples: Samples, *more: str) -> Array:
        return plain(model, samples[:1] if np.array_equal(samples, last.samples[0]) else samples, *more)

    monkeypatch.setattr(runtime, "embed", embed)
    monkeypatch.setattr(split, "BATCH", 5)
    embedding._cache.cache_clear()
    shutil.rmtree(get_settings().cache_dir)
    table, skipped = score_split(brief_dataset, ModelSet(with_fusion))
    assert set(table["detector"]) == {"pca_kde"}
    assert len(table) == 24, "no clip is lost for the others"
    assert len(skipped) == 1
