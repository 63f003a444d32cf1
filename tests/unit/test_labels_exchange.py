"""Labels out and back in, read by code that is not ours."""

import csv
import io
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from asd_core.errors import LabelError
from asd_core.labels import Draft, Format, LabelStore, export, flat, new_uid, plan_import
from asd_core.labels.matching import Clips
from tests.unit.label_files import CLIPS, NOTE, again, annotation, copy, state
from tests.unit.label_helpers import DATASET, act, clips, label, labels_of, name, sha


def test_csv_is_read_by_the_standard_library(full: LabelStore) -> None:
    rows = list(csv.DictReader(io.StringIO(export(full, DATASET, "csv").decode(), newline="")))
    assert [r["kind"] for r in rows] == [
        "label",
        "label",
        "label",
        "skip",
        "note",
        "skip",
        "region",
        "region",
        "region",
        "adjudicate",
    ]
    assert (rows[1]["label"], rows[1]["note"], rows[1]["clip_sha256"], rows[1]["blind"]) == (
        "anomaly",
        f"'{NOTE}",  # a spreadsheet would run it
        sha(1),
        "false",
    )
    assert [float(rows[6][k]) for k in ("t0", "t1", "f0", "f1")] == [0.1, 1 / 3, 123.456789, 1e-7 + 2000]
    assert rows[7]["f0"] == ""
    reported = full.current(DATASET)["at"].iloc[0].to_pydatetime()
    assert datetime.fromisoformat(rows[0]["at"]) == reported


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_a_table_comes_back_whole(form: Format, full: LabelStore, tmp_path: Path) -> None:
    content, name = export(full, DATASET, form), f"labels.{form}"
    store, plan = copy(content, name, tmp_path)
    assert state(store) == state(full)
    assert set(store.current(DATASET)["source"]) == {name}
    assert plan.notes == []
    again(store, name, content)
    again(full, name, content)  # what a store exported says nothing new to it
    assert store.undo("Ada", DATASET, uid=new_uid()) is None  # undo on the page never takes an import back


def test_json_and_parquet_hold_the_same_rows(full: LabelStore) -> None:
    document = json.loads(export(full, DATASET, "json"))
    rows = pq.read_table(io.BytesIO(export(full, DATASET, "parquet"))).to_pylist()
    assert document["dataset"] == DATASET
    assert len(rows) == len(document["rows"]) == 10
    for ours, theirs in zip(document["rows"], rows, strict=True):
        assert datetime.fromisoformat(ours.pop("at")) == theirs.pop("at")
        assert ours == theirs
    assert rows[1]["note"] == NOTE
    assert rows[0]["blind"] is True
    assert [rows[0]["queue"], rows[1]["queue"]] == ["most anomalous", None]
    assert rows[2]["blind"] is None
    assert rows[6]["f1"] == 1e-7 + 2000
    assert [r["annotator"] for r in rows if r["clip_sha256"] == sha(5)] == ["Björn O'Neil"]
    only = json.loads(export(full, DATASET, "json", annotator="Ada"))["rows"]
    assert {r["annotator"] for r in only} == {"Ada"}


@pytest.mark.parametrize("filename", ["regions.csv", "project.json", "normal_id_00_00000003.txt"])
def test_a_region_beyond_the_end_of_its_clip_is_refused_by_name(filename: str, labels: LabelStore) -> None:
    spans = [(1.0, 2.0), (9.0, 10.000001), (9.0, 12.5)]
    rows = "".join(f"{name(3)},Ada,other,{t0},{t1}\n" for t0, t1 in spans)
    boxes = [
        {"from_name": "region", "type": "labels", "value": {"start": t0, "end": t1, "labels": ["other"]}}
        for t0, t1 in spans
    ]
    contents = {
        "regions.csv": f"clip_id,annotator,region_class,t0,t1\n{rows}",
        "project.json": json.dumps([{"data": {"audio": name(3)}, "annotations": [annotation(None, *boxes)]}]),
        "normal_id_00_00000003.txt": "".join(f"{t0}\t{t1}\tother\n" for t0, t1 in spans),
    }
    plan = plan_import(
        labels,
        DATASET,
        filename,
        contents[filename].encode(),
        clips=CLIPS,
        annotator="Ada",
        seconds_of={name(3): 10.0}.__getitem__,
    )
    (problem,) = plan.problems
    assert f"The region from 9 to 12.5 s ends after {name(3)}, which lasts 10.00 s" in problem
    assert plan.apply(labels) == 2


