"""Recordings that come through the browser: stored whole or not at all, and nowhere else."""

import io
import os
import zipfile
from pathlib import Path

import numpy as np
import pytest

from asd_core.datasets import (
    datasets_folder,
    delete_dataset,
    import_recordings,
    open_dataset,
    read_dataset_file,
    rename_dataset,
    use_folder,
)
from asd_core.datasets.stored_datasets import title_of, user_datasets
from asd_core.errors import DatasetError
from asd_core.settings import get_settings
from asd_core.sound import wav_bytes
from tests.conftest import ROOT

SOUND = wav_bytes(np.random.default_rng(0).normal(0, 0.1, 16000).astype(np.float32), 16000)


pytestmark = pytest.mark.usefixtures("data_dir")


def zipped(**members: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return buffer.getvalue()


def given(**files: bytes) -> list[tuple[str, object]]:
    return [(path, lambda data=data: data) for path, data in files.items()]


def test_files_and_zips_become_a_dataset(data_dir: Path) -> None:
    archive = zipped(**{"press/normal/1.wav": SOUND, "press/faulty/2.wav": SOUND, "press/notes.txt": b"x"})
    result = import_recordings("Press line 3", given(**{"all.zip": archive, "press/normal/3.wav": SOUND}))
    assert result.place == datasets_folder() / "press-line-3" / "dataset.toml"
    assert user_datasets() == [result.place]
    assert result.stored == 3
    assert [(unused.file, unused.reason) for unused in result.refused] == [("all.zip/press/notes.txt", "no sound file")]
    dataset = open_dataset(result.place)
    assert dataset.title == "Press line 3"
    assert sorted(dataset.catalogue["label"]) == ["anomaly", "normal", "normal"]
    assert dataset.read("press/normal/1.wav").duration == 1.0


def sound(seed: int) -> bytes:
    return wav_bytes(np.random.default_rng(seed).normal(0, 0.1, 8000).astype(np.float32), 16000)


def rows(place: Path) -> list[list[str]]:
    return open_dataset(place).catalogue[["clip_id", "machine_type", "machine_id", "label"]].to_numpy().tolist()


def test_two_files_of_one_path_are_two_recordings(data_dir: Path) -> None:
    """Also where a layout reads the name; the same bytes are one recording, and that is said."""
    files = [("normal/0.wav", 1), ("normal/0.wav", 2), ("normal/0.wav", 2), ("normal/0.wav", 3)]
    files += [("normal_id_02_00000000.wav", 4), ("normal_id_02_00000000.wav", 5)]
    result = import_recordings("Rig", [(path, lambda seed=seed: sound(seed)) for path, seed in files])
    assert result.stored == 5
    assert [(one.file, one.reason) for one in result.refused] == [
        ("normal/0.wav", "the same file was given twice, and is stored once")
    ]
    assert [row[0] for row in rows(result.place)] == [
        "normal/0-2.wav",
        "normal/0-3.wav",
        "normal/0.wav",
        "normal_id_02_00000000-2.wav",
        "normal_id_02_00000000.wav",
    ]
    assert [row[2:] for row in rows(result.place)[-2:]] == [["02", "normal"]] * 2
    dataset = open_dataset(result.place)
    assert len({dataset.read(clip_id).sha256 for clip_id in dataset.catalogue["clip_id"]}) == 5


@pytest.mark.parametrize("first", ["1.wav", "1.wav/normal/2.wav"])
def test_a_folder_called_as_a_recording_is_beside_it(data_dir: Path, first: str) -> None:
    files = {"1.wav": sound(1), "1.wav/normal/2.wav": sound(2), "1.wav/normal/3.wav": sound(3)}
    ordered = {first: files[first]} | files
    answer = [{"pattern": "1*.wav", "label": "normal"}]
    for content in (given(**ordered), given(**{"all.zip": zipped(**ordered)})):
        result = import_recordings("Rig", content, answers=answer)
        assert (result.stored, result.refused) == (3, [])
        folder, file = ("1-2.wav", "1.wav") if first == "1.wav" else ("1.wav", "1-2.wav")
        assert {row[0] for row in rows(result.place)} == {file, f"{folder}/normal/2.wav", f"{folder}/normal/3.wav"}


def test_zips_whose_recordings_are_called_alike_are_machines_of_their_own(data_dir: Path) -> None:
    def machine(seed: int) -> bytes:
        return zipped(**{"normal/0.wav": sound(seed), "abnormal/0.wav": sound(seed + 1)})

    names = {"fan1.zip": machine(1), "fan2.zip": machine(3), "more/fan2.zip": machine(3)}
    result = import_recordings("Fans", given(**names))
    assert (result.stored, result.refused) == (6, [])
    assert [row[:1] + row[-1:] for row in rows(result.place)] == [
        [f"{folder}/{label}/0.wav", meaning]
        for folder in ("fan1", "fan2", "more/fan2")
        for label, meaning in (("abnormal", "anomaly"), ("normal", "normal"))
    ]
    two = import_recordings("Fans", [(name, lambda name=name: names[name]) for name in ("fan1.zip", "fan2.zip")])
    assert [row[1:3] for row in rows(two.place)] == [["fan", "1"]] * 2 + [["fan", "2"]] * 2
    twice = import_recordings("Fans", [("fan1.zip", lambda: machine(1)), ("fan1.zip", lambda: machine(3))])
    assert {row[0].split("/")[0] for row in rows(twice.place)} == {"fan1", "fan1-2"}
    again = import_recordings("Fans", given(**{"fan1.zip": machine(1), "copy.zip": machine(1)}))
    assert (again.stored, len(again.refused), len(rows(again.place))) == (2, 2, 2)
    mixed = import_recordings("Fans", given(**{"normal/0.wav": sound(9), "fan1.zip": machine(1)}))
    assert [row[0] for row in rows(mixed.place)] == ["fan1/abnormal/0.wav", "fan1/normal/0.wav", "normal/0.wav"]
    within = io.BytesIO()
    with zipfile.ZipFile(within, "w") as archive:
        archive.writestr("normal/0.wav", sound(1))
        with pytest.warns(UserWarning, match="Duplicate"):
            archive.writestr("normal/0.wav", sound(2))
    result = import_recordings("Fans", given(**{"fan.zip": within.getvalue()}))
    assert [row[0] for row in rows(result.place)] == ["normal/0-2.wav", "normal/0.wav"]


@pytest.mark.parametrize(
    ("written", "flag", "read"),
    [
        ("Prüfung/défaut.wav".encode(), 0, "Prüfung/défaut.wav"),  # macOS, and zip on Linux
        ("Prüfung/défaut.wav".encode(), 0x800, "Prüfung/défaut.wav"),
        ("Prüfung/défaut.wav".encode("cp437"), 0, "Prüfung/défaut.wav"),  # Windows
        (b"test/1.wav", 0, "test/1.wav"),
    ],
)
def test_names_in_a_zip_are_read_as_they_were_written(written: bytes, flag: int, read: str) -> None:
    stand_in = "x" * len(written)  # the library writes no name but ASCII without the flag
    data = bytearray(zipped(**{stand_in: SOUND}).replace(stand_in.encode(), written))
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = data.index(signature) + offset
        data[at : at + 2] = flag.to_bytes(2, "little")
    result = import_recordings("Pumps", given(**{"pumps.zip": bytes(data)}))
    assert (result.stored, result.refused) == (1, [])
    assert [
        path.relative_to(result.place.parent / "recordings").as_posix() for path in result.place.parent.rglob("*.wav")
    ] == [read]


TABLE = b"file;label;machine id\n2026-05-03/1.wav;normal;7\n2.wav;anomaly;7\n9.wav;normal;7\n"


def test_a_table_in_a_zip_says_what_its_recordings_are(data_dir: Path) -> None:
    """It is kept beside them and opens with them; rows about others are named; nothing outside is opened."""
    outside = data_dir.parent / "normal" / "1.wav"
    outside.parent.mkdir(parents=True)
    outside.write_bytes(SOUND)
    table = TABLE + f"{outside};anomaly;8\n../../../../normal/1.wav;anomaly;8\n".encode()
    archive = zipped(
        **{"rig/2026-05-03/1.wav": SOUND, "rig/2.wav": SOUND, "rig/labels.csv": table, "rig/other.csv": b"a,b\n1,2\n"}
    )
    result = import_recordings("Rig", given(**{"rig.zip": archive}))
    assert result.stored == 2
    assert [(one.file, one.reason.split(":")[0]) for one in result.refused] == [
        ("rig/other.csv", "other.csv has no column path")
    ]
    assert 'table = "recordings/rig/labels.csv"' in result.place.read_text()
    dataset = open_dataset(result.place)
    rows = dataset.catalogue[["clip_id", "machine_id", "label"]].to_numpy().tolist()
    assert rows == [["rig/2.wav", "7", "anomaly"], ["rig/2026-05-03/1.wav", "7", "normal"]]
    assert dataset.notes[:2] == (
        "labels.csv tells of 2 recordings here.",
        "3 rows of labels.csv match no recording here.",
    )
    rename_dataset(result.place, "Rig 8")
    assert open_dataset(result.place).catalogue.equals(dataset.catalogue)
    moved = data_dir.parent / "moved"
    os.replace(result.place.parent, moved)
    assert open_dataset(moved / "dataset.toml").catalogue.equals(dataset.catalogue)


def test_a_table_beside_dropped_files_and_a_table_alone(data_dir: Path) -> None:
    result = import_recordings("Rig", given(**{"1.wav": SOUND, "2.wav": SOUND, "labels.csv": TABLE}))
    assert sorted(open_dataset(result.place).catalogue["label"]) == ["anomaly", "normal"]
    with pytest.raises(
        DatasetError, match=r"^labels.csv is a table of recordings, but they are not with it: add it together"
    ):
        import_recordings("Rig", given(**{"labels.csv": TABLE}))
    two = import_recordings("Rig", given(**{"normal/1.wav": SOUND, "a.csv": TABLE, "b.csv": TABLE}))
    assert {one.reason for one in two.refused} == {"of several tables none is used: give one"}
    assert open_dataset(two.place).catalogue["label"].tolist() == ["normal"]


def test_attribute_files_are_kept_with_an_upload(data_dir: Path) -> None:
    name = "fan/train/section_00_source_train_normal_0000.wav"
    files = {name: SOUND, "fan/attributes_00.csv": f"file_name,d1p,d1v\n{name},vel,6\n".encode()}
    result = import_recordings("Fan", given(**{"fan.zip": zipped(**files)}))
    assert open_dataset(result.place).catalogue["vel"].tolist() == ["6"]


def test_a_folder_of_the_server_is_used_with_its_table(data_dir: Path) -> None:
    folder = data_dir.parent / "plant"
    for name, content in {"2026-05-03/1.wav": SOUND, "2.wav": SOUND, "labels.csv": TABLE, "notes.csv": b"a\n"}.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    (folder / "export.csv").write_bytes(b"")
    os.truncate(folder / "export.csv", 50_000_001)
    result = use_folder(" Plant ", folder)
    assert [one.file for one in result.refused] == ["export.csv", "notes.csv"]
    assert result.refused[0].reason.startswith("export.csv is larger than a table of recordings may be")
    dataset = open_dataset(result.place)
    assert (dataset.title, dataset.root, sorted(dataset.catalogue["label"])) == ("Plant", folder, ["anomaly", "normal"])
    assert [path.name for path in result.place.parent.iterdir()] == ["dataset.toml"]
    with pytest.raises(DatasetError, match="has no name"):
        use_folder(" ", folder)


@pytest.mark.parametrize("name", ["../out.wav", "/etc/out.wav", "a/../../out.wav", "C:\\out.wav", "..\\..\\out.wav"])
def test_no_path_leads_out(data_dir: Path, name: str) -> None:
    archive = zipped(**{name: SOUND, "normal/1.wav": SOUND})
    result = import_recordings("x", given(**{"a.zip": archive, name: SOUND}))
    assert result.stored == 1
    assert {unused.reason for unused in result.refused} == {"its path leads out of the dataset"}
    assert [path.name for path in data_dir.parent.rglob("*.wav")] == ["1.wav"]


def test_a_bomb_and_a_full_quota_are_refused_and_leave_nothing(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ASD_DATA_QUOTA_MB", "1")
    get_settings.cache_clear()
    bomb = zipped(**{"normal/1.wav": bytes(50_000_000)})
    assert len(bomb) < 100_000
    with pytest.raises(DatasetError, match=r"It holds no recording \(bomb.zip: unpacked, it exceeds the 1 MB"):
        import_recordings("x", given(**{"bomb.zip": bomb}))
    with pytest.raises(DatasetError, match="exceed the 1 MB that datasets may take"):
        import_recordings("x", given(**{f"normal/{n}.wav": SOUND for n in range(40)}))
    assert user_datasets() == []
    assert list(datasets_folder().iterdir()) == []


def test_a_zip_that_lies_about_sizes_is_read_no_further(data_dir: Path) -> None:
    archive = bytearray(zipped(**{"normal/1.wav": bytes(5_000_000), "normal/2.wav": SOUND}))
    position = archive.index(b"PK\x01\x02") + 24
    archive[position : position + 4] = (1000).to_bytes(4, "little")
    result = import_recordings("x", given(**{"liar.zip": bytes(archive)}))
    assert result.stored == 1
    assert len(result.refused) == 1


@pytest.mark.parametrize(
    ("files", "reason"), [({}, "It holds no recording"), ({"a.zip": b"PK"}, "not a ZIP"), ({"a.txt": b""}, "no sound")]
)
def test_what_holds_no_recording_is_refused(data_dir: Path, files: dict[str, bytes], reason: str) -> None:
    with pytest.raises(DatasetError, match=reason):
        import_recordings("x", given(**files))
    assert user_datasets() == []


@pytest.mark.parametrize(
    ("title", "folder"),
    [
        ("Pumpen Größe 3", "pumpen-groesse-3"),
        ("Pumpen Gro\u0308\u00dfe 3", "pumpen-groesse-3"),  # as macOS writes it
        ("ÄÖÜ Straße", "aeoeue-strasse"),
        ("Łożysko główne", "lozysko-glowne"),
        ("Kværner Møre Ålesund", "kvaerner-more-alesund"),
        ("défaut ½ vitesse", "defaut-1-2-vitesse"),
        ("İzmir ﬁlter №5", "izmir-filter-no5"),
        ("Насос 3 B", "3-b"),
    ],
)
def test_letters_are_spelled_in_the_folder(tmp_path: Path, title: str, folder: str) -> None:
    assert use_folder(title, tmp_path).place.parent.name == folder
    again = use_folder(title, tmp_path).place
    assert (again.parent.name, title_of(again)) == (f"{folder}-2", title)


def test_a_folder_that_was_named_before_is_found(data_dir: Path) -> None:
    place = import_recordings("Pumpen Größe 3", given(**{"normal/1.wav": SOUND})).place
    os.replace(place.parent, earlier := datasets_folder() / "pumpen-gr-e-3")
    assert user_datasets() == [earlier / "dataset.toml"]
    assert title_of(earlier / "dataset.toml") == open_dataset(earlier / "dataset.toml").title == "Pumpen Größe 3"


def test_two_of_one_name_are_two(data_dir: Path) -> None:
    places = [import_recordings("ポンプ", given(**{"normal/1.wav": SOUND})).place for _ in range(2)]
    assert len(set(places)) == 2
    assert [open_dataset(place).title for place in places] == ["ポンプ", "ポンプ"]
    rename_dataset(places[0], "Pump 1")
    assert open_dataset(places[0]).title == "Pump 1"
    assert read_dataset_file(places[0]).folder == places[0].parent / "recordings"
    delete_dataset(places[0])
    assert user_datasets() == [places[1]]
    with pytest.raises(DatasetError, match="is no dataset that was added in the browser"):
        delete_dataset(ROOT / "data" / "demo" / "dataset.toml")
