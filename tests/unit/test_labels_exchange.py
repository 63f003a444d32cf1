"""Labels out and back in, read by code that is not ours."""

import csv
import io
import json
import zipfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from asd_core.errors import LabelError
from asd_core.labels import Draft, Format, LabelStore, Plan, export, flat, new_uid, plan_import
from asd_core.labels.label_studio import config
from asd_core.labels.matching import Clips
from tests.unit.label_helpers import DATASET, act, clips, label, labels_of, name, region, sha

NOTE = '=says "knock", twice;\nthen\tstops – naïve \\n\r\n| end'
CLIPS = clips(12)


@pytest.fixture
def full(labels: LabelStore) -> LabelStore:
    """One of everything."""
    region(labels, 1, t0=0.1, t1=1 / 3, f0=123.456789, f1=1e-7 + 2000, note=NOTE)
    region(labels, 1, f0=None, f1=None, region_class="other")
    region(labels, 5, t0=2.0, t1=2.0, f0=0.0, f1=8000.0, annotator="Björn O'Neil")
    label(labels, 0, "normal", blind=True, queue="most anomalous")
    label(labels, 1, "anomaly", note=NOTE, blind=False)
    label(labels, 1, "unsure", "Björn O'Neil")
    act(labels, 2, "skip")
    act(labels, 3, "note", note="come back")
    act(labels, 4, "skip", note="noisy")
    act(labels, 1, "adjudicate", "Cyd", label="anomaly", note="heard it too")
    return labels


def state(store: LabelStore, *, times: bool = True) -> list[list[object]]:
    """All that holds, in an order of its own; without where it came from."""
    found = []
    for table in (store.current(DATASET), store.regions(DATASET), store.adjudications(DATASET)):
        kept = table.drop(
            columns=["event_id", "source", "uid", *([] if times else ["at", "blind", "queue"])], errors="ignore"
        )
        rows = json.loads(kept.to_json(orient="values", date_format="iso", date_unit="us", double_precision=15))
        found.append(sorted(rows, key=str))
    return found


def copy(content: bytes, filename: str, tmp_path: Path, **more: str) -> tuple[LabelStore, Plan]:
    """Import a file into an empty store."""
    store = LabelStore.open(f"sqlite:///{tmp_path / 'copy.sqlite3'}")
    plan = plan_import(store, DATASET, filename, content, clips=CLIPS, **more)
    assert (plan.problems, plan.conflicts) == ([], [])
    assert plan.apply(store) == len(plan.new)
    assert store.check() == []
    return store, plan


def again(store: LabelStore, filename: str, content: bytes, **more: str) -> None:
    """The same file a second time changes nothing, and neither does it under another name."""
    before = store.last_id()
    for named in (filename, f"copy of {filename}"):
        plan = plan_import(store, DATASET, named, content, clips=CLIPS, **more)
        assert (plan.new, plan.conflicts, plan.problems) == ([], [], [])
        assert plan.apply(store, conflicts="take") == 0
    assert store.last_id() == before


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


ENTRY = f"Ada/test_normal_id_00_00000001.{sha(1)[:8]}.txt"  # the first clip's track


def test_audacity_track(full: LabelStore, tmp_path: Path) -> None:
    text = zipfile.ZipFile(io.BytesIO(export(full, DATASET, "audacity"))).read(ENTRY).decode()
    lines = text.splitlines()
    assert lines[0] == "0\t0\tlabel: anomaly"
    start, end, words = lines[2].split("\t")
    assert (float(start), float(end), words.split(" | ")[0]) == (0.1, 1 / 3, "loose belt")
    mark, low, high = lines[3].split("\t")
    assert (mark, float(low), float(high)) == ("\\", 123.456789, 1e-7 + 2000)
    assert lines[4] == "1.25\t2.5\tother"
    assert len(lines) == 5
    assert not any(c in text for c in "\r\x0b")

    store, _ = copy(text.encode(), "track.txt", tmp_path, annotator="Ada", clip_sha256=sha(1))
    own = [row for row in state(full, times=False)[0] if sha(1) in row and "Ada" in row]
    assert state(store, times=False)[0] == own
    assert state(store, times=False)[1] == [r for r in state(full, times=False)[1] if sha(1) in r]
    again(store, "track.txt", text.encode(), annotator="Ada", clip_sha256=sha(1))


