"""Datasets that come as a table: what it says is understood, named or asked, never guessed."""

import os
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from pyarrow import parquet

from asd_core.datasets import open_dataset, survey, surveyed_dataset
from asd_core.datasets.catalogue import attribute_name
from asd_core.datasets.table_files import read_cells, table_bytes
from asd_core.datasets.tables import read_table_file
from asd_core.errors import DatasetError
from asd_core.scoring.store import SCORE_COLUMNS
from tests.unit.test_layouts import row, tree

IDENTITY = ("machine_type", "machine_id", "split", "label", "domain")
ROWS = [
    ("a.wav", "normal", "fan", "1", "train", "source"),
    ("sub/b.wav", "anomaly", "fan", "1", "test", "target"),
    ("c.wav", "normal", "fan", "2", "test", "source"),
]
HEADING = ("path", "label", "machine_type", "machine_id", "split", "domain")


def written(root: Path, text: str, *names: str, table: str = "labels.csv") -> Path:
    """A table, and the recordings of these names beside it."""
    tree(root, *names)
    (root / table).write_text(text, encoding="utf-8")
    return root / table


def lines(separator: str, heading: tuple[str, ...] = HEADING) -> str:
    return "\n".join(separator.join(cells) for cells in (heading, *ROWS)) + "\n"


@pytest.mark.parametrize(
    "text",
    [
        lines(","),
        lines(";"),
        lines("\t"),
        "\ufeff" + lines(","),
        "sep=;\n" + lines(";"),
        "\ufeffsep=;\r\n" + lines(";").replace("\n", "\r\n"),
        lines(",", (" File Name ", "LABEL", "Machine Type", "machine-id", "Split", "Domain")),
        lines(",").replace("anomaly", "Faulty").replace("normal", "OK").replace("train,", "Training,"),
        lines(",").replace("sub/b", "sub\\b") + ",,,,,\n\n",
        lines(",").replace("c.wav", '"./c.wav"'),
    ],
)
def test_a_table_is_read_however_it_was_written(tmp_path: Path, text: str) -> None:
    place = written(tmp_path / "rig", text, "a.wav", "sub/b.wav", "c.wav", "not named.wav")
    dataset = open_dataset(place)
    assert dataset.catalogue[["clip_id", *IDENTITY]].to_numpy().tolist() == [
        ["a.wav", "fan", "1", "train", "normal", "source"],
        ["c.wav", "fan", "2", "test", "normal", "source"],
        ["sub/b.wav", "fan", "1", "test", "anomaly", "target"],
    ]
    assert survey(place).questions == []
    assert dataset.location == str(place.resolve())
    assert open_dataset(dataset.location).catalogue.equals(dataset.catalogue)


def test_a_parquet_file_is_a_table_too(tmp_path: Path) -> None:
    tree(tmp_path, "a.wav", "sub/b.wav", "c.wav")
    table = pd.DataFrame(ROWS, columns=HEADING).assign(machine_id=[1, 1, None], load=[1.5, 2.0, None])
    table.to_parquet(tmp_path / "labels.parquet")
    found = survey(tmp_path / "labels.parquet")
    assert row(found, "sub/b.wav", *IDENTITY, "load") == ["fan", "1", "test", "anomaly", "target", "2"]
    assert row(found, "a.wav", "load") == ["1.5"]
    assert row(found, "c.wav", "machine_id", "load") == ["00", ""]


def test_what_a_table_leaves_empty_is_understood_as_in_folders(tmp_path: Path) -> None:
    names = [f"fan/id_00/{n}.wav" for n in range(10)] + ["fan/id_00/x.wav"]
    text = "path,label\n" + "".join(f"{name},normal\n" for name in names[:10]) + f"{names[10]},anomaly\n"
    place = written(tmp_path, text, *names)
    rows = survey(place).catalogue
    assert set(rows["machine_type"] + "/" + rows["machine_id"]) == {"fan/00"}
    assert sorted(rows["split"]) == ["test"] * 3 + ["train"] * 8
    tree(tmp_path / "plain", *(f"fan/id_00/normal/{n}.wav" for n in range(10)))
    again = survey(tmp_path / "plain").catalogue
    assert (again["split"] == "test").sum() == ((rows["split"] == "test") & (rows["label"] == "normal")).sum()


