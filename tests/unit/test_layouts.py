"""Trees as strangers bring them: every recording to its machine, split and label, or a question, and nothing lost silently."""

import os
from pathlib import Path

import pytest

from asd_core.datasets import (
    DatasetFile,
    Survey,
    open_dataset,
    read_answers,
    survey,
    surveyed_dataset,
    write_dataset_file,
)
from asd_core.errors import DatasetError


def tree(root: Path, *names: str) -> Survey:
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"RIFF")
    return survey(root)


def row(found: Survey, clip_id: str, *columns: str) -> list[str]:
    rows = found.catalogue.set_index("clip_id")
    return list(rows.loc[clip_id, list(columns)])


IDENTITY = ("machine_type", "machine_id", "split", "label", "domain")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        (
            "slider/train/section_00_source_train_normal_0000_strength_1.wav",
            ["slider", "00", "train", "normal", "source"],
        ),
        ("slider/source_test/section_01_source_test_anomaly_0003.wav", ["slider", "01", "test", "anomaly", "source"]),
        ("slider/target_test/section_00_target_test_anomaly_0003.wav", ["slider", "00", "test", "anomaly", "target"]),
        ("fan/train/section_00_target_train_normal_0001_vel_100.wav", ["fan", "00", "train", "normal", "target"]),
        ("fan/test/section_00_source_test_anomaly_0003_noAttribute.wav", ["fan", "00", "test", "anomaly", "source"]),
        ("fan/test/section_00_source_test_normal_0004_.wav", ["fan", "00", "test", "normal", "source"]),
        ("fan/test/section_03_0012.wav", ["fan", "03", "eval", "unlabelled", "source"]),
        ("fan/source_test/section_03_source_test_0012.wav", ["fan", "03", "eval", "unlabelled", "source"]),
        ("Fan/Train/SECTION_00_SOURCE_TRAIN_NORMAL_0001.WAV", ["Fan", "00", "train", "normal", "source"]),
        ("train/valve_section_00_source_train_normal_0000_pat_00.wav", ["valve", "00", "train", "normal", "source"]),
        ("fan/train/normal_id_00_00000000.wav", ["fan", "00", "train", "normal", "source"]),
        (
            "ToyCar/case1/NormalSound_IND/010003_ToyCar_case1_normal_IND_ch1_0003.wav",
            ["ToyCar", "1", "train", "normal", "source"],
        ),
        (
            "ToyCar/case1/AnomalousSound_IND/01_ToyCar_case1_ab07_IND_ch1_0003.wav",
            ["ToyCar", "1", "test", "anomaly", "source"],
        ),
    ],
)
def test_names_of_public_sets(tmp_path: Path, name: str, expected: list[str]) -> None:
    found = tree(tmp_path, name)
    assert row(found, name, *IDENTITY) == expected
    assert found.unused == []


def test_attributes_of_names(tmp_path: Path) -> None:
    found = tree(
        tmp_path,
        "fan/train/section_00_target_train_normal_0001_vel_100_f-n_A.wav",
        "fan/train/section_00_target_train_normal_0002_noAttribute.wav",
        "fan/train/section_00_target_train_normal_0003_label_x.wav",
        "fan/train/section_00_target_train_normal_0004_odd_one_out.wav",
    )
    prefix = "fan/train/section_00_target_train_normal_000"
    assert row(found, f"{prefix}1_vel_100_f-n_A.wav", "vel", "f-n", "label") == ["100", "A", "normal"]
    assert row(found, f"{prefix}2_noAttribute.wav", "vel", "f-n", "attributes") == ["", "", ""]
    assert row(found, f"{prefix}3_label_x.wav", "label", "attribute_label") == ["normal", "x"]
    assert row(found, f"{prefix}4_odd_one_out.wav", "attributes") == ["odd_one_out"]
    classes = [
        row(found, f"{prefix}{name}.wav", "dcase_attributes")[0] for name in ("1_vel_100_f-n_A", "2_noAttribute")
    ]
    assert classes == ["f-n=A vel=100", ""]


