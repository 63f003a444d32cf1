"""One recording more in a dataset that was added in the browser: once, under its name, as a person calls it."""

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from asd_core.datasets import (
    Answer,
    DatasetFile,
    add_recording,
    add_to_new_dataset,
    datasets_folder,
    delete_dataset,
    extendable_datasets,
    import_recordings,
    machines_of,
    open_dataset,
    read_dataset_file,
    rename_dataset,
    survey,
    update_dataset_file,
    use_folder,
    write_dataset_file,
)
from asd_core.datasets.stored_datasets import ORIGIN
from asd_core.errors import DatasetError
from asd_core.settings import get_settings
from asd_core.sound import wav_bytes


def sound(seed: int) -> bytes:
    return wav_bytes(np.random.default_rng(seed).normal(0, 0.1, 16000).astype(np.float32), 16000)


pytestmark = pytest.mark.usefixtures("data_dir")


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
        added = add_recording(place, name, sound(10 + number), label, ("motor", "2"))
        assert added.new
        assert rows(place)[added.clip_id] == ["motor", "2", label]
    found = open_dataset(place).catalogue.set_index("clip_id")
    assert found.loc["kept/c.wav", "split"] == "eval"
    assert rows(place)["motor_1/normal/1.wav"] == ["motor", "1", "normal"]


@pytest.mark.parametrize(
    ("names", "answers", "machine"),
    [
        (["plant/press/normal/1.wav", "plant/press/normal/2.wav", "plant/press/faulty/1.wav"], [], ("press", "00")),
        (["day1/1.wav", "day1/2.wav"], [{"pattern": "day1/*", "label": "normal"}], ("day", "1")),
    ],
)
def test_what_is_kept_changes_nothing_about_the_others(
    data_dir: Path, names: list[str], answers: list[Answer], machine: tuple[str, str]
) -> None:
    """What folders mean is seen from the whole tree, and a kept recording is none of it."""
    files = [(name, lambda seed=seed: sound(seed)) for seed, name in enumerate(names)]
    place = import_recordings("Rig", files, answers=answers).place
    before = open_dataset(place).catalogue.set_index("clip_id")
    assert machines_of(place) == [machine]
    for number, label in enumerate(("anomaly", "normal", "unlabelled")):
        clip_id = add_recording(place, f"k{number}.wav", sound(50 + number), label, machine).clip_id
        assert rows(place)[clip_id] == [*machine, label]
    after = open_dataset(place).catalogue.set_index("clip_id")
    assert after.loc[before.index, list(before)].equals(before)
    assert machines_of(place) == [machine]


def test_an_answer_about_many_does_not_rename_what_was_kept(data_dir: Path) -> None:
    place = made(**{f"{name}.wav": sound(seed) for seed, name in enumerate("abcdefghijk")})
    added = add_recording(place, "x.wav", sound(50), "anomaly", machines_of(place)[0])
    (asked,) = [
        group.pattern
        for group in survey(place.parent / "recordings", read_dataset_file(place).answers).groups
        if not group.row
    ]
    update_dataset_file(
        place, lambda file: replace(file, answers=[*file.answers, {"pattern": asked, "label": "normal"}])
    )
    assert rows(place)[added.clip_id][-1] == "anomaly"
    assert rows(place)["a.wav"][-1] == "normal"
    # One about their folder does.
    update_dataset_file(
        place, lambda file: replace(file, answers=[*file.answers, {"pattern": "kept/*", "label": "normal"}])
    )
    assert rows(place)[added.clip_id][-1] == "normal"


def splits(place: Path) -> dict[str, str]:
    catalogue = open_dataset(place).catalogue
    return dict(zip(catalogue["clip_id"], catalogue["split"], strict=True))


def test_a_kept_normal_moves_no_other_to_testing(data_dir: Path) -> None:
    place = made(**{f"normal/{n}.wav": sound(n) for n in range(44)})
    before = splits(place)
    assert list(before.values()).count("test") == 8
    for number in range(6):
        add_recording(place, f"{number}.wav", sound(100 + number), "normal", machines_of(place)[0])
        assert before.items() <= splits(place).items()
    of_added = [split for clip_id, split in splits(place).items() if clip_id.startswith("kept/")]
    assert of_added.count("test") == 1
    # Nor does one that was called something else at first.
    clip_id = add_recording(place, "late.wav", sound(200), "anomaly", machines_of(place)[0]).clip_id
    assert splits(place)[clip_id] == "test"
    update_dataset_file(
        place, lambda file: replace(file, answers=[*file.answers, {"pattern": clip_id, "label": "normal"}])
    )
    assert splits(place)[clip_id] == "train"
    assert before.items() <= splits(place).items()


def test_a_dataset_of_kept_normals_has_some_to_test(data_dir: Path) -> None:
    place = add_to_new_dataset("Press", "0.wav", sound(0), "normal").place
    for number in range(1, 20):
        add_recording(place, f"{number}.wav", sound(number), "normal", ("Press", "00"))
    assert list(splits(place).values()).count("test") == 4


def test_what_several_write_at_once_is_all_there(data_dir: Path) -> None:
    place = made(**{"normal/1.wav": sound(1)})
    machine = machines_of(place)[0]

    def answer(number: int) -> None:
        update_dataset_file(
            place, lambda file: replace(file, answers=[*file.answers, {"pattern": f"{number}/*", "label": "normal"}])
        )

    def both(number: int) -> None:
        answer(number)
        add_recording(place, "press.wav", sound(10 + number), "anomaly", machine)
        rename_dataset(place, "Rig 8")

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(both, range(24)))
    file = read_dataset_file(place)
    patterns = [one["pattern"] for one in file.answers]
    names = ["press", *(f"press-{n}" for n in range(2, 25))]
    assert sorted(patterns) == sorted([*(f"{n}/*" for n in range(24)), *(f"kept/{name}.wav" for name in names)])
    assert {f"kept/{name}.wav" for name in names} == rows(place).keys() - {"normal/1.wav"}
    assert file.title == "Rig 8"


