"""The label store, on SQLite and on a real PostgreSQL."""

import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import create_engine, make_url, text
from sqlalchemy.exc import DBAPIError

from asd_core.database import Database
from asd_core.errors import LabelError
from asd_core.labels import Draft, LabelStore, Marked, OnClip, new_uid
from asd_core.labels.events import CLASSES
from asd_core.labels.log import append
from asd_core.labels.reading import ClipLabel
from asd_core.labels.validate import checked
from tests.unit.label_helpers import DATASET, act, label, labels_of, name, region, sha


def test_what_was_said_is_read_back(labels: LabelStore) -> None:
    before = datetime.now(UTC)
    event = label(labels, 1, "anomaly", note="a knock\nat 3 s – „Lager“", blind=True)
    assert event.id > 0
    assert before - timedelta(seconds=1) <= event.at <= datetime.now(UTC) + timedelta(seconds=1)
    (row,) = labels.current(DATASET).to_dict(orient="records")
    assert (row["label"], row["note"], row["annotator"]) == ("anomaly", "a knock\nat 3 s – „Lager“", "Ada")
    assert (row["clip_sha256"], row["clip_id"], row["machine_id"]) == (sha(1), name(1), "00")
    assert bool(row["blind"]) is True
    assert row["at"].to_pydatetime() == event.at
    assert row["event_id"] == event.id == labels.last_id(DATASET) == labels.last_id()
    assert labels.history(sha(1)) == [event]


def test_a_reopened_store_holds_the_same(label_url: str) -> None:
    first = LabelStore.open(label_url)
    for number in range(20):
        label(first, number, ("normal", "anomaly", "unsure")[number % 3])
    first.undo("Ada", DATASET, uid=new_uid())
    reported = first.current(DATASET)
    first.close()
    second = LabelStore.open(label_url)
    assert second.current(DATASET).equals(reported)
    assert list(reported["clip_sha256"]) == [sha(k) for k in range(19)]  # in the order in which they were given
    assert second.check() == []
    second.close()


def test_same_uid_labels_once(labels: LabelStore) -> None:
    first = label(labels, 1, "normal", uid="once")
    again = label(labels, 2, "anomaly", uid="once")
    assert again == first
    assert labels_of(labels) == {1: "normal"}
    twice = [Draft(kind="skip", annotator="Ada", dataset=DATASET, clip_sha256=sha(5), uid="same")] * 2
    assert len({e.id for e in labels.add_many(twice)}) == 1
    first, second = (
        Draft(kind="label", annotator="Ada", dataset=DATASET, clip_sha256=sha(6), label=given, uid="one")
        for given in ("normal", "anomaly")
    )
    assert [e.label for e in labels.add_many([first, second])] == ["normal", "normal"]  # the first of a uid counts


def test_latest_label_counts_and_the_log_keeps_all(labels: LabelStore) -> None:
    label(labels, 1, "normal", note="first")
    label(labels, 1, "anomaly")
    assert labels_of(labels) == {1: "anomaly"}
    assert labels.current(DATASET)["note"].tolist() == ["first"]  # a label without a note says nothing about it
    act(labels, 1, "note", note="")
    assert labels.current(DATASET)["note"].tolist() == [""]
    assert [e.label for e in labels.history(sha(1))] == ["normal", "anomaly", None]


def test_undo_goes_back_step_by_step(labels: LabelStore) -> None:
    label(labels, 1, "normal")
    second = label(labels, 1, "anomaly")
    box = region(labels, 2)
    act(labels, 3, "skip")
    label(labels, 3, "normal", annotator="Bob")
    undone = labels.undo("Ada", DATASET, uid="u1")
    assert undone is not None
    assert (undone.kind, undone.clip_sha256, undone.clip_id) == ("skip", sha(3), name(3))
    assert labels.undo("Ada", DATASET, uid="u1") == undone  # a repeated request undoes nothing more
    assert labels.undo("Ada", DATASET, uid="u2") == box
    assert labels.regions(DATASET).empty
    assert labels.undo("Ada", DATASET, uid="u3") == second
    assert labels_of(labels) == {1: "normal"}
    assert labels.undo("Ada", DATASET, uid="u4") is not None
    assert labels.undo("Ada", DATASET, uid="u5") is None
    assert labels_of(labels) == {}
    assert labels_of(labels, "Bob") == {3: "normal"}
    assert labels.check() == []
    assert [e.kind for e in labels.history(sha(1))] == ["label", "label", "undo", "undo"]
    assert {(e.clip_id, e.machine_id) for e in labels.history(sha(1))} == {(name(1), "00")}
    assert set(labels.current(DATASET, since=0)["clip_id"]) == {name(1), name(2), name(3)}


