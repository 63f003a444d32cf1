"""Labels as a project of Label Studio, and back in."""

import json
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from asd_core.errors import LabelError
from asd_core.labels import LabelStore, Plan, export, plan_import
from asd_core.labels.label_studio import config
from tests.unit.label_files import CLIPS, NOTE, again, annotation, copy, state
from tests.unit.label_helpers import DATASET, labels_of, name, sha


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