def test_audacity_zip_has_a_file_a_clip(full: LabelStore, tmp_path: Path) -> None:
    archive = zipfile.ZipFile(io.BytesIO(export(full, DATASET, "audacity")))
    names = archive.namelist()
    assert archive.testzip() is None
    assert ENTRY in names
    assert len(names) == 7
    assert not any(".." in entry or entry.startswith("/") for entry in names)
    # found by the start of the hash in its name
    store, _ = copy(archive.read(ENTRY), Path(ENTRY).name, tmp_path, annotator="Ada")
    assert labels_of(store) == {1: "anomaly"}
    assert export(full, DATASET, "audacity") == export(full, DATASET, "audacity")


def test_a_track_made_in_audacity(tmp_path: Path) -> None:
    """As in Audacity's manual: six digits, undefined frequencies, a point label, a label without text."""
    text = (
        "1.000000\t1.000000\tsqueak\n\\\t6928.456055\t6928.456055\n2.000000\t2.500000\tlow undefined\n\\\t-1.000000\t6334.588867\n"
        "3,000000\t3,500000\thigh undefined\r\n\\\t8908.015625\t-1.000000\n4.000000\t4.500000\t\n"
    )
    store = LabelStore.open(f"sqlite:///{tmp_path / 'l.sqlite3'}")
    name_only = "normal_id_00_00000007.txt"
    plan = plan_import(store, DATASET, name_only, text.encode(), clips=CLIPS, annotator="Ada")
    assert plan.problems == []
    assert any("highest frequency" in note for note in plan.notes)
    assert any("found by name" in note for note in plan.notes)
    assert plan.apply(store) == 4
    table = store.regions(DATASET)
    assert set(table["clip_sha256"]) == {sha(7)}
    assert table["t0"].tolist() == [1, 2, 3, 4]
    assert table["f0"].fillna(-1).tolist() == [6928.456055, 0, -1, -1]
    assert table["region_class"].tolist() == ["squeak", "low undefined", "high undefined", "other"]
    bad = plan_import(store, DATASET, name_only, b"1\t2\tx\n\nx\ty\tz\n\\\t1\t2\n", clips=CLIPS, annotator="Ada")
    assert [p.split(":")[0] for p in bad.problems] == ["Line 3", "Line 4"]
    nobody = plan_import(store, DATASET, name_only, b"1\t2\tx\n", clips=CLIPS)
    assert "say whose" in nobody.problems[0]


def scores() -> pd.DataFrame:
    parts = [
        CLIPS[["clip_id", "sha256"]].assign(
            detector=key,
            model_version="abc12345",
            calibrated=100.0,
            margin=np.linspace(-1, 40, len(CLIPS)),
            raw=0.5,
            applicable=pd.array([None, False, *[True] * (len(CLIPS) - 2)], dtype="boolean"),
            applicability_reason=["", "it is quieter", *[""] * (len(CLIPS) - 2)],
        )
        for key in ("pca_kde", "cnn_ae")
    ]
    return pd.concat(parts, ignore_index=True)