def test_columns_that_are_none_of_ours_are_attributes(tmp_path: Path) -> None:
    text = "file;label;Load kW;raw;seconds\na.wav;ok;1,5;7;2\nb.wav;ng;;8;3\n"
    found = survey(written(tmp_path, text, "a.wav", "b.wav"))
    assert row(found, "a.wav", "load_kw", "attribute_raw", "seconds") == ["1,5", "7", "2"]
    assert surveyed_dataset(found).attributes() == ["load_kw", "attribute_raw", "seconds"]


@pytest.mark.parametrize("name", [*SCORE_COLUMNS, "f0", "clip_id", "label", "threshold"])
def test_attributes_never_take_the_name_of_a_column_of_scores(name: str) -> None:
    assert attribute_name(name) != name


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("label\nnormal\n", "labels.csv has no column path: call the column"),
        ("path\na.wav\n", "labels.csv says nothing of its recordings: add a column label"),
        ("path,label,Label\na.wav,normal,normal\n", "has 2 columns called label: rename"),
        ("file,clip,label\na.wav,a.wav,normal\n", "has the columns file and clip: call the one that is meant path"),
        ("path,label\na.wav,normal,more\n", "labels.csv has more cells in line 2"),
        ('path,label\n"a.wav,normal\n', "Line 2 of labels.csv is not CSV"),
        ("", "has no column path"),
        (
            "path,label\na.wav,normal\n",
            r"labels.csv names no recording that can be used \(a.wav: labels.csv names it, but it is not there\): its paths",
        ),
        ("path,label\n", r"labels.csv names no recording that can be used: its paths"),
    ],
)
def test_what_is_no_table_of_recordings_is_refused_by_name(tmp_path: Path, text: str, reason: str) -> None:
    place = written(tmp_path, text)
    with pytest.raises(DatasetError, match=reason):
        open_dataset(place)


def test_tables_of_other_bytes_are_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes("path;label\nä.wav;normal\n".encode("latin-1"))
    (tmp_path / "a.parquet").write_bytes(b"PAR1")
    with pytest.raises(DatasetError, match=r"a.csv is not UTF-8 text: save the table"):
        open_dataset(tmp_path / "a.csv")
    with pytest.raises(DatasetError, match=r"a.parquet is not a Parquet file"):
        open_dataset(tmp_path / "a.parquet")
    (tmp_path / "a.txt").write_bytes(b"path")
    with pytest.raises(DatasetError, match=r"a.txt is not a folder: give the folder .* or a table"):
        open_dataset(tmp_path / "a.txt")


def repeated(text: str, n: int) -> pa.Array:
    """A column that repeats one text: some kilobytes of a file, however many rows."""
    return pa.DictionaryArray.from_arrays(np.zeros(n, np.int32), pa.array([text]))


@pytest.mark.parametrize("column", [repeated("a.wav", 2_000_001), repeated("a" * 100_000, 1_000)])
def test_a_small_file_of_a_huge_table_is_refused_before_it_is_unpacked(tmp_path: Path, column: pa.Array) -> None:
    parquet.write_table(pa.table({"path": column}), tmp_path / "many.parquet")
    assert (tmp_path / "many.parquet").stat().st_size < 100_000
    with pytest.raises(
        DatasetError, match=r"many.parquet is larger than a table .* may be \(2,000,000 cells and 50 MB\)"
    ):
        open_dataset(tmp_path / "many.parquet")


def test_csv_and_files_that_are_too_large_are_refused(tmp_path: Path) -> None:
    (tmp_path / "many.csv").write_bytes(b"path,label\n" + (b"," * 999 + b"\n") * 2001)
    (tmp_path / "long.csv").write_bytes(b"")
    os.truncate(tmp_path / "long.csv", 50_000_001)
    for name in ("many.csv", "long.csv"):
        with pytest.raises(DatasetError, match=f"{name} is larger than a table of recordings may be"):
            open_dataset(tmp_path / name)
    with pytest.raises(DatasetError, match=r"long\.csv is larger"):
        table_bytes(tmp_path / "long.csv")
    with pytest.raises(DatasetError, match=r"sent\.csv is larger"):
        read_cells("sent.csv", b" " * 50_000_001)


def test_values_that_cannot_be_read_are_refused_by_name(tmp_path: Path) -> None:
    no_text = pa.Array.from_buffers(pa.string(), 1, [None, pa.py_buffer(b"\0\0\0\0\1\0\0\0"), pa.py_buffer(b"\xff")])
    for column in (no_text, pa.array([10**15], pa.timestamp("ms"))):  # of the year 33658
        parquet.write_table(pa.table({"path": ["a.wav"], "label": column}), tmp_path / "odd.parquet")
        with pytest.raises(DatasetError, match=r"odd.parquet holds text or dates that cannot be read: export"):
            open_dataset(tmp_path / "odd.parquet")