def test_supplemental_recordings_are_named_and_not_used(tmp_path: Path) -> None:
    found = tree(
        tmp_path, "fan/train/section_00_source_train_normal_0000_.wav", "fan/supplemental/section_00_clean_0001_.wav"
    )
    assert len(found.catalogue) == 1
    assert [unused.file for unused in found.unused] == ["fan/supplemental/section_00_clean_0001_.wav"]


MACHINES = ("machine_type", "machine_id")


@pytest.mark.parametrize(
    ("names", "machines"),
    [
        (["fan/id_00/normal/1.wav", "pump/id_00/normal/1.wav"], {("fan", "00"), ("pump", "00")}),
        (
            ["0_dB_slider/slider/id_00/normal/1.wav", "6_dB_fan/fan/id_00/normal/1.wav"],
            {("slider", "00"), ("fan", "00")},
        ),
        (["motor_1/normal/1.wav", "motor_2/normal/1.wav"], {("motor", "1"), ("motor", "2")}),
        (["id-01/normal/1.wav", "ID_02/Normal/1.wav", "id03/OK/1.wav"], {("rig", "01"), ("rig", "02"), ("rig", "03")}),
        (["normal/fan/a.wav", "normal/pump/b.wav", "anomalous/fan/c.wav"], {("fan", "00"), ("pump", "00")}),
        (["normal/a.wav", "anomaly/bearing/c.wav"], {("rig", "00")}),
        (["line a/motor/normal/1.wav", "line b/motor/normal/1.wav"], {("motor", "line a"), ("motor", "line b")}),
        (["plant/line a/normal/1.wav", "plant/line a/faulty/1.wav"], {("line a", "00")}),
        (["2024-05-03/normal/1.wav", "2024-05-04/faulty/1.wav"], {("rig", "00")}),
        (["1/normal/1.wav", "2/normal/1.wav"], {("rig", "1"), ("rig", "2")}),
        (["240503/normal/1.wav", "310524/normal/1.wav", "20240504/normal/1.wav"], {("rig", "00")}),
        (["04052024/normal/1.wav", "20240503205628/normal/1.wav"], {("rig", "00")}),
        (["100234/normal/1.wav", "100235/normal/1.wav"], {("rig", "100234"), ("rig", "100235")}),
        (["20241332/normal/1.wav", "1002341/normal/1.wav"], {("rig", "20241332"), ("rig", "1002341")}),
        (["idler_1/normal/1.wav", "idler_2/normal/1.wav"], {("idler", "1"), ("idler", "2")}),
        (["motor/idle/normal/1.wav", "motor/full load/normal/1.wav"], {("idle", "00"), ("full load", "00")}),
        (["machine_id_01/normal/1.wav", "MachineID02/normal/1.wav"], {("rig", "01"), ("rig", "02")}),
        (["ポンプ/正常/1.wav", "ポンプ/normal/1.wav"], {("ポンプ", "00")}),
    ],
)
def test_a_machine_is_told_by_its_folders(tmp_path: Path, names: list[str], machines: set[tuple[str, str]]) -> None:
    found = tree(tmp_path / "rig", *names)
    assert set(found.catalogue[list(MACHINES)].itertuples(index=False, name=None)) == machines


@pytest.mark.parametrize(
    "folder",
    [
        "faulty",
        "defect",
        "Defective",
        "NG",
        "bad",
        "damaged",
        "anomalies",
        "anomaly",
        "anomalous",
        "abnormal",
        "broken",
        "nok",
        "not-ok",
    ],
)
def test_words_for_anomalies(tmp_path: Path, folder: str) -> None:
    found = tree(tmp_path, "normal/1.wav", f"{folder}/1.wav")
    assert sorted(found.catalogue["label"]) == ["anomaly", "normal"]


def test_words_in_file_names(tmp_path: Path) -> None:
    found = tree(tmp_path, "good27.wav", "fault30.wav", "Normal-3.flac")
    assert dict(found.catalogue[["clip_id", "label"]].itertuples(index=False, name=None)) == {
        "good27.wav": "normal",
        "fault30.wav": "anomaly",
        "Normal-3.flac": "normal",
    }