def test_conflicts_are_reported_and_nothing_is_overwritten(labels: LabelStore) -> None:
    label(labels, 0, "normal", note="mine")
    label(labels, 1, "anomaly")
    act(labels, 2, "skip")
    content = (
        "clip_id,clip_sha256,annotator,label,note\n"
        f"{name(0)},{sha(0)},Ada,anomaly,theirs\n"  # contradicts
        f"{name(1)},{sha(1)},Ada,anomaly,new note\n"  # adds a note
        f"{name(2)},{sha(2)},Ada,normal,\n"  # labels what was skipped
        f"{name(0)},{sha(0)},Bob,anomaly,\n"  # somebody else may think otherwise
        f"{name(3)},,Ada,normal,\n"  # by name
        f"{name(3)},{sha(5)[:-1]}0,Ada,normal,\n"  # a file of that name, but other bytes
        f"gone.wav,{sha(200)},Ada,normal,\n"
        f"{name(4)},{sha(4)},Ada,broken,\n"
        f"{name(4)},{sha(4)}\n"
    ).encode()
    plan = plan_import(labels, DATASET, "C:\\out\\theirs.csv", content, clips=CLIPS)
    (conflict,) = plan.conflicts
    assert (conflict.row, conflict.annotator, conflict.now, conflict.file) == (
        2,
        "Ada",
        "normal, mine",
        "anomaly, theirs",
    )
    assert [p.split(":")[0] for p in sorted(plan.problems)] == ["Row 10", "Row 7", "Row 8", "Row 9"]
    assert any("1 row without a sha256" in n for n in plan.notes)
    assert labels.last_id() == 3  # a plan writes nothing
    assert plan.apply(labels) == 4
    assert labels_of(labels) == {0: "normal", 1: "anomaly", 2: "normal", 3: "normal"}
    assert labels_of(labels, "Bob") == {0: "anomaly"}
    assert {e.source for e in labels.history(sha(2))} == {"app", "theirs.csv"}
    assert plan.apply(labels) == 0
    assert plan.apply(labels, conflicts="take") == 1
    assert labels_of(labels)[0] == "anomaly"
    assert [e.label for e in labels.history(sha(0)) if e.annotator == "Ada"] == ["normal", "anomaly"]
    label(labels, 0, "normal")  # changed my mind: the same file again does not change it back
    repeated = plan_import(labels, DATASET, "theirs.csv", content, clips=CLIPS)
    assert (repeated.new, repeated.conflicts) == ([], [])


def test_clips_that_were_not_read_yet(labels: LabelStore) -> None:
    unread = CLIPS.assign(sha256="")
    content = f"clip_id;clip_sha256;annotator;label\n{name(0)};{sha(0)};Ada;normal\n{name(1)};;Ada;normal\n".encode(
        "utf-8-sig"
    )
    plan = plan_import(labels, DATASET, "l.csv", content, clips=unread)
    assert plan.apply(labels) == 1
    assert labels_of(labels) == {0: "normal"}
    assert "not compared" in plan.notes[0]
    assert "score it first" in plan.problems[0]


def test_one_name_for_two_clips_is_not_guessed(labels: LabelStore) -> None:
    baselines = pd.concat(
        [CLIPS.assign(clip_id="a/" + CLIPS["clip_id"]), clips(1).assign(clip_id=f"b/{name(0)}", sha256=sha(50))]
    )
    content = f"clip_id,annotator,label\n{Path(name(0)).name},Ada,normal\n".encode()
    plan = plan_import(labels, DATASET, "l.csv", content, clips=baselines)
    assert "the name of 2 clips" in plan.problems[0]


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("id_00/normal/2.wav", "id_00/normal/2.wav"),
        ("C:\\data\\id_00\\normal\\2.wav", "id_00/normal/2.wav"),
        ("/data/fan/id_06/normal/2.wav", "id_06/normal/2.wav"),
        ("normal/2.wav", None),
        ("2.wav", None),
        ("id_04/normal/2.wav", None),
        ("id_00/abnormal/2.wav", None),
        ("/elsewhere/id_00/normal/3.wav", "id_00/normal/3.wav"),
        ("3.wav", "id_00/normal/3.wav"),
    ],
)
def test_a_path_is_matched_by_its_folders(path: str, found: str | None) -> None:
    table = pd.DataFrame(
        {
            "clip_id": ["id_00/normal/2.wav", "id_06/normal/2.wav", "id_00/normal/3.wav"],
            "sha256": [sha(0), sha(1), sha(2)],
            "machine_id": ["00", "06", "00"],
        }
    )
    clips = Clips(table)
    if found is None:
        with pytest.raises(ValueError, match=r"is not a clip|the name of 2 clips"):
            clips.find("", path)
    else:
        assert clips.find("", path)[1] == found