def test_undo_of_a_named_event(labels: LabelStore) -> None:
    first, _ = label(labels, 1, "normal"), label(labels, 2, "normal")
    assert labels.undo("Ada", DATASET, uid=new_uid(), target=first.uid) == first
    assert labels.undo("Ada", DATASET, uid=new_uid(), target=first.uid) is None
    assert labels_of(labels) == {2: "normal"}
    with pytest.raises(LabelError, match="done by Ada"):
        labels.undo("Bob", DATASET, uid=new_uid(), target=first.uid)
    with pytest.raises(LabelError, match="not in the store"):
        labels.undo("Ada", DATASET, uid=new_uid(), target="nothing")


def test_what_holds_on_one_clip(labels: LabelStore) -> None:
    label(labels, 1, "normal", "Bob")
    act(labels, 1, "skip")
    act(labels, 1, "note", "Cleo", note="loud")
    box, whole = region(labels, 1), region(labels, 1, f0=None, f1=None)
    label(labels, 2, "anomaly")
    region(labels, 2)
    found = labels.on_clip(DATASET, sha(1))
    assert sorted(found.labels, key=lambda one: one.annotator) == [
        ClipLabel("Ada", None, "", True),
        ClipLabel("Bob", "normal", "", False),
        ClipLabel("Cleo", None, "loud", False),
    ]
    assert found.regions == [
        Marked(box.uid, "Ada", 1.25, 2.5, 300.0, 1200.0, "loose belt"),
        Marked(whole.uid, "Ada", 1.25, 2.5, None, None, "loose belt"),
    ]
    assert labels.on_clip(DATASET, sha(1), annotator="Bob") == OnClip([ClipLabel("Bob", "normal", "", False)], [])
    labels.undo("Ada", DATASET, uid=new_uid(), target=box.uid)
    assert [one.uid for one in labels.on_clip(DATASET, sha(1)).regions] == [whole.uid]
    assert labels.on_clip("fan", sha(1)) == OnClip([], [])


def test_regions_come_and_go(labels: LabelStore) -> None:
    box, whole = region(labels, 1, note="rattles"), region(labels, 1, f0=None, f1=None, region_class="other")
    table = labels.regions(DATASET)
    assert set(table["clip_sha256"]) == {sha(1)}
    assert table["uid"].tolist() == [box.uid, whole.uid]
    assert table.loc[0, ["t0", "t1", "f0", "f1"]].tolist() == [1.25, 2.5, 300.0, 1200.0]
    assert table["f0"].isna().tolist() == [False, True]
    assert table["note"].tolist() == ["rattles", ""]
    removal = labels.add(Draft(kind="remove_region", annotator="Ada", dataset=DATASET, uid=new_uid(), target=box.uid))
    assert removal.clip_sha256 == sha(1)
    assert labels.regions(DATASET)["uid"].tolist() == [whole.uid]
    assert labels.undo("Ada", DATASET, uid=new_uid()) == removal
    assert labels.regions(DATASET)["uid"].tolist() == [box.uid, whole.uid]
    with pytest.raises(LabelError, match="drawn by Ada"):
        labels.add(Draft(kind="remove_region", annotator="Bob", dataset=DATASET, uid=new_uid(), target=box.uid))
    assert labels.annotators(DATASET) == ["Ada"]


def test_adjudications(labels: LabelStore) -> None:
    label(labels, 1, "normal")
    label(labels, 1, "anomaly", "Bob")
    first = act(labels, 1, "adjudicate", "Cyd", label="anomaly")
    second = act(labels, 1, "adjudicate", "Bob", label="unsure", note="ask the plant")
    assert labels.adjudications(DATASET)[["label", "annotator", "note"]].values.tolist() == [
        ["unsure", "Bob", "ask the plant"]
    ]
    labels.undo("Bob", DATASET, uid=new_uid(), target=second.uid)
    assert labels.adjudications(DATASET)["uid"].tolist() == [first.uid]
    assert labels_of(labels, "Bob") == {1: "anomaly"}  # a decision is not a label
    assert labels.annotators(DATASET) == ["Ada", "Bob"]
    assert labels.check() == []


