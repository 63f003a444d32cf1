"""A recording, or a split, that was recorded otherwise than what the detectors learned from: the pages say so."""

import json
import re
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from asd_core.artifacts import POOLED, read_pooled
from asd_core.datasets import open_dataset
from asd_core.scoring import SCORES, with_applicability
from asd_core.sound import wav_bytes
from asd_core.training import train
from tests.app.helpers import app_at, opened, text, wav
from tests.conftest import write_wav

OTHERWISE = "recorded otherwise than the sound the detectors learned: 32,000 Hz (training: 16,000 Hz)."


def noise(seed: int, rate: int) -> np.ndarray:
    return np.random.default_rng(seed).normal(0, 0.05, 2 * rate).astype(np.float32)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Detectors of recordings whose test split has another rate."""
    folder = tmp_path_factory.mktemp("rates")
    for split, label, count, rate in (
        ("train", "normal", 20, 16000),
        ("test", "normal", 3, 32000),
        ("test", "anomaly", 3, 32000),
    ):
        for number in range(count):
            samples = noise(1000 * len(split) + 100 * len(label) + number, rate)
            write_wav(folder / "fan" / split / f"{label}_id_00_{number:08d}.wav", samples, rate)
    train(open_dataset(folder / "fan"), folder / "models", detectors=["pca_kde", "control_rms"])
    return folder / "models"


@pytest.fixture
def served(trained: Path, folders: Path) -> Path:
    """The only detectors of the app."""
    return Path(shutil.copytree(trained, folders / "models" / "rates"))


def test_compare_names_the_split(served: Path) -> None:
    assert f"Clips of the test set were {OTHERWISE}" in text(opened("compare"))
    stored = json.loads((served / "conditions.json").read_text())
    (served / "conditions.json").write_text(json.dumps({**stored, "test": stored["train"]}))
    assert "recorded otherwise" not in text(opened("compare"))


def test_the_clips_card_names_the_recording(served: Path) -> None:
    app = app_at(**{"from": "Upload"}).run()
    files = [("same.wav", wav(noise(0, 16000))), ("other.wav", wav_bytes(noise(1, 32000), 32000))]
    for name, data in files:
        app.file_uploader(key="files").set_value([(name, data, "audio/wav")]).run()
        assert not app.exception
        assert (f"{name} was {OTHERWISE}" in text(app)) == (name == "other.wav")


def test_compare_names_clips_that_are_not_of_their_machine(folders: Path, small_models: Path) -> None:
    models = shutil.copytree(small_models, folders / "models" / "small")
    said = "not like any recording of"
    assert said not in text(opened("compare"))
    table, levels = read_pooled(models), [f"f{i}" for i in range(128)]
    place = table.index[(table["split"] == "test") & (table["machine_id"] == "02")][0]
    table.loc[place, levels] = table.loc[place, levels] - 60
    table.to_parquet(models / POOLED)
    scores = pd.read_parquet(models / SCORES)
    stored, old = with_applicability(scores, models), scores.drop(columns=["applicable", "applicability_reason"])
    for known in (stored, old):  # earlier versions did not store it
        known.to_parquet(models / SCORES)
        app = opened("compare")
        assert f"1 clip of the test split is {said} its machine: check machine id, microphone and rate" in text(app)
        assert re.search(
            r"id 02 · clip \d+ \(its level in quiet moments is \d\d dB below the normal clips\)", text(app)
        )
        assert said not in text(opened("compare", of_ids="00"))