def test_a_table_from_a_spreadsheet(labels: LabelStore) -> None:
    content = f"sep=;\nFile;Annotator;Label\n{name(0)};Ada;Anomaly \n".encode()
    plan = plan_import(labels, DATASET, "l.csv", content, clips=CLIPS)
    assert plan.problems == []
    assert plan.apply(labels) == 1
    assert labels_of(labels) == {0: "anomaly"}


@pytest.mark.parametrize(
    ("filename", "content", "why"),
    [
        ("l.csv", b"\xff\xfe\x00", "UTF-8"),
        ("l.csv", b"a,b\n1,2\n", "no columns"),
        ("l.csv", b"", "no columns"),
        ("l.parquet", b"PAR1", "not Parquet"),
        ("l.json", b"{", "not JSON"),
        ("l.json", b'{"format": "asd-labels"}', "list of Label Studio tasks"),
        ("l.txt", b"\xff\xfe", "UTF-8"),
        ("l.exe", b"", "cannot be imported"),
    ],
)
def test_files_that_cannot_be_read(filename: str, content: bytes, why: str, tmp_path: Path) -> None:
    store = LabelStore.open(f"sqlite:///{tmp_path / 'l.sqlite3'}")
    with pytest.raises(LabelError, match=why):
        plan_import(store, DATASET, filename, content, clips=CLIPS, annotator="Ada")


@pytest.mark.parametrize("form", ["csv", "json", "parquet", "audacity", "label-studio"])
def test_an_empty_store_gives_an_empty_file(form: Format, labels: LabelStore) -> None:
    content = export(labels, DATASET, form)
    assert content
    with pytest.raises(LabelError, match="no format"):
        export(labels, DATASET, "xml")  # type: ignore[arg-type]


def test_times_without_a_zone_are_utc_and_old_labels_keep_theirs(labels: LabelStore) -> None:
    content = (
        f"clip_sha256,annotator,label,at\n{sha(0)},Ada,normal,2020-01-02T03:04:05\n{sha(1)},Ada,normal,noon\n".encode()
    )
    plan = plan_import(labels, DATASET, "l.csv", content, clips=CLIPS)
    assert "'noon'" in plan.problems[0]
    plan.apply(labels)
    assert labels.current(DATASET)["at"].iloc[0].to_pydatetime() == datetime(2020, 1, 2, 3, 4, 5, tzinfo=UTC)
    with pytest.raises(LabelError, match="time zone"):
        labels.add_many([Draft(kind="skip", annotator="A", dataset="d", clip_sha256=sha(1), at=datetime(2020, 1, 1))])
    assert labels.progress(DATASET, "Ada", now=datetime.now(UTC) + timedelta(seconds=1)).sitting == 0


def test_a_parquet_file_that_holds_no_text_or_too_much_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    offsets, data = pa.py_buffer(np.array([0, 1], np.int32).tobytes()), pa.py_buffer(b"\xff")
    broken = pa.Array.from_buffers(pa.string(), 1, [None, offsets, data])
    for columns, sentence in (
        ({"clip_id": broken, "label": ["normal"]}, "text in UTF-8"),
        ({"clip_id": ["a"] * 9, "label": ["normal"] * 9}, "18 cells, and 10 can be read"),
    ):
        out = io.BytesIO()
        pq.write_table(pa.table(columns), out)
        monkeypatch.setattr(flat, "MOST_CELLS", 10)
        with pytest.raises(LabelError, match=sentence):
            flat.from_parquet(out.getvalue())
