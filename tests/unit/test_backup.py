"""Backup and restore, for real: written while others label, dropped, restored, into either kind of database."""

import json
import os
import random
import subprocess
import sys
import time
import zipfile
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from sqlalchemy import create_engine, inspect, text

from asd_core import schema
from asd_core.artifacts import pin_detector, pinned_detector
from asd_core.audit import ActName, AuditEntry
from asd_core.backup import backup, restore
from asd_core.database import Database
from asd_core.datasets.importing import import_recordings
from asd_core.datasets.stored_datasets import user_datasets
from asd_core.errors import BackupError, LabelError
from asd_core.labels import Draft, LabelStore
from asd_core.settings import get_settings
from tests.conftest import ROOT
from tests.forked import CONTEXT
from tests.public_server import sound
from tests.unit.conftest import Cli
from tests.unit.label_helpers import DATASET, act, label, labels_of, region, sha
from tests.unit.test_labels_safety import LABELS, Writer


@pytest.fixture
def home(data_dir: Path, label_url: str, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of data and models of a user whose labels are in the database of the test."""
    use(label_url, monkeypatch)
    return data_dir.parent


def use(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ASD_DATABASE_URL", url)
    get_settings.cache_clear()


def say_all() -> None:
    """One of everything that can be said of a clip, some of it taken back."""
    store = LabelStore.open()
    label(store, 0, "normal", blind=True)
    label(store, 0, "anomaly", note="ein „Quietschen“ \n 軋む", queue="random")
    label(store, 1, "unsure", annotator="Bob")
    marked = region(store, 1, f0=0.1 + 0.2)
    act(store, 1, "remove_region", target=marked.uid)
    region(store, 2, annotator="Bob")
    label(store, 3, "normal")
    store.undo("Ada", DATASET, uid="taken back")
    act(store, 4, "skip")
    act(store, 1, "adjudicate", annotator="Eve", label="anomaly")
    store.set_classes(["hum", "click"], annotator="Ada", uid="classes")
    store.close()


def all_tables() -> dict[str, pd.DataFrame]:
    """Every row of every table of labels."""
    with Database().read() as connection:
        return {
            t.name: pd.read_sql(text(f"SELECT * FROM {t.name} ORDER BY 1, 2, 3"), connection)
            for t in (schema.EVENTS, *schema.DERIVED)
        }


def drop_all() -> None:
    with Database().write() as connection:
        schema.drop(connection)


def forget() -> None:
    with Database().write() as connection:
        connection.execute(text("DELETE FROM label_events"))


def assert_same(one: dict[str, pd.DataFrame], other: dict[str, pd.DataFrame]) -> None:
    assert one.keys() == other.keys()
    for name, table in one.items():
        pd.testing.assert_frame_equal(table, other[name], check_dtype=False)


def test_dump_drop_restore_and_every_label_is_there(home: Path, cli: Cli) -> None:
    say_all()
    before, file = all_tables(), home / "it.zip"
    code, shown, said = cli("backup", file)
    assert (code, shown) == (0, "")
    assert "11 label events" in said
    drop_all()
    code, _, said = cli("restore", file)
    assert code == 0, said
    assert "11 label events" in said
    assert_same(all_tables(), before)
    store = LabelStore.open()
    assert store.check() == []
    assert store.classes() == ["hum", "click"]
    newest = store.last_id()
    label(store, 7, "normal")  # ids go on behind those that were restored
    assert store.last_id() > newest
    assert labels_of(store) == {0: "anomaly", 7: "normal"}
    with pytest.raises(LabelError, match="append-only"):
        forget()
    store.close()


def test_the_audit_log_is_restored_and_forgets_nothing(home: Path, cli: Cli) -> None:
    """Also not what was done after the backup, where a restore would take the labels back."""
    store = LabelStore.open()
    done: list[tuple[ActName, str]] = [("deleted", "ada@example.org"), ("renamed", "bob@example.org")]
    for name, who in done:
        store.audit.add(AuditEntry(name, who, dataset="press"))
        assert cli("backup", home / f"{who[:3]}.zip")[0] == 0
    assert [entry.act for entry in store.audit.entries()] == ["backed up", "renamed", "backed up", "deleted"]
    assert cli("restore", home / "ada.zip")[0] == 0
    entries = store.audit.entries()
    assert [entry.act for entry in entries] == ["restored", "backed up", "renamed", "backed up", "deleted"]
    assert (entries[0].via, entries[-1].who) == ("command line", "ada@example.org")
    with Database().write() as connection:
        schema.drop(connection)
    assert cli("restore", home / "bob.zip")[0] == 0
    again = LabelStore.open()
    assert [entry.act for entry in again.audit.entries()] == ["restored", "renamed", "backed up", "deleted"]
    assert again.audit.entries()[1:] == entries[2:]
    again.close()
    store.close()


def test_labels_move_from_one_kind_of_database_to_the_other(
    home: Path, label_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    say_all()
    before = all_tables()
    backup(home / "it.zip")
    use(f"sqlite:///{tmp_path / 'other.sqlite3'}", monkeypatch)
    restore(home / "it.zip")
    on_sqlite = all_tables()
    backup(home / "back.zip")
    use(label_url, monkeypatch)
    restore(home / "back.zip", replace=True)
    assert_same(all_tables(), before)
    assert len(on_sqlite["label_events"]) == len(before["label_events"]) == 11


@pytest.mark.long
def test_a_backup_is_of_one_moment_while_people_label(home: Path, label_url: str) -> None:
    LabelStore.open().close()
    writers = [Writer(label_url, name) for name in ("Ada", "Bob")]
    for writer in writers:
        writer.start()
    acknowledged: dict[str, list[str]] = {"Ada": [], "Bob": []}
    held: list[set[str]] = []
    for number in range(5):
        for name, writer in zip(acknowledged, writers, strict=True):
            acknowledged[name] += [writer.pipe.recv() for _ in range(15)]
        backup(home / f"{number}.zip")
        with zipfile.ZipFile(home / f"{number}.zip") as archive:
            rows = archive.read("labels/label_events.jsonl").decode().splitlines()[1:]
        held.append({json.loads(row)[1] for row in rows})
        assert {uid for uids in acknowledged.values() for uid in uids} <= held[-1], "what was told before is in it"
    assert len(held[0]) < 2 * LABELS, "they were still writing"
    for name, writer in zip(acknowledged, writers, strict=True):  # and nobody was kept from it
        assert len(acknowledged[name] + writer.reported()) == LABELS + LABELS // 20
    restore(home / "0.zip", replace=True)
    store = LabelStore.open()
    assert store.check() == []
    assert store.stored(sorted(held[-1])) == held[0]
    store.close()


def test_files_come_back_too(home: Path, cli: Cli) -> None:
    place = import_recordings(
        "Press", [("normal/1.wav", lambda: sound(1)), ("labels.csv", lambda: b"path,label\n1.wav,ok\n")]
    ).place
    models = get_settings().models_dir
    (models / "press" / "pca_kde").mkdir(parents=True)
    (models / "press" / "pca_kde" / "manifest.json").write_text("{}")
    pin_detector(models / "press", "pca_kde")
    user = get_settings().data_dir / "user"
    (user / "jobs" / "train").mkdir(parents=True)
    (user / "jobs" / "train" / "job.json").write_text("{}")
    (user / ".in_use.lock").write_text("")
    paths = {
        path.relative_to(home): path.read_bytes()
        for path in home.rglob("*")
        if path.is_file() and "sqlite3" not in path.name
    }
    assert cli("backup", home / "small.zip")[0] == 0
    assert cli("backup", home / "all.zip", "--recordings", "--with-models")[0] == 0
    with zipfile.ZipFile(home / "small.zip") as archive:
        assert sorted(archive.namelist()) == [
            *("asd-backup.json", "checksums.json", "labels/audit_events.jsonl", "labels/label_events.jsonl"),
            *(
                "user/datasets/press/dataset.toml",
                "user/datasets/press/recordings/labels.csv",
                "user/in_use/press.json",
            ),
        ]
    for path in paths:
        (home / path).unlink()
    assert user_datasets() == []
    assert cli("restore", home / "all.zip")[0] == 0
    assert user_datasets() == [place]
    assert pinned_detector(models / "press") == "pca_kde"
    back = {path for path in paths if (home / path).exists()}
    assert {str(path) for path in paths.keys() - back} == {"data/user/.in_use.lock", "data/user/jobs/train/job.json"}
    assert all((home / path).read_bytes() == paths[path] for path in back)
    assert not list(home.rglob(".unfinished*"))


def test_nothing_is_overwritten_that_nobody_named(home: Path, cli: Cli) -> None:
    say_all()
    user = get_settings().data_dir / "user"
    (user / "in_use").mkdir(parents=True)
    (user / "in_use" / "press.json").write_text("old")
    backup(home / "it.zip")
    store = LabelStore.open()
    label(store, 8, "normal")
    before = all_tables()
    code, _, said = cli("restore", home / "it.zip")
    assert (code, len(said.splitlines())) == (2, 1)
    assert "holds 12 events already: write --replace" in said
    drop_all()
    LabelStore.open().close()
    (user / "in_use" / "press.json").write_text("new")
    code, _, said = cli("restore", home / "it.zip")
    assert (code, len(said.splitlines())) == (2, 1)
    assert "press.json is there already" in said
    assert all_tables()["label_events"].empty, "nothing of it was restored"
    assert cli("restore", home / "it.zip", "--replace")[0] == 0
    assert (user / "in_use" / "press.json").read_text() == "old"
    assert len(all_tables()["label_events"]) == len(before["label_events"]) - 1
    store.close()


def test_where_the_labels_fail_the_files_stay(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Everything or nothing: the database is written last, and what it fails at is taken back."""
    say_all()
    user = get_settings().data_dir / "user"
    for name in ("a", "b"):
        (user / "in_use").mkdir(parents=True, exist_ok=True)
        (user / "in_use" / f"{name}.json").write_text("old")
    backup(home / "it.zip")
    (user / "in_use" / "a.json").write_text("newer")
    (user / "in_use" / "b.json").unlink()
    before = all_tables()

    def fail(*_: object) -> None:
        raise LabelError("The disk is full.")

    monkeypatch.setattr("asd_core.labels.integrity.rebuild", fail)
    with pytest.raises(LabelError, match="disk is full"):
        restore(home / "it.zip", replace=True)
    assert (user / "in_use" / "a.json").read_text() == "newer"
    assert not (user / "in_use" / "b.json").exists()
    assert_same(all_tables(), before)
    assert not list(home.rglob(".unfinished*"))


def _restore_in(environment: dict[str, str], file: Path, pipe: Any) -> None:
    os.environ.update(environment)
    get_settings.cache_clear()
    restore(file, replace=True, progress=lambda _, message: pipe.send(message))


@pytest.mark.long
def test_a_restore_that_is_killed_is_completed_by_the_next(home: Path) -> None:
    user = get_settings().data_dir / "user"
    (user / "in_use").mkdir(parents=True)
    store = LabelStore.open()
    for annotator in ("before", "after"):
        about = {"kind": "label", "dataset": DATASET, "label": "normal", "annotator": annotator}
        store.add_many([Draft(clip_sha256=sha(n), **about) for n in range(400)])
        for name in range(5):
            (user / "in_use" / f"{name}.json").write_text(annotator)
        backup(home / f"{annotator}.zip")
    store.close()
    began = time.monotonic()
    restore(home / "before.zip", replace=True)
    takes = time.monotonic() - began
    rng, counts = random.Random(0), []
    environment = {name: value for name, value in os.environ.items() if name.startswith("ASD_")}
    for _ in range(5):
        pipe, other = CONTEXT.Pipe()
        process = CONTEXT.Process(target=_restore_in, args=(environment, home / "after.zip", other))
        process.start()
        while pipe.recv() != "labels":  # the files are in place, and it begins with the database
            pass
        time.sleep(rng.uniform(0.0, takes))  # the kill shall hit any part of it
        process.kill()
        process.join()
        store = LabelStore.open()
        counts.append(len(store.current(DATASET)))
        assert counts[-1] in (400, 800), "all of the labels, or those of before"
        assert store.check() == []
        store.close()
        restore(home / "before.zip", replace=True)
    assert 400 in counts
    restore(home / "after.zip", replace=True)
    assert [path.read_text() for path in (user / "in_use").iterdir()] == ["after"] * 5
    assert not list(home.rglob(".unfinished*"))


def _changed(archive: Path, name: str, content: bytes) -> None:
    """An archive that is whole, with another content of one member."""
    with zipfile.ZipFile(archive) as old:
        members = {member: old.read(member) for member in old.namelist()}
    with zipfile.ZipFile(archive, "w") as new:
        for member, data in {**members, name: content}.items():
            new.writestr(member, data)


@pytest.mark.parametrize(
    ("harm", "why"),
    [
        ("cut", "cut or damaged, and nothing was restored"),
        ("cut short", "is no backup: choose a file that the command backup wrote"),
        ("bit", "cut or damaged"),
        ("changed", "cut or damaged"),
        ("added", "cut or damaged"),
        ("zip", "is no backup: choose"),
        ("text", "is no backup: choose"),
        ("empty", "is no backup: choose"),
        ("missing", "cannot be read (No such file or directory)"),
        ("folder", "cannot be read (Is a directory)"),
        ("newer", "version 99 of the program, a newer one: update the program"),
    ],
)
def test_a_file_that_is_no_whole_backup_gets_a_sentence(
    harm: str, why: str, data_dir: Path, tmp_path: Path, cli: Cli
) -> None:
    say_all()
    file = tmp_path / "it.zip"
    backup(file)
    whole = file.read_bytes()
    match harm:
        case "cut":
            file.write_bytes(whole[:-50])
        case "cut short":
            file.write_bytes(whole[:20])
        case "bit":
            place = whole.index(b"label_events") + 200
            file.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        case "changed":
            _changed(file, "labels/label_events.jsonl", b'["id"]\n')
        case "added":
            _changed(file, "user/in_use/x.json", b"{}")
        case "zip":
            with zipfile.ZipFile(file, "w") as archive:
                archive.writestr("letter.txt", "hello")
        case "text" | "empty":
            file.write_text("Dear all" if harm == "text" else "")
        case "missing" | "folder":
            file.unlink()
            if harm == "folder":
                file.mkdir()
        case "newer":
            _changed(file, "asd-backup.json", b'{"format": 2, "program": "99"}')
    drop_all()
    LabelStore.open().close()
    code, _, said = cli("restore", file)
    assert (code, len(said.splitlines())) == (2, 1), said
    assert str(file) in said
    assert why in said
    assert all_tables()["label_events"].empty


def test_through_a_pipe(data_dir: Path, tmp_path: Path) -> None:
    """What leaves a container through one can be restored; what comes through one is asked for as a file."""
    say_all()
    command = f"'{sys.executable}' -m asd_core"
    both = f"{command} backup /dev/stdout | cat > '{tmp_path}/it.zip'; cat '{tmp_path}/it.zip' | {command} restore /dev/stdin"
    done = subprocess.run(["sh", "-c", both], cwd=ROOT, capture_output=True, text=True)
    assert (done.returncode, done.stderr.splitlines()[1:]) == (
        2,
        ["/dev/stdin is a pipe: put the backup into a file, and name that."],
    )
    assert restore(tmp_path / "it.zip", replace=True).events == 11


def test_no_path_leads_out_of_the_folders(data_dir: Path, tmp_path: Path) -> None:
    from asd_core.backup.archive import writing

    for name in ("user/../../out.txt", "elsewhere/x", "/etc/x", "user"):
        with writing(tmp_path / "it.zip") as archive:
            archive.add(name, [b"x"])
        with pytest.raises(BackupError, match="belongs nowhere here"):
            restore(tmp_path / "it.zip")
    assert not (tmp_path / "out.txt").exists()


def test_labels_of_an_older_and_of_a_newer_program(home: Path) -> None:
    from asd_core.backup.archive import LABELS as labels
    from asd_core.backup.archive import writing

    row = {"id": 5, "uid": "u", "at": 10**15, "annotator": "Ada", "dataset": DATASET, "clip_sha256": sha(1)}
    row |= {"clip_id": "", "machine_id": "00", "kind": "label", "label": "normal", "app_version": "0", "source": "app"}
    for more in ({}, {"colour": "blue"}):
        whole = row | more
        with writing(home / "it.zip") as archive:
            lines = [json.dumps(list(whole)), json.dumps(list(whole.values()))]
            archive.add(f"{labels}label_events.jsonl", [("\n".join(lines) + "\n").encode()])
        if more:
            with pytest.raises(LabelError, match="colour, which this program does not know"):
                restore(home / "it.zip", replace=True)
        else:
            restore(home / "it.zip")
    store = LabelStore.open()
    assert labels_of(store) == {1: "normal"}
    assert store.history(sha(1))[0].id == 5
    assert store.check() == []
    store.close()


def test_every_table_is_held_by_a_backup_or_follows_from_it(labels: LabelStore, label_url: str) -> None:
    """But for the jobs, whose processes are gone when a backup comes back."""
    known = {table.name for table in (*schema.SOURCES, *schema.DERIVED, schema.JOBS)}
    tables = set(inspect(create_engine(Database(label_url).url)).get_table_names())
    assert {name for name in tables if not name.startswith("sqlite_")} == {*known, "label_schema"}