def test_nested_columns_of_parquet_say_nothing(tmp_path: Path) -> None:
    tree(tmp_path, "a.wav")
    content = {"path": ["a.wav"], "label": ["ok"], "tags": [["x", "y"]], "load": ["2"]}
    parquet.write_table(pa.table(content), tmp_path / "labels.parquet")
    assert {"tags", "load"} & set(open_dataset(tmp_path / "labels.parquet").catalogue) == {"load"}


def test_a_table_is_read_once_for_as_long_as_it_stays_as_it_is(tmp_path: Path) -> None:
    place = written(tmp_path, "path,label\na.wav,ok\n", "a.wav")
    first = read_table_file(place)
    assert read_table_file(place) is first
    place.write_text("path,label\na.wav,faulty\n")
    assert read_table_file(place).rows[0].values == {"label": "anomaly"}


def test_rows_that_fit_nothing_are_named(tmp_path: Path) -> None:
    text = "path,label,split,domain\na.wav,normal,,\nb.wav,loud,later,somewhere\nc.wav,loud,,\n,normal,,\ngone.wav,normal,,\nd.txt,normal,,\n"
    found = survey(written(tmp_path, text, "a.wav", "b.wav", "c.wav", "d.txt"))
    assert found.catalogue["clip_id"].tolist() == ["a.wav"]
    assert found.questions[:4] == [
        "labels.csv names no file in row 5: which recording is meant?",
        "labels.csv has the label loud in rows 3, 4: which of normal, anomaly, unlabelled, leave out is that?",
        "labels.csv has the split later in row 3: which of train, test, eval is that?",
        "labels.csv has the domain somewhere in row 3: which of source, target is that?",
    ]
    assert {one.file: one.reason for one in found.unused} == {
        "gone.wav": "labels.csv names it, but it is not there",
        "d.txt": "labels.csv names it, but it is no sound file",
        "b.wav": "labels.csv calls it loud, which is no label",
        "c.wav": "labels.csv calls it loud, which is no label",
    }
    # An answer about what the table leaves open counts; what it says goes before answers about many recordings.
    answered = survey(tmp_path / "labels.csv", [{"pattern": "*", "label": "anomaly"}])
    assert dict(zip(answered.catalogue["clip_id"], answered.catalogue["label"], strict=True)) == {
        "a.wav": "normal",
        "b.wav": "anomaly",
        "c.wav": "anomaly",
    }


def test_an_unknown_label_is_not_taken_from_the_name_instead(tmp_path: Path) -> None:
    found = survey(written(tmp_path, "path,label\nnormal/a.wav,loud\nnormal/b.wav,\n", "normal/a.wav", "normal/b.wav"))
    assert found.catalogue["clip_id"].tolist() == ["normal/b.wav"]


def test_rows_that_repeat_or_contradict_are_named(tmp_path: Path) -> None:
    text = "path,label,load\na.wav,normal,1\na.wav,normal,1\nb.wav,normal,1\n./b.wav,anomaly,1\nc.wav,normal,1\nc.wav,normal,2\nd.wav,,\nd.wav,ok,\ne.wav,,\ne.wav,loud,\n"
    found = survey(written(tmp_path, text, "a.wav", "b.wav", "c.wav", "d.wav", "e.wav"))
    assert found.catalogue["clip_id"].tolist() == ["a.wav", "c.wav", "d.wav"]
    assert row(found, "c.wav", "label", "load") == ["normal", ""]
    assert found.questions[:2] == [
        "labels.csv has the label loud in row 11: which of normal, anomaly, unlabelled, leave out is that?",
        "labels.csv contradicts itself (b.wav, rows 4, 5: label and 1 more): which row is right?",
    ]
    assert [one.reason for one in found.unused] == [
        "labels.csv contradicts itself about its label",
        "labels.csv calls it loud, which is no label",
    ]
    assert found.notes == [
        "labels.csv tells of 5 recordings here.",
        "labels.csv names 5 recordings more than once.",
    ]