def test_progress_and_pace(labels: LabelStore) -> None:
    start = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)
    times = [0, 4, 8, 10 * 60, 10 * 60 + 3, 10 * 60 + 5, 10 * 60 + 12]  # a break of ten minutes after the third
    drafts = [
        Draft(
            kind="label",
            annotator="Ada",
            dataset=DATASET,
            clip_sha256=sha(k),
            label="normal",
            at=start + timedelta(seconds=s),
        )
        for k, s in enumerate(times)
    ]
    labels.add_many(drafts)
    act(labels, 50, "skip")
    act(labels, 0, "skip")  # has a label: not skipped
    label(labels, 51, "unsure", "Bob")
    now = start + timedelta(seconds=times[-1] + 60)
    progress = labels.progress(DATASET, "Ada", now=now)
    assert (progress.labelled, progress.skipped) == (7, 1)
    assert progress.counts == {"normal": 7, "anomaly": 0, "unsure": 0}
    assert (progress.sitting, progress.pace) == (4, 3.0)
    later = labels.progress(DATASET, "Ada", now=now + timedelta(hours=1))
    assert (later.sitting, later.pace, later.labelled) == (0, None, 7)
    assert labels.progress("another", "Ada").labelled == 0


def test_datasets_are_apart_and_clips_are_known_by_content(labels: LabelStore) -> None:
    label(labels, 1, "normal")
    label(labels, 1, "anomaly", dataset="fan", clip_id="other/name.wav")
    assert labels.current(DATASET)["label"].tolist() == ["normal"]
    assert labels.current("fan")["clip_id"].tolist() == ["other/name.wav"]
    assert len(labels.current()) == 2
    assert labels.datasets() == ["fan", DATASET]
    label(labels, 1, "anomaly", clip_id="renamed.wav")  # the same bytes under another name: the same clip
    assert labels.current(DATASET)["label"].tolist() == ["anomaly"]


def test_only_what_changed_since(labels: LabelStore) -> None:
    label(labels, 1, "normal")
    seen = labels.last_id(DATASET)
    label(labels, 2, "anomaly", "Bob")
    assert labels.current(DATASET, since=seen)["clip_sha256"].tolist() == [sha(2)]
    seen = labels.last_id(DATASET)
    labels.undo("Bob", DATASET, uid=new_uid())
    changed = labels.current(DATASET, since=seen)
    assert changed["label"].isna().tolist() == [True]
    assert labels.current(DATASET)["clip_sha256"].tolist() == [sha(1)]
    light = labels.current(DATASET, columns=("clip_sha256", "label"))
    assert light.columns.tolist() == ["clip_sha256", "label"]
    with pytest.raises(LabelError, match="no column"):
        labels.current(DATASET, columns=("sha",))


def test_classes_are_edited_as_events(labels: LabelStore) -> None:
    assert labels.classes() == list(CLASSES)
    assert not set(" ".join(CLASSES).split()) & {"rail", "belt", "grease"}, "they are for every machine, not the demo's"
    labels.set_classes(["squeal", " Lagerschaden "], annotator="Ada", uid="c1")
    labels.set_classes(["never"], annotator="Ada", uid="c1")
    assert labels.classes() == ["squeal", "Lagerschaden"]
    assert labels.check() == []
    for bad, why in (([], "empty"), (["a", "a"], "twice"), (["a|b"], "cannot be"), ([" "], "cannot be")):
        with pytest.raises(LabelError, match=why):
            labels.set_classes(bad, annotator="Ada", uid=new_uid())


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"annotator": " "}, "Enter a name"),
        ({"label": "broken"}, "not a label"),
        ({"clip_sha256": "short"}, "sha256"),
        ({"dataset": ""}, "dataset"),
        ({"uid": ""}, "uid"),
        ({"note": "x" * 10_001}, "too long"),
        ({"annotator": "\ud800"}, "half a character"),
        ({"kind": "invent"}, "no event"),
        ({"kind": "undo", "target": "x"}, "undo"),
        ({"kind": "region", "t0": 2.0, "t1": 1.0, "region_class": "other"}, "run forward"),
        ({"kind": "region", "t0": float("nan"), "t1": 1.0, "region_class": "other"}, "start and an end"),
        ({"kind": "region", "t0": 0.0, "t1": 1.0, "f0": 1.0, "region_class": "other"}, "neither"),
        ({"kind": "region", "t0": 0.0, "t1": 1.0}, "class"),
        ({"kind": "classes", "note": "{}"}, "not a list"),
    ],
)
def test_nonsense_is_refused(change: dict[str, object], why: str, tmp_path: Path) -> None:
    store = LabelStore.open(f"sqlite:///{tmp_path / 'l.sqlite3'}")
    fields = {
        "kind": "label",
        "annotator": "Ada",
        "dataset": DATASET,
        "clip_sha256": sha(1),
        "label": "normal",
        "uid": "u",
    }
    with pytest.raises(LabelError, match=why):
        store.add(Draft(**{**fields, **change}))  # type: ignore[arg-type]
    assert store.last_id() == 0


def test_a_null_character_cannot_break_a_text(labels: LabelStore) -> None:
    label(labels, 1, "normal", note="a\x00b")
    assert labels.current(DATASET)["note"].tolist() == ["ab"]


