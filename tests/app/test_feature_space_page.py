"""The Feature space page in process: what it says when there is little or nothing to show."""

import shutil
import sys
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from asd_core import jobs
from asd_core.settings import get_settings
from asd_core.sound import Clip
from tests.app.helpers import app_at, opened

page = partial(opened, "feature_space")


@pytest.fixture
def small(folders: Path, small_models: Path) -> Path:
    """A models folder of the small detectors."""
    return Path(shutil.copytree(small_models, folders / "models" / "small"))


def captions(app: AppTest) -> str:
    return " ".join(c.value for c in app.caption)


def test_a_map_says_what_it_is_of(small: Path) -> None:
    app = page()
    assert app.title[0].value == "Feature space"
    assert "36 clips · Log-mel: mean, spread and peak · Principal components" in captions(app)
    app.toggle(key="only").set_value(False).run()
    assert "72 clips" in captions(app)
    app.button_group(key="splits").set_value(["test"]).run()
    assert "24 clips" in captions(app)
    assert not app.error


def test_too_few_clips_are_said(small: Path) -> None:
    app = page()
    app.button_group(key="splits").set_value([]).run()
    assert ["Fewer than three clips are chosen" in i.value for i in app.info] == [True]
    assert not app.exception


def test_a_latent_space_that_is_missing_is_offered(small: Path) -> None:
    app = page()
    app.selectbox(key="part").set_value("cnn_ae").run()
    assert ["Latent spaces are not stored" in i.value for i in app.info] == [True]
    assert app.button(key="start_latents-small").label == "Compute them"
    assert jobs.find("latents-small") is None


def test_missing_pooled_features_are_one_sentence(small: Path) -> None:
    (small / "features.parquet").unlink()
    app = page()
    assert len(app.error) == 1
    assert (
        "holds no pooled features that can be read (features.parquet): train its detectors again." in app.error[0].value
    )


def test_umap_costs_nothing_until_it_is_asked_for(small: Path) -> None:
    app = page(method="UMAP")
    assert ["No UMAP of these 36 clips" in i.value for i in app.info] == [True]
    assert not (get_settings().data_dir / "user" / "jobs").exists()
    if "tests.unit.test_embedding" not in sys.modules:  # which needs them
        assert not {"umap", "numba"} & set(sys.modules)
    app.slider(key="neighbours").set_value(30).run()
    assert not (get_settings().data_dir / "user" / "jobs").exists()
    assert app.session_state["neighbours"] == 30


def test_a_damaged_map_is_one_sentence(small: Path) -> None:
    from asd_core.space import UmapSettings, read_space, umap_file, umap_key

    vectors = read_space(small, "all").subset(["test", "train"], "00").vectors
    path = umap_file(umap_key(vectors, UmapSettings()))
    path.parent.mkdir(parents=True)
    path.write_bytes(b"nonsense")
    app = page(method="UMAP")
    assert [e.value for e in app.error] == [f"{path} is damaged: delete it and compute the map again."]


def test_the_demos_map_is_shown_at_once() -> None:
    app = page(method="UMAP")
    assert "420 clips · Log-mel: mean, spread and peak · UMAP of their first 50 principal components" in captions(app)
    assert not app.info
    app.slider(key="neighbours").set_value(30).run()
    assert ["No UMAP of these 420 clips" in i.value for i in app.info] == [True]


def test_an_open_clip_that_is_out_of_sight_is_named() -> None:
    app = app_at("feature_space")
    noise = 0.3 * np.random.default_rng(0).standard_normal((1, 160_000)).astype(np.float32)
    app.session_state["open_clip"] = Clip(noise, 16000, "0" * 64, "noise.wav")
    app.run()
    assert "27 of 420 clips lie outside this view, 14 of them labelled anomalies; so does noise.wav." in captions(app)
    app.toggle(key="outliers").set_value(True).run()
    assert "outside this view" not in captions(app)


def test_no_clip_of_a_umap_is_left_out() -> None:
    assert "outside this view" not in captions(page(method="UMAP", part="Log-mel: peak of each band", only="false"))