def test_label_studio_tasks(full: LabelStore) -> None:
    content = export(full, DATASET, "label-studio", clips=CLIPS, scores=scores())
    tasks = json.loads(content)
    assert len(tasks) == len(CLIPS)
    by_clip = {t["data"]["clip_sha256"]: t for t in tasks}
    assert len({t["id"] for t in tasks}) == len(tasks)
    for index, row in enumerate(CLIPS.itertuples()):
        predictions = by_clip[row.sha256]["predictions"]
        assert [p["model_version"] for p in predictions] == ["pca_kde abc12345", "cnn_ae abc12345"]
        assert predictions[0]["score"] == pytest.approx(41 * index / 11 - 1, abs=1e-6), (
            "sorts where percentiles are all 100"
        )
        assert predictions[0]["result"][0]["value"]["choices"] == ["anomaly" if index > 0 else "normal"]
        assert predictions[0]["result"][0]["meta"] == {"percentile": 100.0}
    guards = [by_clip[row.sha256]["data"].get("applicable") for row in CLIPS.itertuples()]
    assert guards == [None, False, *[True] * (len(CLIPS) - 2)]
    assert by_clip[CLIPS["sha256"].iloc[1]]["data"]["applicability_reason"] == "it is quieter"
    annotations = by_clip[sha(1)]["annotations"]
    assert len(annotations) == 3
    results = [(r["from_name"], r["type"]) for r in annotations[0]["result"]]
    assert sorted(results) == sorted(
        [
            ("annotator", "textarea"),
            ("label", "choices"),
            ("note", "textarea"),
            ("region", "labels"),
            ("region", "labels"),
        ]
    )
    box = next(r for r in annotations[0]["result"] if r["type"] == "labels")
    assert (box["value"]["start"], box["value"]["end"], box["value"]["labels"]) == (0.1, 1 / 3, ["loose belt"])
    assert box["meta"]["text"] == [NOTE]
    assert [a["ground_truth"] for a in annotations] == [False, False, True]
    assert by_clip[sha(2)]["annotations"][0]["was_cancelled"] is True
    names = {r["from_name"] for t in tasks for a in t["annotations"] for r in a["result"]}
    assert all(f'name="{n}"' in config(["a & b"]) for n in names)
    assert 'value="a &amp; b"' in config(["a & b"])


def test_label_studio_comes_back_whole(full: LabelStore, tmp_path: Path) -> None:
    content = export(full, DATASET, "label-studio", clips=CLIPS, scores=scores())
    store, _ = copy(content, "project.json", tmp_path)
    assert state(store) == state(full)
    again(store, "project.json", content)
    again(full, "project.json", content)


def test_a_project_labelled_in_label_studio(tmp_path: Path) -> None:
    """As Label Studio exports it: numbers for people, a prefix before uploaded files' names, fields that are not ours."""
    annotation = {
        "id": 5,
        "completed_by": {"id": 3, "email": "eve@example.org"},
        "was_cancelled": False,
        "created_at": "2026-02-03T04:05:06.789Z",
        "result": [
            {"from_name": "label", "to_name": "audio", "type": "choices", "value": {"choices": ["Anomaly"]}},
            {
                "original_length": 10.0,
                "from_name": "region",
                "to_name": "audio",
                "type": "labels",
                "value": {"start": 1.5, "end": 2, "channel": 0, "labels": ["no grease"]},
            },
        ],
    }
    tasks = [
        {"id": 9, "data": {"audio": "/data/upload/4/0a1b2c3d-normal_id_00_00000003.wav"}, "annotations": [annotation]},
        {"id": 10, "data": {"audio": "/data/upload/4/0a1b2c3d-unheard.wav"}, "annotations": [annotation]},
        {"id": 11, "data": {"audio": name(4)}, "annotations": [{"completed_by": 3, "result": [{"type": "choices"}]}]},
        {"id": 12, "data": {"audio": name(4)}},
    ]
    store = LabelStore.open(f"sqlite:///{tmp_path / 'l.sqlite3'}")
    plan = plan_import(store, DATASET, "export.json", json.dumps(tasks).encode(), clips=CLIPS)
    assert plan.apply(store) == 2
    assert labels_of(store, "eve@example.org") == {3: "anomaly"}
    assert store.regions(DATASET)["region_class"].tolist() == ["no grease"]
    assert store.current(DATASET)["at"].iloc[0].to_pydatetime() == datetime(2026, 2, 3, 4, 5, 6, 789000, UTC)
    assert sorted(p.split(":")[0] for p in plan.problems) == ["Task 2", "Task 2", "Task 3"]
    assert any("not a clip of this dataset" in p for p in plan.problems)