def test_what_is_not_understood_is_asked_and_answered(tmp_path: Path) -> None:
    names = [f"{word}_2020031{n}T205628.wav" for word in ("BLADE FAULT", "ON", "FAN_GUARDS") for n in range(2)]
    found = tree(tmp_path / "flat", *names, "odd.wav")
    assert found.catalogue.empty
    assert found.questions[:2] == [
        "2 recordings like BLADE FAULT_20200310T205628.wav: normal, anomaly, or leave out?",
        "2 recordings like FAN_GUARDS_20200310T205628.wav: normal, anomaly, or leave out?",
    ]
    assert [group.pattern for group in found.groups] == [
        "BLADE FAULT_2020031*",
        "FAN_GUARDS_2020031*",
        "ON_2020031*",
        "odd.wav",
    ]
    with pytest.raises(
        DatasetError, match=r"holds no recording in a known layout.*normal, anomaly, or leave out.* as --map:"
    ):
        open_dataset(tmp_path / "flat")
    answers = [
        {"pattern": "ON_*", "label": "normal", "machine_type": "quadcopter"},
        {"pattern": "*FAULT*", "label": "anomaly", "machine_type": "quadcopter", "fault": "blade"},
        {"pattern": "odd.wav", "label": "leave out"},
    ]
    again = survey(tmp_path / "flat", answers)
    assert row(again, names[0], *IDENTITY, "fault") == ["quadcopter", "00", "test", "anomaly", "source", "blade"]
    assert sorted(again.catalogue["split"]) == ["test", "test", "test", "train"]
    assert len(again.questions) == 1
    assert {unused.file: unused.reason for unused in again.unused}["odd.wav"] == "left out by an answer"
    dataset = surveyed_dataset(again)
    assert len(dataset.catalogue) == 4
    assert any("FAN_GUARDS" in note and "2 files are not used" in note for note in dataset.notes)


def test_folders_that_people_told_apart_by_class_are_no_machines(tmp_path: Path) -> None:
    names = [f"Rig 7/week 12/RUN_{n}.wav" for n in range(5)] + ["Rig 7/broken belt?/BELT_1.wav"]
    tree(tmp_path, *names)
    answers = [{"pattern": "*/RUN_*", "label": "normal"}, {"pattern": "*/BELT_*", "label": "anomaly"}]
    found = survey(tmp_path, answers)
    assert set(found.catalogue[["machine_type", "machine_id"]].itertuples(index=False, name=None)) == {("Rig", "7")}
    assert row(found, names[-1], "label", "condition") == ["anomaly", "broken belt?"]
    tree(tmp_path / "two", "motor_1/a.wav", "motor_2/b.wav")
    found = survey(tmp_path / "two", [{"pattern": "*", "label": "normal"}])
    assert sorted(found.catalogue["machine_id"]) == ["1", "2"], "folders of one class are machines"
    both = [{"pattern": "*", "label": "normal"}, {"pattern": "motor_2/c.wav", "label": "anomaly"}]
    tree(tmp_path / "two", "motor_2/c.wav")
    found = survey(tmp_path / "two", both)
    machines = found.catalogue[["machine_type", "machine_id"]].to_numpy().tolist()
    assert machines == [["motor", "1"], ["motor", "2"], ["motor", "2"]], "so are those beside a folder of both classes"
    tree(tmp_path / "words", "fan/normal/a.wav", "fan/abnormal/b.wav")
    answers = [{"pattern": "fan/normal/*", "label": "normal"}, {"pattern": "fan/abnormal/*", "label": "anomaly"}]
    assert "condition" not in survey(tmp_path / "words", answers).catalogue, "a word for the class is no kind of fault"


def test_answers_are_written_with_the_dataset_and_read_again(tmp_path: Path) -> None:
    tree(tmp_path / 'a "strange" name', "ON_1.wav", "ON_2.wav", "x_1.wav")
    answers = [{"pattern": "ON_*", "label": "normal"}, {"pattern": "x*", "label": "anomaly", "machine_id": "übung"}]
    file = tmp_path / "machine.toml"
    write_dataset_file(file, DatasetFile((tmp_path / 'a "strange" name').resolve(), answers, []))
    dataset = open_dataset(file)
    assert (dataset.name, dataset.location) == ("machine", str(file))
    assert sorted(dataset.catalogue["label"]) == ["anomaly", "normal", "normal"]
    assert read_answers(file) == answers
    table = tmp_path / "answers.csv"
    table.write_text("\ufeffPattern;Label;Machine_id\nON_*;OK;\nx*;defect;übung\n", encoding="utf-8")
    assert [{k: v for k, v in answer.items() if v} for answer in read_answers(table)] == answers


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("pattern,label\nON_*,loud\n", "answer 1 has the label loud: use normal, anomaly, unlabelled, leave out"),
        ("label\nnormal\n", "answer 1 has no pattern"),
        ("pattern,split\nON_*,later\n", "has the split later"),
        ("pattern,domain\nON_*,\nx*,factory\n", "answer 2 has the domain factory: use source, target"),
    ],
)
def test_answers_that_say_nothing_known_are_refused(tmp_path: Path, text: str, reason: str) -> None:
    (tmp_path / "answers.csv").write_text(text)
    with pytest.raises(DatasetError, match=reason):
        read_answers(tmp_path / "answers.csv")


