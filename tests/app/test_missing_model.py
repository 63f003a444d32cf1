"""A detector whose pretrained model's file is missing: named where it would stand, and in nobody's way."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from asd_core.datasets import Dataset
from asd_core.features import add_model, pretrained_model
from asd_core.features.pretrained import embedding, runtime
from asd_core.training import train
from tests.app.helpers import app_at, opened, text
from tests.app.test_clip_views import captions, look, table, upload
from tests.unit.test_frozen_embedding import tiny_in

NAMED = "Left out: Frozen embedding + kNN. Tiny is not here"
OTHERS = ["Control: clip level", "PCA + KDE"]


@pytest.fixture(autouse=True)
def _without_the_model(folders: Path, brief_dataset: Dataset) -> Iterator[None]:
    """Three detectors, one of them of a model that was there in training."""
    models = folders / "models" / "brief"
    with tiny_in(folders) as given:
        file = add_model(pretrained_model("tiny"), given)
        train(brief_dataset, models, detectors=["pca_kde", "frozen_embedding", "control_rms"])
        (models / "dataset.json").write_text(json.dumps({"location": brief_dataset.location, "title": "brief"}))
        file.unlink()
        shutil.rmtree(folders / "cache")
        for kept in (runtime.load, embedding._cache):
            kept.cache_clear()
        yield


def named(app: AppTest) -> int:
    assert not app.error
    return text(app).count(NAMED)


def test_the_others_are_explained() -> None:
    app = look(app_at(), "Why")
    assert named(app) == 1
    assert sorted(table(app, "Why", "Map")["Detector"]) == OTHERS  # type: ignore[index]
    assert "0 of 2 detectors have a map" in captions(app)


def test_silent_windows_are_counted_by_those_that_score() -> None:
    quiet = np.zeros((1, 64_000), dtype=np.float32)
    noise = 0.1 * np.random.default_rng(0).standard_normal((1, 64_000)).astype(np.float32)
    app = app_at(look="Over time", window="2 s every 1 s")
    app = look(upload(app, ("still.wav", np.concatenate([noise, quiet, noise], axis=1)[0])), "Over time")
    assert named(app) == 1
    assert "3 silent windows have no score" in captions(app)


def test_a_presentation_names_it() -> None:
    assert named(opened("present", step="3")) == 1
