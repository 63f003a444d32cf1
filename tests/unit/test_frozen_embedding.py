"""Nearest neighbours among frozen embeddings: pooling, cosine, local density, and a training that must be asked for."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from asd_core.artifacts import ModelSet, read_manifest, trained_keys
from asd_core.datasets import Dataset
from asd_core.detectors import OPTIONAL, REGISTRY, detector_class, detector_keys, is_control, select
from asd_core.detectors.frozen_embedding import BOTH, MAXIMUM, MEAN, CosineNeighbours, FrozenEmbedding, pooled
from asd_core.errors import PretrainedError
from asd_core.evaluation import auc
from asd_core.features import add_model, chosen_embedding, pretrained_model
from asd_core.features.pretrained import runtime
from asd_core.scoring import current_scores
from asd_core.training import train
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


@pytest.fixture
def tiny(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A model of a few numbers at 8 kHz, half of the recordings' rate, that is registered and not there yet."""
    with registered(tmp_path, entry("tiny", "onnx", sha256=sha256(onnx_bytes()))):
        (tmp_path / "given").write_bytes(onnx_bytes())
        info = replace(FrozenEmbedding.info, representation=chosen_embedding("tiny"))
        monkeypatch.setattr(FrozenEmbedding, "info", info)
        runtime.load.cache_clear()
        yield tmp_path / "given"


@pytest.mark.slow
def test_it_trains_and_scores_where_it_is_asked_for(
    tiny: Path, small_dataset: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out, keys = tmp_path / "out", ["frozen_embedding", "control_rms"]
    with pytest.raises(PretrainedError, match=r"Tiny is not here.*asd_core pretrained add tiny FILE"):
        train(small_dataset, out, detectors=keys)
    assert trained_keys(out) == []
    add_model(pretrained_model("tiny"), tiny)
    assert train(small_dataset, out, detectors=keys) == ["control_rms", "frozen_embedding"]
    manifest = read_manifest(out / "frozen_embedding")
    assert manifest.representation == {
        "kind": "pretrained embedding",
        "model": "tiny",
        "layer": "last",
        "sample_rate": 8000,
        "sha256": sha256(onnx_bytes()),
    }
    table, _, _ = current_scores(small_dataset, ModelSet(out))
    scores = table[table["detector"] == "frozen_embedding"]
    assert scores["raw"].nunique() == len(scores) == 24
    # A second training computes no embedding again: the network is not asked.
    monkeypatch.setattr(runtime, "embed", lambda *_: pytest.fail("computed again"))
    train(small_dataset, tmp_path / "again", detectors=["frozen_embedding"])
    again = read_manifest(tmp_path / "again" / "frozen_embedding")
    assert again.weights_sha256 == manifest.weights_sha256