@pytest.mark.parametrize(
    ("text", "labels", "question"),
    [
        ("path,class\na.wav,ok\nb.wav,faulty\n", ["normal", "anomaly"], False),
        ("path,condition\na.wav,normal\nb.wav,\n", ["normal"], False),
        ("path,class\na.wav,ok\nb.wav,bearing\n", [], True),
        ("path,class,condition\na.wav,ok,normal\nb.wav,ng,normal\n", [], True),
        ("path,class,condition\na.wav,ok,800 rpm\nb.wav,ng,900 rpm\n", ["normal", "anomaly"], False),
    ],
)
def test_a_column_that_may_be_the_label_is_asked_about(
    tmp_path: Path, text: str, labels: list[str], question: bool
) -> None:
    found = survey(written(tmp_path, text, "a.wav", "b.wav"))
    assert found.catalogue["label"].tolist() == labels
    assert ("labels.csv has no column label" in found.questions[0]) == question if found.questions else not question


def test_anomalies_to_train_on_are_named_and_tested_with(tmp_path: Path) -> None:
    found = survey(written(tmp_path, "path,label,split\na.wav,anomaly,train\nb.wav,normal,train\n", "a.wav", "b.wav"))
    assert row(found, "a.wav", "split") == ["test"]
    assert "1 anomaly in training (a.wav)" in found.questions[0]


def test_paths_may_lead_elsewhere_by_command(tmp_path: Path) -> None:
    tree(tmp_path, "sounds/normal/a.wav", "sounds/faulty/b.wav")
    (tmp_path / "tables").mkdir()
    place = tmp_path / "tables" / "labels.csv"
    place.write_text(f"path,label\n../sounds/normal/a.wav,normal\n{tmp_path}/sounds/faulty/b.wav,anomaly\n")
    dataset = open_dataset(place)
    assert dataset.root == tmp_path / "sounds"
    assert dataset.catalogue["clip_id"].tolist() == ["faulty/b.wav", "normal/a.wav"]
    assert os.path.isfile(dataset.source("normal/a.wav"))


def test_a_table_names_recordings_of_a_folder(tmp_path: Path) -> None:
    """As it comes with an upload: from another folder, with other separators, or beside recordings that lost their folders."""
    tree(tmp_path / "set", "audio/day 1/a.wav", "audio/day 2/a.wav", "audio/day 1/b.wav", "normal/c.wav", "d.wav")
    table = tmp_path / "set" / "labels.csv"
    table.write_text(
        "path,label\nday 1/a.wav,normal\nC:\\rig\\audio\\day 2\\a.wav,anomaly\nb.wav,ok\na.wav,normal\n/else/d.wav,ng\nday 3/b.wav,ng\n"
    )
    found = survey(tmp_path / "set", table=table)
    assert dict(zip(found.catalogue["clip_id"], found.catalogue["label"], strict=True)) == {
        "audio/day 1/a.wav": "normal",
        "audio/day 2/a.wav": "anomaly",
        "audio/day 1/b.wav": "normal",
        "normal/c.wav": "normal",
        "d.wav": "anomaly",
    }
    assert {one.file: one.reason for one in found.unused} == {
        "a.wav": "labels.csv names it, but 2 recordings are called so",
        "day 3/b.wav": "labels.csv names it, but it is not there",
    }
    assert found.notes == [
        "labels.csv tells of 4 recordings here.",
        "2 rows of labels.csv match no recording here.",
    ]
    # A word on one recording goes before the table, one on many does not.
    corrected = survey(
        tmp_path / "set", [{"pattern": "*", "label": "anomaly"}, {"pattern": "d.wav", "label": "normal"}], table
    )
    assert corrected.catalogue.set_index("clip_id")["label"].to_dict() == {
        "audio/day 1/a.wav": "normal",
        "audio/day 2/a.wav": "anomaly",
        "audio/day 1/b.wav": "normal",
        "normal/c.wav": "anomaly",
        "d.wav": "normal",
    }
    assert corrected.unused == found.unused
    assert corrected.notes == found.notes
    table.unlink()
    with pytest.raises(DatasetError, match=r"labels.csv cannot be read \(No such file"):
        survey(tmp_path / "set", table=table)


def test_an_answer_about_one_recording_overrides_no_more_than_it_says(tmp_path: Path) -> None:
    text = "path,label,machine_id,load,split\na.wav,normal,7,high,train\nb.wav,ng,7,low,test\nb.wav,ok,7,low,test\n"
    place = written(tmp_path, text, "a.wav", "b.wav")
    answers = [{"pattern": "a.wav", "label": "anomaly"}, {"pattern": "b.wav", "label": "anomaly"}]
    found = survey(place, answers)
    assert row(found, "a.wav", "label", "machine_id", "load", "split") == ["anomaly", "7", "high", "test"]
    assert row(found, "b.wav", "label", "machine_id", "load", "split") == ["anomaly", "7", "low", "test"]
    assert found.unused == []
    assert not any("contradicts" in question for question in found.questions)  # that was the question
    assert any("contradicts" in question for question in survey(place).questions)
    out = survey(place, [*answers, {"pattern": "a.wav", "label": "leave out"}])
    assert [(one.file, one.reason) for one in out.unused] == [("a.wav", "left out by an answer")]


