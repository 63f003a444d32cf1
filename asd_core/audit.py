"""Who trained, deleted, exported and the like: a log that is only ever added to, in the database of the labels.

Labels are not in it: they have a history of their own.
"""

import csv
import getpass
import io
import os
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field, fields
from datetime import UTC, datetime, timedelta
from typing import Any, Literal
from uuid import uuid4

from sqlalchemy import Connection, insert, select

from asd_core import __version__
from asd_core.counting import counted
from asd_core.csv_text import as_text
from asd_core.database import Database
from asd_core.jobs import BY
from asd_core.schema import AUDIT

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
NOBODY = "no login"  # who acts in a dashboard without a login, or before it

Via = Literal["dashboard", "command line"]
ActName = Literal[
    "added recordings",
    "answered questions",
    "backed up",
    "deleted",
    "exported labels",
    "failed",
    "forgot answers",
    "imported labels",
    "kept recordings",
    "pinned detector",
    "refused",
    "renamed",
    "restored",
    "started",
    "stopped",
    "switched version",
    "trained",
]


@dataclass(frozen=True)
class AuditEntry:
    """What somebody did.

    Attributes:
        who: an e-mail address, :data:`NOBODY`, or on the command line the operating system's user.
        dataset: name of its folder; empty where it is about none.
        n_items: recordings or, as :data:`COUNTED` says, files, labels or answers.
        detectors: keys, separated by commas.
        note: the rest in words.
        at: UTC.
    """

    act: ActName
    who: str
    via: Via = "dashboard"
    dataset: str = ""
    n_items: int | None = None
    detectors: str = ""
    note: str = ""
    at: datetime = field(default_factory=lambda: datetime.now(UTC))
    uid: str = field(default_factory=lambda: uuid4().hex)
    app_version: str = __version__

    def row(self) -> dict[str, Any]:
        """As a table shows it: time in UTC, who, and what on what."""
        shown = asdict(self)
        return {"at": self.at.isoformat(timespec="seconds"), **{name: shown[name] for name in SHOWN}}

    def words(self) -> dict[str, str]:
        """As people read it, in five columns."""
        items = "" if self.n_items is None else counted(self.n_items, COUNTED.get(self.act, "recording"))
        details = (items, self.detectors.replace(",", ", "), self.note)
        return {
            "time": f"{self.at:%Y-%m-%d %H:%M}",
            "who": self.who,
            "act": self.act,
            "dataset": self.dataset,
            "details": "; ".join(filter(None, details)),
        }


COUNTED = {
    **dict.fromkeys(("imported labels",), "label"),
    **dict.fromkeys(("answered questions", "forgot answers"), "answer"),
    **dict.fromkeys(("added recordings", "backed up", "restored"), "file"),
}
SHOWN = ("who", "via", "act", "dataset", "n_items", "detectors", "note")


class AuditLog:
    """The log of a database whose tables are up to date: see :attr:`asd_core.labels.LabelStore.audit`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, entry: AuditEntry) -> None:
        """Append an entry: durable on return.

        Raises:
            LabelError: when it cannot be written.
        """
        with self._database.write() as connection:
            connection.execute(insert(AUDIT), {**asdict(entry), "at": (entry.at - EPOCH) // MICROSECOND})

    def entries(self, *, since: datetime | None = None, limit: int | None = None) -> list[AuditEntry]:
        """Entries, newest first.

        Args:
            since: only those of this time and after; without a zone it is UTC.
            limit: so many at most.
        """
        names = [one.name for one in fields(AuditEntry)]
        query = select(*(AUDIT.c[name] for name in names)).order_by(AUDIT.c.at.desc(), AUDIT.c.id.desc())
        if since is not None:
            moment = since if since.tzinfo else since.replace(tzinfo=UTC)
            query = query.where(AUDIT.c.at >= (moment - EPOCH) // MICROSECOND)
        with self._database.read() as connection:
            rows = connection.execute(query.limit(limit)).mappings().all()
        return [AuditEntry(**{**row, "at": EPOCH + timedelta(microseconds=row["at"])}) for row in rows]


def audit_csv(entries: Sequence[AuditEntry]) -> str:
    """Entries as CSV, with a heading also where there are none."""
    out = io.StringIO()
    writer = csv.DictWriter(out, ["at", *SHOWN], lineterminator="\n")
    writer.writeheader()
    writer.writerows({name: as_text(cell) for name, cell in entry.row().items()} for entry in entries)
    return out.getvalue()


def stored_rows(connection: Connection) -> list[dict[str, Any]]:
    """All rows, oldest first, without their ids; none where there is no log yet."""
    columns = [column for column in AUDIT.columns if column.name != "id"]
    return [dict(row) for row in connection.execute(select(*columns).order_by(AUDIT.c.id)).mappings()]


def put_back(connection: Connection, rows: Iterable[dict[str, Any]]) -> None:
    """Append rows that are not there: a restored database goes on knowing what was done before."""
    there = set(connection.execute(select(AUDIT.c.uid)).scalars())
    if new := [row for row in rows if row["uid"] not in there]:
        connection.execute(insert(AUDIT), new)


def by_command() -> dict[str, Any]:
    """Who runs this process: whoever pressed the button of the job that it is, or the operating system's user."""
    if by := os.environ.get(BY):
        return {"who": by, "via": "dashboard"}
    try:
        user = getpass.getuser()
    except (OSError, KeyError, ImportError):  # a container's user has a number alone
        user = f"user {os.getuid()}"
    return {"who": user, "via": "command line"}