def test_answers_that_match_nothing_are_named(tmp_path: Path) -> None:
    tree(tmp_path / "rig", "fan/normal/1.wav", "fan/normal/2.wav")
    (tmp_path / "answers.csv").write_text("pattern,domain\nfan/*,Target\nFAN/*,target\nfan\\normal\\1.wav,source\n")
    answers = read_answers(tmp_path / "answers.csv")
    found = survey(tmp_path / "rig", answers)
    assert found.catalogue["domain"].tolist() == ["target", "target"]
    (note,) = found.notes
    assert note.startswith("2 answers match no recording here (FAN/*, fan\\normal\\1.wav): ")
    assert surveyed_dataset(found).notes == (note,)
    assert survey(tmp_path / "rig", answers[:1]).notes == []


def test_only_what_is_below_the_folder_speaks(tmp_path: Path) -> None:
    found = tree(tmp_path / "test" / "normal", "faulty/1.wav", "ok/2.wav", "ok/3.wav")
    assert row(found, "faulty/1.wav", "machine_type", "label", "split") == ["machine", "anomaly", "test"]
    assert sorted(found.catalogue[found.catalogue["label"] == "normal"]["split"]) == ["test", "train"]


def test_the_same_recording_at_two_noise_levels_is_on_one_side(tmp_path: Path) -> None:
    names = [f"{snr}_dB_fan/fan/id_00/normal/{n:08d}.wav" for snr in (0, -6) for n in range(10)]
    found = tree(tmp_path, *names)
    rows = found.catalogue.assign(number=[Path(clip_id).name for clip_id in found.catalogue["clip_id"]])
    assert set(rows["snr_db"]) == {"0", "-6"}
    assert (rows.groupby("number")["split"].nunique() == 1).all()
    assert (rows["split"] == "test").sum() == 4
    assert any("The same recordings at 2 noise levels (-6, 0 dB)" in question for question in found.questions)


def test_questions_about_machines(tmp_path: Path) -> None:
    found = tree(tmp_path, "normal/fan/a.wav", "normal/pump/a.wav", "anomalous/fan/b.wav", "anomalous/slider/b.wav")
    assert found.questions == [
        "Machines of 3 types (fan, pump and slider): train one type, or each on its own?",
        "slider 00 has no normal recording, and detectors learn from normal sound: where are they?",
    ]


@pytest.mark.parametrize("name", ["train/abnormal/1.wav", "fan/train/anomaly_id_00_00000001.wav"])
def test_anomalies_below_train_are_named_and_tested_with(tmp_path: Path, name: str) -> None:
    normal = name.replace("abnormal", "normal").replace("anomaly", "normal")
    found = tree(tmp_path, normal, name, name.replace("train", "test"))
    assert [row(found, clip, "split") for clip in (name, normal)] == [["test"], ["train"]]
    assert found.questions == [
        f"The names have 1 anomaly in training ({name}), and detectors learn from normal sound: they are used for testing."
    ]