def annotation(label: str | None = None, *more: dict[str, object], **about: object) -> dict[str, object]:
    """One of Label Studio's, by Eve."""
    result = [{"from_name": "label", "type": "choices", "value": {"choices": [label]}}] if label else []
    return {"completed_by": {"email": "eve@example.org"}, "result": [*result, *more], **about}


def plan_of(store: LabelStore, *annotations: dict[str, object]) -> Plan:
    tasks = [{"data": {"audio": name(3)}, "annotations": list(annotations)}]
    return plan_import(store, DATASET, "project.json", json.dumps(tasks).encode(), clips=CLIPS)


def test_a_region_with_two_labels_keeps_both(labels: LabelStore) -> None:
    value = {"start": 1.0, "end": 2.0, "labels": ["no grease", "loose belt"]}
    plan = plan_of(labels, annotation(None, {"from_name": "region", "type": "labels", "value": value}))
    assert plan.problems == []
    assert plan.apply(labels) == 2
    regions = labels.regions(DATASET)
    assert sorted(regions["region_class"]) == ["loose belt", "no grease"]
    assert set(zip(regions["t0"], regions["t1"], strict=True)) == {(1.0, 2.0)}


def test_the_newest_of_several_annotations_of_a_task_counts(labels: LabelStore) -> None:
    """Whatever their order, by when they were last changed; a skipped one does not replace a label."""
    box = {"from_name": "region", "type": "labels", "value": {"start": 1.0, "end": 2.0, "labels": ["other"]}}
    plan = plan_of(
        labels,
        annotation("anomaly", created_at="2026-02-01T00:00:00Z", updated_at="2026-02-05T00:00:00Z"),
        annotation("normal", box, created_at="2026-02-03T00:00:00Z"),
        annotation(was_cancelled=True, created_at="2026-02-06T00:00:00Z"),
        {**annotation("unsure", created_at="2026-01-01T00:00:00Z"), "completed_by": {"email": "bob@example.org"}},
    )
    assert (plan.problems, plan.notes[0]) == ([], "Task 1: of 3 annotations by eve@example.org the newest counts.")
    plan.apply(labels)
    assert labels_of(labels, "eve@example.org") == {3: "anomaly"}
    assert labels_of(labels, "bob@example.org") == {3: "unsure"}, "another person's opinion stands beside it"
    assert labels.regions(DATASET).empty, "an older annotation's regions went with it"
    assert labels.current(DATASET, annotator="eve@example.org")["at"].iloc[0].to_pydatetime() == datetime(
        2026, 2, 5, tzinfo=UTC
    )


def test_a_second_control_is_not_the_verdict(labels: LabelStore) -> None:
    loud = {"from_name": "Loud", "type": "choices", "value": {"choices": ["normal"]}}
    plan = plan_of(labels, annotation("anomaly", loud))
    assert plan.notes[0] == "Choices of Loud are not labels and are left out: label is the verdict."
    plan.apply(labels)
    assert labels_of(labels, "eve@example.org") == {3: "anomaly"}
    assert plan_of(labels, annotation(None, loud)).problems == []  # alone, it is the verdict by any name


def test_of_two_controls_that_could_be_the_verdict_none_is_guessed(labels: LabelStore) -> None:
    state, loud = (
        {"from_name": control, "type": "choices", "value": {"choices": ["Normal"]}} for control in ("state", "Loud")
    )
    with pytest.raises(LabelError, match=r"several choices \(Loud, state\)"):
        plan_of(labels, annotation(None, state, loud))
    louder = {**loud, "value": {"choices": ["very"]}}
    plan_of(labels, annotation(None, state, louder)).apply(labels)
    assert labels_of(labels, "eve@example.org") == {3: "normal"}


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
