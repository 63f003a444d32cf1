"""The two real trees go the Data page's way: a folder of the server or an upload, a dataset file, a training in a short time."""

import io
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from asd_core.artifacts import trained_keys
from asd_core.cli.app import main
from asd_core.datasets import Imported, examine, findings, import_recordings, open_dataset, use_folder
from asd_core.detectors import REGISTRY
from asd_core.scoring.store import SCORES
from asd_core.settings import get_settings
from asd_core.sound import read_clip, wav_bytes
from asd_core.training import cheapest_first

pytestmark = pytest.mark.real


@pytest.fixture
def folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("ASD_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("ASD_MODELS_DIR", str(tmp_path / "models"))
    get_settings.cache_clear()
    return tmp_path


def trained(result: Imported, monkeypatch: pytest.MonkeyPatch, *options: str) -> Path:
    """The detectors' folder, after the command that the page starts."""
    models = get_settings().models_dir / result.place.parent.name
    arguments = ["train", "--data", str(result.place), "--out", str(models), "--resume", *options]
    monkeypatch.setattr("sys.argv", ["asd_core", *arguments])
    assert main() == 0
    return models


def test_dcase_in_a_folder_of_the_server(real_slider: Path, folders: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    result = use_folder("Slide rail", real_slider)
    assert result.refused == []
    dataset = open_dataset(result.place)
    assert dataset.root == real_slider
    clips, damaged = examine(dataset)
    counts = clips.groupby(["machine_id", "split", "label"]).size()
    assert damaged == []
    assert set(clips["machine_type"]) == {"slider"}
    assert counts["00"].to_dict() == {("test", "anomaly"): 5, ("test", "normal"): 6, ("train", "normal"): 75}
    assert not [finding for finding in findings(clips) if "same sound" in finding]
    models = trained(result, monkeypatch, "--seconds", "3")
    keys = trained_keys(models)
    # As many as three seconds give on this machine, however fast it is: the cheapest is one, what takes half a minute is not.
    order = cheapest_first(set(REGISTRY) - {"fusion"})
    assert order[0] in keys
    assert order[-1] not in keys
    scores = pd.read_parquet(models / SCORES)
    assert set(scores["detector"]) == set(keys)
    # Who learned from machine 00 alone does not know the others.
    assert set(scores["machine_id"]) >= {"00"}
    assert scores["raw"].notna().all()


def cut(mimii: Path) -> bytes:
    """The real tree with its recordings cut into 20 parts of all eight channels each, as a ZIP."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for path in sorted(mimii.rglob("*.wav")):
            clip = read_clip(path)
            for n, part in enumerate(np.split(clip.samples, 20, axis=1)):
                name = path.relative_to(mimii).with_name(f"{n:08d}.wav")
                archive.writestr(str(name), wav_bytes(part, clip.sample_rate))
    return buffer.getvalue()


@pytest.mark.parametrize("channel", [0, 3])
def test_raw_mimii_as_an_upload_by_the_chosen_channel(
    real_slider: Path, folders: Path, monkeypatch: pytest.MonkeyPatch, channel: int
) -> None:
    monkeypatch.setenv("ASD_CHANNEL", str(channel))
    get_settings.cache_clear()
    content = cut(real_slider.parents[2] / "mimii")
    result = import_recordings("MIMII", [("mimii.zip", lambda: content)])
    assert (result.stored, result.refused) == (80, [])
    dataset = open_dataset(result.place)
    clips, damaged = examine(dataset)
    assert damaged == []
    assert set(clips["channels"]) == {8}
    assert set(clips["machine_type"]) == {"slider"}
    counts = clips.groupby(["machine_id", "split", "label"]).size()
    for machine_id in ("00", "02"):
        assert counts[machine_id].to_dict() == {("test", "anomaly"): 20, ("test", "normal"): 4, ("train", "normal"): 16}
    assert set(clips["snr_db"]) == {"0"}
    models = trained(result, monkeypatch, "--detectors", "control_rms,pca_lof")
    scores = pd.read_parquet(models / SCORES)
    for _, rows in scores[scores["detector"] == "control_rms"].groupby("machine_id"):
        levels = np.array([np.log(np.var(dataset.read(clip_id).samples, axis=1)) for clip_id in rows["clip_id"]])
        fits = [distance_fits(rows["raw"].to_numpy(), level) for level in levels.T]
        assert int(np.argmax(fits)) == channel
        assert fits[channel] > 0.9999


def distance_fits(scores: np.ndarray, levels: np.ndarray) -> float:
    """How well scores are distances of levels from some level: correlation with the best one."""
    middles = np.linspace(levels.min(), levels.max(), 2000)
    return max(float(np.corrcoef(scores, abs(levels - middle))[0, 1]) for middle in middles)