def test_the_log_refuses_changes(labels: LabelStore, label_url: str) -> None:
    label(labels, 1, "normal")
    engine = create_engine(Database(label_url).url)
    for statement in ("UPDATE label_events SET label = 'anomaly'", "DELETE FROM label_events"):
        with pytest.raises(DBAPIError, match="append-only"), engine.begin() as connection:
            connection.execute(text(statement))
    assert labels_of(labels) == {1: "normal"}


def test_check_finds_what_does_not_follow_and_rebuild_mends_it(labels: LabelStore, label_url: str) -> None:
    for number in range(5):
        label(labels, number, "normal")
    region(labels, 1)
    engine = create_engine(Database(label_url).url)
    for statement, word in (
        ("UPDATE label_current SET label = 'anomaly' WHERE event_id = 3", "current labels"),
        ("DELETE FROM label_regions", "regions"),
    ):
        with engine.begin() as connection:
            connection.execute(text(statement))
        problems = labels.check()
        assert len(problems) == 1
        assert word in problems[0]
        labels.rebuild()
        assert labels.check() == []
    assert labels_of(labels) == dict.fromkeys(range(5), "normal")
    assert len(labels.regions(DATASET)) == 1


def test_a_failed_write_leaves_nothing(labels: LabelStore, label_url: str) -> None:
    """The log and what follows from it change together or not at all."""
    database = Database(label_url)
    drafts = [checked(Draft(kind="label", annotator="Ada", dataset=DATASET, clip_sha256=sha(1), label="normal"))]

    def fail() -> None:
        with database.write() as connection:
            append(connection, drafts)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    database.close()
    assert labels.last_id() == 0
    assert labels.current().empty


def test_sentences_when_the_database_cannot_be_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    junk = tmp_path / "junk.sqlite3"
    junk.write_bytes(b"not a database at all" * 500)
    with pytest.raises(LabelError, match=r"junk\.sqlite3.*backup"):
        LabelStore.open(f"sqlite:///{junk}")
    (tmp_path / "file").write_text("")
    with pytest.raises(LabelError, match="ASD_DATABASE_URL"):
        LabelStore.open(f"sqlite:///{tmp_path / 'file' / 'labels.sqlite3'}")
    with pytest.raises(LabelError, match="memory"):
        LabelStore.open("sqlite://")
    with pytest.raises(LabelError, match="mysql"):
        LabelStore.open("mysql://host/name")
    for url in ("postgresql://me:secret@127.0.0.1:1/labels", "postgres://127.0.0.1:1/labels?user=me&password=secret"):
        with pytest.raises(LabelError, match="server running") as caught:
            LabelStore.open(url)
        assert "secret" not in str(caught.value)
    with pytest.raises(LabelError, match="cannot be read") as caught:
        LabelStore.open("me:secret@host")
    assert "secret" not in str(caught.value)


def test_a_database_without_an_encoding_holds_any_text(server_url: str) -> None:
    """What `createdb` makes on a server that was set up without a locale."""
    bare, url = f"bare_{new_uid().replace('-', '')}", make_url(server_url)
    server = create_engine(url.set(drivername="postgresql+psycopg"), isolation_level="AUTOCOMMIT")
    with server.connect() as connection:
        connection.execute(
            text(f"CREATE DATABASE {bare} ENCODING SQL_ASCII TEMPLATE template0 LC_COLLATE 'C' LC_CTYPE 'C'")
        )
    try:
        store = LabelStore.open(url.set(database=bare).render_as_string(hide_password=False))
        label(store, 1, "anomaly", annotator="Zoë 音")
        assert labels_of(store, "Zoë 音") == {1: "anomaly"}
        store.close()
    finally:
        with server.connect() as connection:
            connection.execute(text(f"DROP DATABASE {bare} WITH (FORCE)"))
        server.dispose()


def test_default_is_a_file_in_the_data_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from asd_core.settings import get_settings

    monkeypatch.setenv("ASD_DATA_DIR", str(tmp_path))
    monkeypatch.delenv("ASD_DATABASE_URL", raising=False)
    get_settings.cache_clear()
    store = LabelStore.open()
    label(store, 1, "normal")
    path = tmp_path / "user" / "labels.sqlite3"
    assert sqlite3.connect(path).execute("PRAGMA journal_mode").fetchone() == ("wal",)
    monkeypatch.setenv("ASD_DATABASE_URL", f"sqlite:///{tmp_path / 'else.sqlite3'}")
    get_settings.cache_clear()
    assert LabelStore.open().last_id() == 0
    assert (tmp_path / "else.sqlite3").is_file()