@pytest.mark.parametrize("folder", ["val", "Valid", "validation", "dev"])
@pytest.mark.parametrize(
    ("names", "machine_type"),
    [
        (["train/normal/1.wav", "{}/normal/2.wav", "{}/anomaly/3.wav"], "press"),
        (["normal/train/1.wav", "normal/{}/2.wav", "anomaly/{}/3.wav"], "press"),
        (["fan/train/normal/1.wav", "fan/{}/normal/2.wav", "fan/{}/anomaly/3.wav"], "fan"),
        (
            [f"fan/{name}_id_00_0000000{i}.wav" for i, name in enumerate(("train/normal", "{}/normal", "{}/anomaly"))],
            "fan",
        ),
    ],
)
def test_a_validation_folder_is_for_testing(tmp_path: Path, folder: str, names: list[str], machine_type: str) -> None:
    learned, *tested = (name.format(folder) for name in names)
    found = tree(tmp_path / "press", learned, *tested)
    assert row(found, learned, *IDENTITY) == [machine_type, "00", "train", "normal", "source"]
    assert [row(found, name, *IDENTITY[:4]) for name in tested] == [
        [machine_type, "00", "test", "normal"],
        [machine_type, "00", "test", "anomaly"],
    ]
    assert found.questions == []
    assert found.notes == [f"2 recordings in {folder}/ are used for testing: detectors learn from train/ alone."]


def test_a_validation_folder_that_was_answered_for_is_for_testing(tmp_path: Path) -> None:
    tree(tmp_path, "train/normal_id_00_00000000.wav", "dev/id_00_00000001.wav")
    found = survey(tmp_path, [{"pattern": "dev/*", "label": "normal"}])
    assert row(found, "dev/id_00_00000001.wav", "split", "label") == ["test", "normal"]


def test_dev_is_the_development_set_where_it_is_not_beside_train(tmp_path: Path) -> None:
    found = tree(tmp_path, "dev/fan/train/normal_id_00_00000000.wav", "additional/fan/train/normal_id_01_00000000.wav")
    assert found.catalogue["split"].tolist() == ["train", "train"]
    assert found.notes == []
    assert set(tree(tmp_path / "plain", "dev/normal/1.wav", "dev/normal/2.wav").catalogue["split"]) == {"test", "train"}


def test_whatever_is_not_used_is_named(tmp_path: Path) -> None:
    sound = tmp_path / "elsewhere"
    tree(sound, "2.wav")
    root = tmp_path / "rig"
    tree(
        root,
        "normal/1.aiff",
        "normal/3.W64",
        "normal/._3.wav",
        "__MACOSX/normal/4.wav",
        "notes.txt",
        "other/5.wav",
        "[fan] 01.wav",
    )
    (root / "ok").symlink_to(sound)
    (root / "faulty").mkdir()
    (root / "faulty" / "gone.wav").symlink_to(root / "nowhere.wav")
    (root / "normal" / "again").symlink_to(root / "normal")
    (root / os.fsdecode(b"normal_\xff.wav")).write_bytes(b"RIFF")
    found = survey(root)
    assert sorted(found.catalogue["clip_id"]) == ["normal/1.aiff", "normal/3.W64", "ok/2.wav"]
    assert {unused.file: unused.reason for unused in found.unused} == {
        "normal/._3.wav": "no sound file",
        "notes.txt": "no sound file",
        "other/5.wav": "neither its folders nor its name say whether it is normal",
        "[fan] 01.wav": "neither its folders nor its name say whether it is normal",
        "faulty/gone.wav": "a link to a file that is not there",
        "normal/again/": "a link to a folder that was read already",
        "normal_\ufffd.wav": "its name is not UTF-8: rename it",
    }
    assert (
        survey(root, [{"pattern": found.groups[0].pattern, "label": "normal"}]).catalogue["clip_id"].tolist()[0]
        == "[fan] 01.wav"
    )


def test_an_exception_in_a_folder_does_not_change_what_the_folder_means(tmp_path: Path) -> None:
    tree(tmp_path, *[f"{folder}/{n}.wav" for folder in ("belt", "gear") for n in range(4)])
    answers = [{"pattern": "belt/*", "label": "normal"}, {"pattern": "gear/*", "label": "anomaly"}]
    before = survey(tmp_path, answers).catalogue.set_index("clip_id")
    after = survey(tmp_path, [*answers, {"pattern": "belt/2.wav", "label": "anomaly"}]).catalogue.set_index("clip_id")
    machines = ["machine_type", "machine_id"]
    assert after[machines].equals(before[machines])
    assert after.loc[after["label"] != before["label"]].index.tolist() == ["belt/2.wav"]
