"""One recording more in a dataset that was added in the browser: once, under its name, as a person calls it."""

import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from asd_core.datasets import (
    DatasetFile,
    datasets_folder,
    datasets_to_keep_in,
    import_recordings,
    keep_in_new,
    keep_recording,
    machines_of,
    open_dataset,
    survey,
    use_folder,
    write_dataset_file,
)
from asd_core.errors import DatasetError
from asd_core.settings import get_settings
from asd_core.sound import wav_bytes


def sound(seed: int) -> bytes:
    return wav_bytes(np.random.default_rng(seed).normal(0, 0.1, 16000).astype(np.float32), 16000)


@pytest.fixture(autouse=True)
def data_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("ASD_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("ASD_MODELS_DIR", str(tmp_path / "models"))
    get_settings.cache_clear()
    yield tmp_path / "data"
    get_settings.cache_clear()


def made(**files: bytes) -> Path:
    return import_recordings("Rig", [(path, lambda data=data: data) for path, data in files.items()]).place


def rows(place: Path) -> dict[str, list[str]]:
    table = open_dataset(place).catalogue[["clip_id", "machine_type", "machine_id", "label"]]
    return {clip_id: row for clip_id, *row in table.to_numpy().tolist()}


def test_a_recording_joins_its_machine_as_it_is_called(data_dir: Path) -> None:
    place = made(**{"motor_1/normal/1.wav": sound(1), "motor_2/normal/1.wav": sound(2)})
    assert machines_of(place) == [("motor", "1"), ("motor", "2")]
    for number, label in enumerate(("normal", "anomaly", "unlabelled")):
        name = ("anomaly_id_03_00000001.wav", "b[1].wav", "c.wav")[number]
        kept = keep_recording(place, name, sound(10 + number), label, ("motor", "2"))
        assert kept.new
        assert rows(place)[kept.clip_id] == ["motor", "2", label]
    found = open_dataset(place).catalogue.set_index("clip_id")
    assert found.loc["kept/c.wav", "split"] == "eval"
    assert rows(place)["motor_1/normal/1.wav"] == ["motor", "1", "normal"]


def test_the_same_sound_is_not_stored_twice(data_dir: Path) -> None:
    place = made(**{"normal/1.wav": sound(1)})
    before = place.read_text()
    kept = keep_recording(place, "other.wav", sound(1), "anomaly", ("recordings", "00"))
    assert (kept.clip_id, kept.new) == ("normal/1.wav", False)
    assert rows(place) == {"normal/1.wav": ["recordings", "00", "normal"]}
    assert place.read_text() == before
    names = [keep_recording(place, "1.wav", sound(n), "normal", ("recordings", "00")).clip_id for n in (2, 3, 2)]
    assert names == ["kept/1.wav", "kept/1-2.wav", "kept/1.wav"]
    assert len(rows(place)) == 3
    almost = bytearray(sound(1))
    almost[-1] ^= 1
    assert keep_recording(place, "almost.wav", bytes(almost), "normal", ("recordings", "00")).new


def test_a_dataset_begins_with_a_recording(data_dir: Path) -> None:
    kept = keep_in_new("Press line 3", "RUN.wav", sound(1), "normal")
    assert rows(kept.place) == {"kept/RUN.wav": ["Press line 3", "00", "normal"]}
    assert machines_of(kept.place) == [("Press line 3", "00")]
    with pytest.raises(DatasetError, match="has no name"):
        keep_in_new(" ", "RUN.wav", sound(1), "normal")


def test_a_table_does_not_speak_of_what_was_kept(data_dir: Path) -> None:
    place = made(**{"1.wav": sound(1), "labels.csv": b"path,label\n1.wav,normal\nlost.wav,normal\n"})
    kept = keep_recording(place, "lost.wav", sound(2), "anomaly", machines_of(place)[0])
    assert rows(place)[kept.clip_id][-1] == "anomaly"
    assert "1 row of labels.csv matches no recording here." in open_dataset(place).notes


@pytest.mark.parametrize("name", ["x.txt", "x", "..", "a/.."])
def test_a_file_that_would_not_be_found_again_is_refused(data_dir: Path, name: str) -> None:
    place = made(**{"normal/1.wav": sound(1)})
    with pytest.raises(DatasetError, match="has no ending of a sound file"):
        keep_recording(place, name, sound(2), "normal", ("recordings", "00"))
    with pytest.raises(DatasetError, match="has no ending of a sound file"):
        keep_in_new("New", name, sound(2), "normal")
    assert [path.name for path in data_dir.rglob("*.*") if path.is_file() and path.suffix != ".lock"] == [
        "dataset.toml",
        "1.wav",
    ]


def test_a_path_in_a_name_leads_nowhere(data_dir: Path) -> None:
    place = made(**{"normal/1.wav": sound(1)})
    assert keep_recording(place, "../../out.wav", sound(2), "normal", ("recordings", "00")).clip_id == "kept/out.wav"
    assert (
        keep_recording(place, "C:\\rig\\out2.wav", sound(3), "normal", ("recordings", "00")).clip_id == "kept/out2.wav"
    )


def test_folders_elsewhere_are_not_written_to(data_dir: Path, tmp_path: Path) -> None:
    folder = tmp_path / "plant"
    (folder / "normal").mkdir(parents=True)
    (folder / "normal" / "1.wav").write_bytes(sound(1))
    server = use_folder("Plant", folder).place
    own = made(**{"normal/1.wav": sound(1)})
    assert datasets_to_keep_in() == [own]
    write_dataset_file(tmp_path / "dataset.toml", DatasetFile(folder, [], []))
    for place in (server, tmp_path / "dataset.toml"):
        with pytest.raises(DatasetError, match="is no dataset whose recordings are stored here"):
            keep_recording(place, "2.wav", sound(2), "normal", ("plant", "00"))
    assert os.listdir(folder / "normal") == ["1.wav"]


def test_a_full_quota_keeps_nothing(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = made(**{"normal/1.wav": sound(1)})
    monkeypatch.setenv("ASD_DATA_QUOTA_MB", "0.05")
    get_settings.cache_clear()
    for keep in (
        lambda: keep_recording(place, "2.wav", sound(2), "normal", ("recordings", "00")),
        lambda: keep_in_new("Other", "2.wav", sound(2), "normal"),
    ):
        with pytest.raises(DatasetError, match="that datasets may take"):
            keep()
    assert list(rows(place)) == ["normal/1.wav"]
    assert survey(datasets_folder()).catalogue["clip_id"].tolist() == ["rig/recordings/normal/1.wav"]
