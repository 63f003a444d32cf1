"""Whole trees as strangers bring them, with sound in them: what opens, what is asked, what is named and left out."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from asd_core.datasets import Survey, examine, open_dataset, survey, surveyed_dataset
from asd_core.errors import DatasetError
from tests.conftest import write_wav

IDENTITY = ["machine_type", "machine_id", "split", "label", "domain"]


def tree(root: Path, *names: str) -> Path:
    """Half a second of sound in each, of each a different one."""
    for seed, name in enumerate(names):
        write_wav(root / name, np.random.default_rng(seed).normal(0, 0.1, 8000))
    return root


def told(found: Survey, *more: str) -> dict[str, list[str]]:
    """What is said of each recording, by its name."""
    table = found.catalogue[["clip_id", *IDENTITY, *more]]
    return {clip_id.split("/")[-1]: row for clip_id, *row in table.to_numpy().tolist()}


def test_several_machine_types_below_the_classes_are_asked_about(tmp_path: Path) -> None:
    names = ["normal/fan/a.wav", "normal/pump/b.wav", "anomalous/fan/c.wav", "anomalous/slider/d.wav"]
    found = survey(tree(tmp_path / "plant", *names))
    assert told(found) == {
        "a.wav": ["fan", "00", "train", "normal", "source"],
        "b.wav": ["pump", "00", "train", "normal", "source"],
        "c.wav": ["fan", "00", "test", "anomaly", "source"],
        "d.wav": ["slider", "00", "test", "anomaly", "source"],
    }
    assert found.questions[0] == "Machines of 3 types (fan, pump and slider): train one type, or each on its own?"
    assert set(open_dataset(tmp_path / "plant").catalogue["machine_id"]) == {"fan/00", "pump/00", "slider/00"}


@pytest.mark.parametrize(
    ("answers", "rows"),
    [
        (  # below another that is called so, with kinds of fault below it
            {"rig A/normal/1.wav": "", "rig A/Murks/seal/2.wav": "anomaly"},
            [["rig A", "normal", "-"], ["rig A", "anomaly", "seal"]],
        ),
        (  # neither is called so
            {
                f"rig {rig}/{path}": label
                for rig in "AB"
                for path, label in (("lief/1.wav", "normal"), ("Murks/seal/2.wav", "anomaly"))
            },
            [[f"rig {rig}", *more] for rig in "AB" for more in (("normal", "-"), ("anomaly", "seal"))],
        ),
        (  # two machines, of which one has failed: their folders stay machines
            {"fan/morning/1.wav": "normal", "fan/evening/2.wav": "normal", "pump/morning/3.wav": "anomaly"},
            [["morning", "normal", "-"], ["evening", "normal", "-"], ["morning", "anomaly", "-"]],
        ),
        (  # a folder of one class beside a machine
            {"fan/normal/1.wav": "", "fan/faulty/2.wav": "", "rig/3.wav": "anomaly"},
            [["fan", "normal", "-"], ["fan", "anomaly", "-"], ["rig", "anomaly", "-"]],
        ),
        (
            {"lief/1.wav": "normal", "neu/2.wav": "unlabelled", "Murks/3.wav": "anomaly"},
            [["plant", "normal", "-"], ["plant", "unlabelled", "-"], ["plant", "anomaly", "Murks"]],
        ),
    ],
)
def test_a_folder_that_was_answered_with_one_class_names_no_machine(
    tmp_path: Path, answers: dict[str, str], rows: list[list[str]]
) -> None:
    given = [{"pattern": path, "label": label} for path, label in answers.items() if label]
    found = survey(tree(tmp_path / "plant", *answers), [{**one, "pattern": f"{one['pattern'][:-5]}*"} for one in given])
    told_of = found.catalogue.set_index("clip_id").reindex(answers)
    if "condition" not in told_of:
        told_of["condition"] = "-"
    columns = ["machine_type", "label", "condition"]
    assert told_of[columns].fillna("-").replace({"condition": {"": "-"}}).to_numpy().tolist() == rows


def test_dcase_2021(tmp_path: Path) -> None:
    found = survey(
        tree(
            tmp_path,
            "slider/train/section_00_source_train_normal_0000_strength_1.wav",
            "slider/source_test/section_00_source_test_normal_0000.wav",
            "slider/target_test/section_00_target_test_anomaly_0003.wav",
        )
    )
    assert told(found, "strength") == {
        "section_00_source_train_normal_0000_strength_1.wav": ["slider", "00", "train", "normal", "source", "1"],
        "section_00_source_test_normal_0000.wav": ["slider", "00", "test", "normal", "source", ""],
        "section_00_target_test_anomaly_0003.wav": ["slider", "00", "test", "anomaly", "target", ""],
    }
    assert (found.questions, found.unused) == ([], [])


def test_dcase_2022_to_2026(tmp_path: Path) -> None:
    found = survey(
        tree(
            tmp_path,
            "fan/train/section_00_target_train_normal_0001_vel_100.wav",
            "fan/test/section_00_source_test_anomaly_0002_vel_100.wav",
            "fan/test/section_00_source_test_normal_0003_noAttribute.wav",
            "fan/test/section_00_source_test_normal_0004_.wav",
            "fan/supplemental/section_00_source_train_normal_0005_.wav",
        )
    )
    assert told(found, "vel") == {
        "section_00_target_train_normal_0001_vel_100.wav": ["fan", "00", "train", "normal", "target", "100"],
        "section_00_source_test_anomaly_0002_vel_100.wav": ["fan", "00", "test", "anomaly", "source", "100"],
        "section_00_source_test_normal_0003_noAttribute.wav": ["fan", "00", "test", "normal", "source", ""],
        "section_00_source_test_normal_0004_.wav": ["fan", "00", "test", "normal", "source", ""],
    }
    assert [one.file for one in found.unused] == ["fan/supplemental/section_00_source_train_normal_0005_.wav"]


def test_mimii_at_two_noise_levels(tmp_path: Path) -> None:
    names = [f"{snr}_dB_slider/slider/id_00/normal/{n:08d}.wav" for snr in (0, -6) for n in range(5)]
    found = survey(tree(tmp_path / "MIMII", *names, "-6_dB_slider/slider/id_00/abnormal/00000000.wav"))
    rows = found.catalogue
    assert set(rows["machine_type"]) == {"slider"}
    assert set(rows["machine_id"]) == {"00"}
    assert [clip_id.split("_")[0] for clip_id in rows["clip_id"]] == rows["snr_db"].tolist()
    normal = rows[rows["label"] == "normal"]
    assert normal.groupby(normal["clip_id"].str.split("/").str[-1])["split"].nunique().tolist() == [1] * 5
    assert found.questions == ["The same recordings at 2 noise levels (-6, 0 dB) are not independent: use one level?"]


def test_a_flat_folder_whose_prefixes_are_mapped(tmp_path: Path) -> None:
    on = [f"ON_20200318T20562{n}.wav" for n in range(5)]
    names = [*on, "BLADE FAULT_20200318T205628.wav", "FAN_GUARDS_20200318T205628.wav"]
    root = tree(tmp_path / "copter", *names)
    (root / "ON_20200318T205629.wav").write_bytes(b"")
    found = survey(root)
    assert [question.split(" like ")[1] for question in found.questions] == [
        "BLADE FAULT_20200318T205628.wav: normal, anomaly, or leave out?",
        "FAN_GUARDS_20200318T205628.wav: normal, anomaly, or leave out?",
        "ON_20200318T205620.wav: normal, anomaly, or leave out?",
    ]
    with pytest.raises(DatasetError, match="leave out"):
        open_dataset(root)
    labels = ("anomaly", "leave out", "normal")
    answers = [{"pattern": group.pattern, "label": label} for group, label in zip(found.groups, labels, strict=True)]
    dataset = surveyed_dataset(survey(root, answers))
    clips, damaged = examine(dataset)
    assert clips["label"].value_counts().to_dict() == {"normal": 5, "anomaly": 1}
    assert [one.file for one in damaged] == ["ON_20200318T205629.wav"]
    assert "is empty" in damaged[0].reason
    assert any("FAN_GUARDS" in note for note in dataset.notes)


def test_toyadmos2_before_its_mixer(tmp_path: Path) -> None:
    found = survey(
        tree(
            tmp_path / "ToyADMOS2",
            *(f"toyad2_car_A1_normal/CN001-carA1-speed1_mic{m}_0000{n}.wav" for m in (1, 2) for n in range(5)),
            "toyad2_car_A_anomaly/CA001-carA1-speed1-a-damageL_mic1_00001.mp4",
            "toyad2_train_B_anomaly/TA021-trainB2-speed3-bc-damageH_mic8_00007.wav",
            "ToyCar/env_noise/N1_mic3_01595.wav",
            "odd/CA001-carA1-speed1_mic1_00001.wav",
            "odd/TN001-carA1-speed1_mic1_00001.wav",
        )
    )
    shown = told(found, "speed", "channel", "condition", "damage")
    car = ["ToyCar", "A1", "test", "anomaly", "source", "1", "1", "a", "L"]
    assert shown["CA001-carA1-speed1-a-damageL_mic1_00001.mp4"] == car
    train = ["ToyTrain", "B2", "test", "anomaly", "source", "3", "8", "bc", "H"]
    assert shown["TA021-trainB2-speed3-bc-damageH_mic8_00007.wav"] == train
    normal = found.catalogue[found.catalogue["label"] == "normal"]
    assert len(normal) == 10
    assert set(normal["machine_type"] + " " + normal["machine_id"]) == {"ToyCar A1"}
    sides = normal.groupby(normal["clip_id"].str[-9:])["split"].nunique()
    assert sides.tolist() == [1] * 5, "what two microphones heard at once is on one side"
    assert (normal["split"] == "test").sum() == 2
    assert "The same recordings by 3 microphones are not independent: use one?" in found.questions
    # Noise alone, and names that contradict themselves, are asked about.
    assert sorted(one.file for one in found.unused) == [
        "ToyCar/env_noise/N1_mic3_01595.wav",
        "odd/CA001-carA1-speed1_mic1_00001.wav",
        "odd/TN001-carA1-speed1_mic1_00001.wav",
    ]


def test_toyadmos_by_several_microphones(tmp_path: Path) -> None:
    folder = "ToyCar/case1/NormalSound_IND"
    names = [f"{folder}/0{m}000{n}_ToyCar_case1_normal_IND_ch{m}_000{n}.wav" for m in (1, 2) for n in range(10)]
    rows = survey(tree(tmp_path, *names)).catalogue
    sides = rows.groupby(rows["clip_id"].str[-8:])["split"].nunique()
    assert sides.tolist() == [1] * 10


def test_a_table_may_have_columns_of_any_name(tmp_path: Path) -> None:
    names = [f"{n}.wav" for n in range(6)]
    tree(tmp_path, *names)
    columns = ["seconds", "level", "channels", "sha256", "flags", "raw", "machine_id", "split"]
    table = pd.DataFrame({"clip": names, "label": ["normal", "anomaly"] * 3} | dict.fromkeys(columns, "1"))
    table["split"] = ["train", "test"] * 3
    table.to_csv(tmp_path / "labels.csv", index=False)
    clips, damaged = examine(open_dataset(tmp_path / "labels.csv"))
    assert damaged == []
    assert clips["seconds"].tolist() == [0.5] * 6
    assert set(clips["machine_id"]) == {"1"}