def test_a_dataset_that_is_gone_leaves_no_folder_when_it_is_changed(data_dir: Path) -> None:
    place = made(**{"normal/1.wav": sound(1)})
    delete_dataset(place)
    with pytest.raises(DatasetError, match="cannot be read"):
        rename_dataset(place, "Rig 8")
    assert not place.parent.exists()


def test_a_public_set_is_not_added_to(data_dir: Path) -> None:
    place = made(**{"normal/1.wav": sound(1)})
    (place.parent / ORIGIN).write_text("https://example.org\n")
    assert extendable_datasets() == []
    with pytest.raises(DatasetError, match="is no dataset"):
        add_recording(place, "2.wav", sound(2), "normal", ("recordings", "00"))


def test_the_same_sound_is_not_stored_twice(data_dir: Path) -> None:
    place = made(**{"normal/1.wav": sound(1)})
    before = place.read_text()
    added = add_recording(place, "other.wav", sound(1), "anomaly", ("recordings", "00"))
    assert (added.clip_id, added.new) == ("normal/1.wav", False)
    assert rows(place) == {"normal/1.wav": ["recordings", "00", "normal"]}
    assert place.read_text() == before
    names = [add_recording(place, "1.wav", sound(n), "normal", ("recordings", "00")).clip_id for n in (2, 3, 2)]
    assert names == ["kept/1.wav", "kept/1-2.wav", "kept/1.wav"]
    assert len(rows(place)) == 3
    almost = bytearray(sound(1))
    almost[-1] ^= 1
    assert add_recording(place, "almost.wav", bytes(almost), "normal", ("recordings", "00")).new


def test_a_dataset_begins_with_a_recording(data_dir: Path) -> None:
    added = add_to_new_dataset("Press line 3", "RUN.wav", sound(1), "normal")
    assert rows(added.place) == {"kept/RUN.wav": ["Press line 3", "00", "normal"]}
    assert machines_of(added.place) == [("Press line 3", "00")]
    with pytest.raises(DatasetError, match="has no name"):
        add_to_new_dataset(" ", "RUN.wav", sound(1), "normal")


def test_a_table_does_not_speak_of_what_was_kept(data_dir: Path) -> None:
    place = made(**{"1.wav": sound(1), "labels.csv": b"path,label\n1.wav,normal\nlost.wav,normal\n"})
    added = add_recording(place, "lost.wav", sound(2), "anomaly", machines_of(place)[0])
    assert rows(place)[added.clip_id][-1] == "anomaly"
    assert "1 row of labels.csv matches no recording here." in open_dataset(place).notes


@pytest.mark.parametrize("name", ["x.txt", "x", "..", "a/.."])
def test_a_file_that_would_not_be_found_again_is_refused(data_dir: Path, name: str) -> None:
    place = made(**{"normal/1.wav": sound(1)})
    with pytest.raises(DatasetError, match="has no ending of a sound file"):
        add_recording(place, name, sound(2), "normal", ("recordings", "00"))
    with pytest.raises(DatasetError, match="has no ending of a sound file"):
        add_to_new_dataset("New", name, sound(2), "normal")
    assert [path.name for path in data_dir.rglob("*.*") if path.is_file() and path.suffix != ".lock"] == [
        "dataset.toml",
        "1.wav",
    ]


def test_a_path_in_a_name_leads_nowhere(data_dir: Path) -> None:
    place = made(**{"normal/1.wav": sound(1)})
    assert add_recording(place, "../../out.wav", sound(2), "normal", ("recordings", "00")).clip_id == "kept/out.wav"
    assert (
        add_recording(place, "C:\\rig\\out2.wav", sound(3), "normal", ("recordings", "00")).clip_id == "kept/out2.wav"
    )


def test_folders_elsewhere_are_not_written_to(data_dir: Path, tmp_path: Path) -> None:
    folder = tmp_path / "plant"
    (folder / "normal").mkdir(parents=True)
    (folder / "normal" / "1.wav").write_bytes(sound(1))
    server = use_folder("Plant", folder).place
    own = made(**{"normal/1.wav": sound(1)})
    assert extendable_datasets() == [own]
    write_dataset_file(tmp_path / "dataset.toml", DatasetFile(folder, [], []))
    for place in (server, tmp_path / "dataset.toml"):
        with pytest.raises(DatasetError, match="is no dataset whose recordings are stored here"):
            add_recording(place, "2.wav", sound(2), "normal", ("plant", "00"))
    assert os.listdir(folder / "normal") == ["1.wav"]


def test_a_full_quota_keeps_nothing(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = made(**{"normal/1.wav": sound(1)})
    monkeypatch.setenv("ASD_DATA_QUOTA_MB", "0.05")
    get_settings.cache_clear()
    for keep in (
        lambda: add_recording(place, "2.wav", sound(2), "normal", ("recordings", "00")),
        lambda: add_to_new_dataset("Other", "2.wav", sound(2), "normal"),
    ):
        with pytest.raises(DatasetError, match="that datasets may take"):
            keep()
    assert list(rows(place)) == ["normal/1.wav"]
    assert survey(datasets_folder()).catalogue["clip_id"].tolist() == ["rig/recordings/normal/1.wav"]
