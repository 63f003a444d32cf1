"""Label databases of every earlier version, opened by today's program."""

from typing import Any

import pytest
from sqlalchemy import Connection, create_engine, inspect, text

from asd_core import schema
from asd_core.audit import AuditEntry
from asd_core.database import Database
from asd_core.errors import LabelError
from asd_core.labels import LabelStore
from tests.unit import label_schemas
from tests.unit.label_helpers import DATASET, act, label, labels_of, region, sha

AT = 10**15  # µs: in 2001
# What people did, oldest first: an annotator, a clip, and the rest of the event.
DONE: list[tuple[str, int, dict[str, Any]]] = [
    ("Ada", 0, {"kind": "label", "label": "normal", "blind": True}),
    ("Ada", 1, {"kind": "label", "label": "anomaly", "note": "rattles", "blind": False}),
    ("Bob", 0, {"kind": "label", "label": "anomaly"}),
    ("Ada", 0, {"kind": "label", "label": "unsure", "blind": True}),
    ("Ada", 2, {"kind": "label", "label": "normal"}),
    ("Ada", 2, {"kind": "undo", "target": "event 4"}),
    ("Ada", 1, {"kind": "region", "t0": 1.0, "t1": 2.5, "f0": 300.0, "f1": 1200.0, "region_class": "loose belt"}),
    ("Bob", 3, {"kind": "skip"}),
    ("Eve", 0, {"kind": "adjudicate", "label": "anomaly", "note": "heard it twice"}),
]
# What holds after that, as a program of the time stored it: by table, the event that a row follows from, and its other columns.
HELD: dict[str, list[tuple[int, dict[str, Any]]]] = {
    "label_current": [
        (3, {"label": "unsure", "note": "", "blind": True, "skipped": False}),
        (6, {"at": AT + 1, "label": "anomaly", "note": "rattles", "blind": False, "skipped": False}),
        (2, {"label": "anomaly", "note": "", "skipped": False}),
        (5, {"note": "", "skipped": False}),
        (7, {"note": "", "skipped": True}),
    ],
    "label_regions": [
        (
            6,
            {
                "uid": "event 6",
                "t0": 1.0,
                "t1": 2.5,
                "f0": 300.0,
                "f1": 1200.0,
                "region_class": "loose belt",
                "note": "",
            },
        )
    ],
    "label_adjudicated": [(8, {"uid": "event 8", "label": "anomaly", "note": "heard it twice"})],
}


def _insert(connection: Connection, table: str, row: dict[str, Any]) -> None:
    values = ", ".join(f":{column}" for column in row)
    connection.execute(text(f"INSERT INTO {table} ({', '.join(row)}) VALUES ({values})"), row)


def _about(place: int) -> dict[str, Any]:
    annotator, clip, _ = DONE[place]
    about = {"annotator": annotator, "dataset": DATASET, "clip_sha256": sha(clip), "clip_id": f"{clip}.wav"}
    return {**about, "machine_id": "00", "at": AT + place, "source": "app"}


def write_old(url: str, version: int) -> None:
    """A database as a program of that version made and filled it."""
    engine = create_engine(Database(url).url)
    dialect = engine.dialect.name
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE label_schema (version BIGINT NOT NULL PRIMARY KEY)")
        for step, statements in enumerate(label_schemas.RELEASED[:version], start=1):
            for statement in statements:
                refusals = label_schemas.APPEND_ONLY.get(statement)
                for one in refusals[dialect] if refusals else [statement.format(**label_schemas.WORDS[dialect])]:
                    connection.exec_driver_sql(one)
            _insert(connection, "label_schema", {"version": step})
        for place, (*_, event) in enumerate(DONE):
            _insert(connection, "label_events", {**_about(place), "uid": f"event {place}", "app_version": "0", **event})
        if version >= 2:  # the first one had the log alone
            for table, rows in HELD.items():
                for place, row in rows:
                    _insert(connection, table, {**_about(place), "event_id": place + 1, **row})
        if version >= 4:
            did = {"uid": "did", "at": AT, "who": "ada@example.org", "via": "dashboard", "act": "deleted", "n_items": 3}
            more = {"dataset": DATASET, "detectors": "", "note": "", "app_version": "0"}
            _insert(connection, "audit_events", did | more)
        if version >= 3:
            event = {"uid": "queued", "kind": "label", "label": "normal", "app_version": "0", "queue": "random"}
            about = {**_about(0), "clip_sha256": sha(9)}
            _insert(connection, "label_events", {**about, **event})
            row = {"label": "normal", "note": "", "skipped": False, "queue": "random", "event_id": len(DONE) + 1}
            _insert(connection, "label_current", {**about, **row})
    engine.dispose()