def test_a_table_that_names_contradict_counts_and_is_asked_about(tmp_path: Path) -> None:
    names = ["fan/train/normal_id_00_00000000.wav", "normal/b.wav", "normal/c.wav"]
    text = "path,label\n" + "".join(f"{name},{label}\n" for name, label in zip(names, ("ng", "ng", "ok"), strict=True))
    found = survey(written(tmp_path, text, *names))
    assert found.catalogue["label"].tolist() == ["anomaly", "anomaly", "normal"]
    assert found.questions[0] == (
        f"The table calls 2 recordings otherwise than the name does ({names[0]}: anomaly, not normal): the table counts; is it right?"
    )


def test_a_label_for_a_name_of_the_evaluation_set(tmp_path: Path) -> None:
    found = survey(
        written(
            tmp_path,
            "path,label\nfan/test/id_01_00000000.wav,ok\nfan/test/id_01_00000001.wav,ng\n",
            *(f"fan/test/id_01_0000000{n}.wav" for n in range(3)),
        )
    )
    assert found.catalogue["split"].tolist() == ["test", "test"]


ATTRIBUTES = """file_name,d1p,d1v,d2p,d2v
fan/train/section_00_source_train_normal_0000_m-n_W.wav,m-n,W,,
fan/train/section_00_source_train_normal_0001.wav,m-n,X,kind,B
fan/test/section_00_0000.wav,noAttribute,,,
fan/test/section_00_0001.wav,m-n,Y,,
"""


@pytest.mark.parametrize("root", ["", "dev_data", "dev_data/raw/fan"])
def test_attribute_files_of_dcase_fill_what_names_do_not_say(tmp_path: Path, root: str) -> None:
    folder = "dev_data/raw/fan"
    names = [line.split(",")[0].removeprefix("fan/") for line in ATTRIBUTES.splitlines()[1:4]]
    tree(tmp_path, *(f"{folder}/{name}" for name in names))
    (tmp_path / folder / "attributes_00.csv").write_text(ATTRIBUTES)
    found = survey(tmp_path / root)
    told = found.catalogue.assign(name=[Path(clip_id).name for clip_id in found.catalogue["clip_id"]]).set_index("name")
    assert told[["m-n", "attribute_kind"]].to_numpy().tolist() == [["", ""], ["W", ""], ["X", "B"]]
    assert told["dcase_attributes"].tolist() == ["", "m-n=W", "attribute_kind=B m-n=X"]
    assert [(one.file, one.reason.split(" names")[1]) for one in found.unused] == [
        ("fan/test/section_00_0001.wav", " it, but it is not there")
    ]


def test_an_attribute_file_that_is_none_is_named(tmp_path: Path) -> None:
    tree(tmp_path, "fan/train/section_00_source_train_normal_0000.wav")
    (tmp_path / "fan" / "attributes_00.csv").write_text("a,b\n1,2\n")
    (one,) = survey(tmp_path).unused
    assert (one.file, one.reason) == (
        "fan/attributes_00.csv",
        "it has no columns file_name, d1p and d1v, as DCASE's attribute files have",
    )


def test_an_attribute_file_speaks_of_its_own_folder(tmp_path: Path) -> None:
    name = "fan/train/section_00_source_train_normal_0001.wav"
    tree(tmp_path, f"dev/{name}", f"copy/{name}")
    (tmp_path / "dev" / "fan" / "attributes_00.csv").write_text(f"file_name,d1p,d1v\n{name},vel,6\n")
    found = survey(tmp_path)
    assert found.catalogue[["clip_id", "vel"]].to_numpy().tolist() == [[f"copy/{name}", ""], [f"dev/{name}", "6"]]


def test_rows_may_leave_out_or_leave_unlabelled(tmp_path: Path) -> None:
    text = "path,label\na.wav,Unlabeled\nb.wav,leave out\nc.wav,normal\n"
    found = survey(written(tmp_path, text, "a.wav", "b.wav", "c.wav"))
    assert found.catalogue[["clip_id", "label", "split"]].to_numpy().tolist() == [
        ["a.wav", "unlabelled", "eval"],
        ["c.wav", "normal", "train"],
    ]
    assert [(one.file, one.reason) for one in found.unused] == [("b.wav", "left out by the table")]
