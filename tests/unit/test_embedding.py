"""UMAP of clips: fitted once, kept, new clips placed in it. One import of umap takes half a minute: one fit for all tests."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from asd_core.errors import ArtifactError
from asd_core.settings import get_settings
from asd_core.space import Embedding, UmapSettings, fit_umap, load_umap, save_umap, umap_file
from asd_core.space.umap_embedding import memberships

pytestmark = pytest.mark.slow

N = 60
SETTINGS = UmapSettings(n_neighbors=8, min_dist=0.2, seed=3)


@pytest.fixture(scope="module")
def vectors() -> np.ndarray:
    """Three crowds in 20 dimensions, 20 clips each."""
    rng = np.random.default_rng(0)
    return (np.repeat(rng.normal(size=(3, 20)) * 6, N // 3, axis=0) + rng.normal(size=(N, 20))).astype(np.float32)


@pytest.fixture(scope="module")
def heard() -> list[tuple[float, str]]:
    return []


@pytest.fixture(scope="module")
def fitted(vectors: np.ndarray, heard: list[tuple[float, str]]) -> Embedding:
    return fit_umap(vectors, SETTINGS, progress=lambda fraction, message: heard.append((fraction, message)))


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


def test_what_is_saved_is_loaded(fitted: Embedding, vectors: np.ndarray, tmp_path: Path) -> None:
    path = tmp_path / "deep" / "map.safetensors"
    assert load_umap(path) is None
    save_umap(fitted, path)
    found = load_umap(path)
    assert found is not None
    assert found.settings == fitted.settings
    assert np.array_equal(found.xy, fitted.xy)
    assert np.allclose(found.transform(vectors + 0.1), fitted.transform(vectors + 0.1))
    assert list(tmp_path.rglob("*.tmp")) == []


@pytest.mark.parametrize("damage", ["half", "words", "settings"])
def test_a_damaged_file_is_one_sentence(fitted: Embedding, tmp_path: Path, damage: str) -> None:
    path = tmp_path / "map.safetensors"
    save_umap(fitted, path)
    data = path.read_bytes()
    path.write_bytes(
        {
            "half": data[: len(data) // 2],
            "words": b"not a map",
            "settings": data.replace(b"n_neighbors", b"n_neighbOrs"),
        }[damage]
    )
    with pytest.raises(ArtifactError, match=r"map\.safetensors is damaged: delete it and compute the map again\."):
        load_umap(path)


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


def test_a_map_is_found_by_its_clips_and_settings(vectors: np.ndarray) -> None:
    path = umap_file(vectors, SETTINGS)
    assert path.parent == get_settings().data_dir / "user" / "projections"
    assert path == umap_file(vectors.copy(), SETTINGS)
    others = [
        umap_file(vectors[:-1], SETTINGS),
        umap_file(vectors + 1e-3, SETTINGS),
        umap_file(vectors, replace(SETTINGS, seed=4)),
        umap_file(vectors.reshape(N * 2, -1), SETTINGS),
    ]
    assert len({path, *others}) == 5