@pytest.mark.parametrize("version", range(1, len(label_schemas.RELEASED) + 1))
def test_every_label_of_an_older_database_is_there(label_url: str, version: int) -> None:
    write_old(label_url, version)
    store = LabelStore.open(label_url)
    of_queue = {9: "normal"} if version >= 3 else {}
    assert labels_of(store) == {0: "unsure", 1: "anomaly"} | of_queue
    assert labels_of(store, "Bob") == {0: "anomaly"}
    held = store.current(DATASET).set_index(["annotator", "clip_sha256"])
    assert held["note"]["Ada", sha(1)] == "rattles"
    assert bool(held["skipped"]["Bob", sha(3)])
    assert bool(held["blind"]["Ada", sha(0)])
    queues = {k: v for k, v in held["queue"].items() if isinstance(v, str)}
    assert queues == {("Ada", sha(k)): "random" for k in of_queue}
    (row,) = store.regions(DATASET).to_dict("records")
    assert (row["t0"], row["t1"], row["f0"], row["f1"], row["region_class"]) == (1.0, 2.5, 300.0, 1200.0, "loose belt")
    (row,) = store.adjudications(DATASET).to_dict("records")
    assert (row["label"], row["annotator"], row["note"]) == ("anomaly", "Eve", "heard it twice")
    events = [event for clip in range(4) for event in store.history(sha(clip))]
    assert sorted(event.uid for event in events) == [f"event {place}" for place in range(len(DONE))]
    assert store.check() == []

    assert [(e.who, e.act, e.n_items) for e in store.audit.entries()] == [("ada@example.org", "deleted", 3)] * (
        version >= 4
    )

    # And it goes on as any other.
    store.audit.add(AuditEntry("trained", "Bob"))
    assert store.audit.entries()[0].act == "trained"
    label(store, 2, "normal", queue="random")
    region(store, 2)
    act(store, 2, "note", note="new")
    assert labels_of(store)[2] == "normal"
    assert store.check() == []
    store.close()
    LabelStore.open(label_url).close()  # a second time there is nothing left to do


@pytest.mark.parametrize("version", range(1, len(label_schemas.RELEASED) + 1))
def test_an_upgraded_database_is_as_a_new_one(label_url: str, version: int) -> None:
    write_old(label_url, version)
    LabelStore.open(label_url).close()
    seen = inspect(create_engine(Database(label_url).url))
    for table in (*schema.SOURCES, *schema.DERIVED):
        assert [column["name"] for column in seen.get_columns(table.name)] == [c.name for c in table.columns]
    with Database(label_url).read() as connection:
        assert schema.version(connection) == len(schema.VERSIONS)


def test_no_released_version_is_edited() -> None:
    """Databases are out there that were made so: a change is a new version."""
    assert schema.VERSIONS[: len(label_schemas.RELEASED)] == label_schemas.RELEASED
    assert (schema.WORDS, schema.APPEND_ONLY) == (label_schemas.WORDS, label_schemas.APPEND_ONLY)
    assert len(label_schemas.RELEASED) == len(schema.VERSIONS), "add the new version's text to label_schemas.py"


def test_a_database_of_a_newer_program_is_refused_and_left_alone(label_url: str) -> None:
    LabelStore.open(label_url).close()
    newer = len(schema.VERSIONS) + 1
    with Database(label_url).write() as connection:
        _insert(connection, "label_schema", {"version": newer})
    with pytest.raises(LabelError, match=rf"of version {newer}.*knows up to {newer - 1}: update the program\."):
        LabelStore.open(label_url)
    with Database(label_url).read() as connection:
        assert schema.version(connection) == newer
