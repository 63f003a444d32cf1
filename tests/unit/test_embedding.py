"""UMAP of clips: fitted once, kept, new clips placed in it. One fit for all tests, in a process where UMAP does not compile itself,
which takes half a minute (tests/e2e/test_umap.py has it compiled)."""

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from asd_core.engine import Processes
from asd_core.errors import ArtifactError
from asd_core.settings import get_settings
from asd_core.space import (
    MAPS,
    POOLED,
    Embedding,
    UmapSettings,
    find_umap,
    fit_umap,
    read_space,
    save_umaps,
    stored_latents,
    umap_file,
    umap_key,
)
from asd_core.space.umap_embedding import memberships
from tests.conftest import ROOT

pytestmark = pytest.mark.slow

DEMO = ROOT / "trained_models" / "demo"

N = 60
SETTINGS = UmapSettings(n_neighbors=8, min_dist=0.2, seed=3)


@pytest.fixture(scope="module")
def vectors() -> np.ndarray:
    """Three crowds in 20 dimensions, 20 clips each."""
    rng = np.random.default_rng(0)
    return (np.repeat(rng.normal(size=(3, 20)) * 6, N // 3, axis=0) + rng.normal(size=(N, 20))).astype(np.float32)


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data folder of this test's own."""
    monkeypatch.setenv("ASD_DATA_DIR", str(tmp_path / "data"))
    get_settings.cache_clear()
    return tmp_path / "data"


def fit_and_listen(vectors: np.ndarray) -> tuple[Embedding, list[tuple[float, str]]]:
    heard: list[tuple[float, str]] = []
    return fit_umap(vectors, SETTINGS, progress=lambda fraction, message: heard.append((fraction, message))), heard


@pytest.fixture(scope="module")
def fit(vectors: np.ndarray) -> Iterator[tuple[Embedding, list[tuple[float, str]]]]:
    engine = Processes(1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NUMBA_DISABLE_JIT", "1")
        yield from engine.map(fit_and_listen, [vectors])
    engine.close()


@pytest.fixture(scope="module")
def fitted(fit: tuple[Embedding, list[tuple[float, str]]]) -> Embedding:
    return fit[0]


@pytest.fixture(scope="module")
def heard(fit: tuple[Embedding, list[tuple[float, str]]]) -> list[tuple[float, str]]:
    return fit[1]


def test_crowds_stay_together(fitted: Embedding) -> None:
    assert fitted.xy.shape == (N, 2)
    crowds = fitted.xy.reshape(3, N // 3, 2)
    centres = crowds.mean(axis=1)
    radius = np.linalg.norm(crowds - centres[:, None], axis=2).max()
    apart = min(np.linalg.norm(centres[i] - centres[j]) for i, j in ((0, 1), (0, 2), (1, 2)))
    assert apart > radius


def test_progress_only_rises_and_reaches_the_layouts_end(fitted: Embedding, heard: list[tuple[float, str]]) -> None:
    fractions = [fraction for fraction, _ in heard]
    assert fractions == sorted(fractions)
    assert fractions[-1] == 1.0
    assert {m.split(",")[0] for _, m in heard} == {
        "principal components",
        "loading UMAP",
        "nearest neighbours",
        "layout",
    }


def test_a_fitted_clip_is_put_at_its_own_place_and_nothing_is_fitted_again(
    fitted: Embedding, vectors: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "umap", None)  # placing a clip must not even import it
    before = fitted.xy.copy()
    assert np.allclose(fitted.transform(vectors), fitted.xy, atol=1e-5)
    near = fitted.transform(vectors[:1] + 0.05)[0]
    far = np.linalg.norm(fitted.xy - near, axis=1)
    assert far.argmin() < N // 3  # in its own crowd
    assert np.array_equal(fitted.xy, before)


def test_a_new_clip_lies_among_its_neighbours(fitted: Embedding, vectors: np.ndarray) -> None:
    between = vectors[20:40].mean(axis=0, keepdims=True)
    place = fitted.transform(between)[0]
    crowd = fitted.xy[20:40]
    assert np.all((crowd.min(axis=0) <= place) & (place <= crowd.max(axis=0)))


def test_memberships_sum_to_the_logarithm_of_k() -> None:
    distances = np.sort(np.random.default_rng(0).uniform(0.1, 5.0, (40, 12)), axis=1)
    weights = memberships(distances)
    assert np.allclose(weights.sum(axis=1), np.log2(12), atol=1e-3)
    assert np.all(np.diff(weights, axis=1) <= 0)


def test_what_is_saved_is_found_beside_the_detectors_or_in_the_users_data(
    fitted: Embedding, vectors: np.ndarray, tmp_path: Path, data: Path
) -> None:
    key = umap_key(vectors, SETTINGS)
    assert find_umap(tmp_path, vectors, SETTINGS) is None
    for path in (umap_file(key), tmp_path / MAPS):
        save_umaps({"another": fitted.xy[:4], key: fitted.xy}, path)
        found = find_umap(tmp_path, vectors, SETTINGS)
        assert found is not None
        assert found.settings == fitted.settings
        assert np.array_equal(found.xy, fitted.xy)
        assert np.allclose(found.transform(vectors + 0.1), fitted.transform(vectors + 0.1))
        path.unlink()
    assert find_umap(tmp_path, vectors, SETTINGS) is None
    assert list(tmp_path.rglob("*.tmp")) == []


def test_a_map_is_shown_for_nothing_but_what_it_is_of(
    fitted: Embedding, vectors: np.ndarray, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save_umaps({umap_key(vectors, SETTINGS): fitted.xy}, tmp_path / MAPS)
    assert find_umap(tmp_path, vectors, SETTINGS) is not None
    for others, settings in (
        (vectors[:-1], SETTINGS),
        (vectors + 1e-3, SETTINGS),
        (vectors[::-1], SETTINGS),
        (vectors.reshape(N * 2, -1), SETTINGS),
        (vectors, replace(SETTINGS, seed=4)),
        (vectors, replace(SETTINGS, min_dist=0.3)),
    ):
        assert find_umap(tmp_path, others, settings) is None
    monkeypatch.setattr("asd_core.space.umap_store.version", lambda _: "0.0")
    assert find_umap(tmp_path, vectors, SETTINGS) is None


def test_the_demos_maps_are_stored(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of every representation and machine id, as the page opens: the file is made by ``asd_core umaps``."""
    monkeypatch.setitem(sys.modules, "umap", None)
    assert (DEMO / MAPS).stat().st_size < 300_000
    for part in (*POOLED, *stored_latents(DEMO)):
        space = read_space(DEMO, part)
        for machine_id in (None, "00", "02", "04", "06"):
            vectors = space.subset(["test", "train"], machine_id).vectors
            found = find_umap(DEMO, vectors, UmapSettings())
            assert found is not None, (part, machine_id)
            assert found.xy.shape == (len(vectors), 2)


@pytest.mark.parametrize("damage", ["half", "words"])
def test_a_damaged_file_is_one_sentence(
    fitted: Embedding, vectors: np.ndarray, tmp_path: Path, data: Path, damage: str
) -> None:
    path = umap_file(key := umap_key(vectors, SETTINGS))
    save_umaps({key: fitted.xy}, path)
    content = path.read_bytes()
    path.write_bytes({"half": content[: len(content) // 2], "words": b"not a map"}[damage])
    with pytest.raises(ArtifactError, match=r"\.safetensors is damaged: delete it and compute the map again\."):
        find_umap(tmp_path, vectors, SETTINGS)


@pytest.mark.parametrize(
    ("change", "description"),
    [
        ({"n_neighbors": 1}, "n_neighbors 1 is outside 2 to 200"),
        ({"min_dist": 1.5}, "min_dist 1.5 is outside 0 to 0.99"),
        ({"metric": "taste"}, "no metric 'taste': choose euclidean"),
        ({"seed": -1}, "seed -1 is outside"),
    ],
)
def test_settings_outside_their_range_are_refused(change: dict[str, object], description: str) -> None:
    with pytest.raises(ArtifactError, match=description):
        replace(SETTINGS, **change)  # type: ignore[arg-type]


def test_too_few_clips_are_refused_before_anything_is_loaded(vectors: np.ndarray) -> None:
    code = (
        "import sys, numpy as np\nfrom asd_core.space import UmapSettings, fit_umap\n"
        "try: fit_umap(np.zeros((3, 5), np.float32), UmapSettings())\nexcept Exception as e: print(e)\n"
        "print('umap' in sys.modules, 'numba' in sys.modules)"
    )
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert shown.splitlines() == ["UMAP needs more than 3 clips and 3 are chosen: choose others.", "False False"]
