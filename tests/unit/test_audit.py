"""The log of who did what: kept as it was written, on both databases, and read by the command."""

import csv
import io
import json
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from asd_core import audit, jobs
from asd_core.audit import AuditEntry, by_command
from asd_core.database import Database
from asd_core.errors import LabelError
from asd_core.labels import LabelStore
from tests.unit.conftest import Cli

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)


def fill(store: LabelStore) -> list[AuditEntry]:
    """Three entries, newest first; the middle one was written last, as after a restore."""
    made = [
        AuditEntry("trained", "ada@example.org", dataset="press", n_items=40, detectors="pca_kde,vae", at=NOON),
        AuditEntry("deleted", "bob", via="command line", note="„Ö, 軋\n", at=NOON - timedelta(days=1)),
        AuditEntry("renamed", "no login", at=NOON - timedelta(days=2)),
    ]
    for number in (0, 2, 1):
        store.audit.add(made[number])
    return made


def test_entries_are_kept_as_they_were_written(labels: LabelStore) -> None:
    made = fill(labels)
    assert labels.audit.entries() == made
    assert labels.audit.entries(limit=1) == made[:1]
    assert labels.audit.entries(since=NOON - timedelta(days=1)) == made[:2]
    assert labels.audit.entries(since=datetime(2026, 5, 4)) == made[:1], "a day without a zone is of UTC"


@pytest.mark.parametrize("change", ["DELETE FROM audit_events", "UPDATE audit_events SET who = 'eve'"])
def test_the_database_refuses_to_change_the_log(labels: LabelStore, label_url: str, change: str) -> None:
    made = fill(labels)
    with pytest.raises(LabelError, match="audit_events is append-only"), Database(label_url).write() as connection:
        connection.execute(text(change))
    assert labels.audit.entries() == made


def test_the_command_lists_the_log(data_dir: Path, cli: Cli) -> None:
    store = LabelStore.open()
    fill(store)
    store.close()
    code, shown, _ = cli("audit", "--json")
    rows = json.loads(shown)
    assert code == 0
    assert [row["who"] for row in rows] == ["ada@example.org", "bob", "no login"]
    assert rows[0] == {
        "at": "2026-05-04T12:00:00+00:00",
        "who": "ada@example.org",
        "via": "dashboard",
        "act": "trained",
        "dataset": "press",
        "n_items": 40,
        "detectors": "pca_kde,vae",
        "note": "",
    }
    _, shown, _ = cli("audit", "--csv", "--since", "2026-05-03", "--limit", "5")
    assert [row["act"] for row in csv.DictReader(io.StringIO(shown))] == ["trained", "deleted"]
    assert "ada@example.org" in cli("audit")[1]
    for wrong in (("--since", "yesterday"), ("--limit", "0"), ("--json", "--csv")):
        code, shown, said = cli("audit", *wrong)
        assert (code, shown, len(said.splitlines())) == (2, "", 1), said


def test_commands_enter_who_did_what(
    data_dir: Path, small_folder: Path, cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("getpass.getuser", lambda: "operator")
    out = data_dir.parent / "models" / "press"
    assert cli("train", "--data", small_folder, "--out", out, "--detectors", "control_rms")[0] == 0
    monkeypatch.setenv(jobs.BY, "ada@example.org")  # a job that a page started, which entered the start
    assert cli("train", "--data", small_folder, "--out", out, "--detectors", "control_rms")[0] == 0
    monkeypatch.delenv(jobs.BY)
    assert cli("labels", "export", "--dataset", "press", "--data", small_folder, "--out", data_dir / "l.csv")[0] == 0
    store = LabelStore.open()
    found = [(e.who, e.via, e.act, e.dataset, e.n_items, e.detectors) for e in store.audit.entries()]
    store.close()
    assert found == [
        ("operator", "command line", "exported labels", "press", None, ""),
        ("ada@example.org", "dashboard", "trained", "press", 48, "control_rms"),
        ("operator", "command line", "trained", "press", 48, "control_rms"),
        ("operator", "command line", "started", "press", None, ""),
    ]


def test_a_command_goes_on_and_says_so_where_the_log_cannot_be_written(
    data_dir: Path, small_folder: Path, cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    data_dir.mkdir(parents=True)
    (data_dir / "user").write_text("no folder")
    out = data_dir.parent / "models" / "press"
    code, _, said = cli("train", "--data", small_folder, "--out", out, "--detectors", "control_rms")
    assert code == 0
    assert "The audit log does not say “trained”: " in said
    assert (out / "control_rms" / "manifest.json").is_file()


def test_a_user_without_a_name_has_a_number(monkeypatch: pytest.MonkeyPatch) -> None:
    def nameless() -> str:
        raise OSError("No username set in the environment")

    monkeypatch.delenv(jobs.BY, raising=False)
    monkeypatch.setattr(audit.getpass, "getuser", nameless)
    assert by_command() == {"who": f"user {os.getuid()}", "via": "command line"}
