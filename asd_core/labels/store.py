"""The label store: an append-only log of events and, updated in the same transaction, the current tables that follow from it."""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import func, select, text

from asd_core import audit, schema
from asd_core.database import Database, sqlite_file
from asd_core.errors import LabelError
from asd_core.labels import dump, integrity, log, reading
from asd_core.labels.events import CLASSES, LABELS, Draft, Event
from asd_core.labels.validate import check_classes, checked
from asd_core.schema import ADJUDICATED, CURRENT, EVENTS, REGIONS

if TYPE_CHECKING:
    import pandas as pd


def is_absent(url: str | None = None) -> bool:
    """Whether the database of a URL (see :meth:`LabelStore.open`) is a file that opening it would make.

    Raises:
        LabelError: when the URL cannot be read.
    """
    file = sqlite_file(url)
    return file is not None and not file.exists()


@dataclass(frozen=True)
class AnnotatorProgress:
    """How far one annotator is in one dataset."""

    labelled: int  # clips with a label
    counts: dict[str, int]  # a number for each of LABELS
    skipped: int  # clips passed over and not labelled since
    pace: float | None  # median seconds between labels of the running sitting; None: fewer than two, or none runs
    sitting: int  # labels given in the running sitting (0: the last label is longer ago than five minutes)


class LabelStore:
    """A label database. Thread-safe: open it once a process and share it.

    Attributes:
        audit: the log of who did what, which is in the same database.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self.audit = audit.AuditLog(database)

    @classmethod
    def open(cls, url: str | None = None) -> "LabelStore":
        """Open, create or bring up to date a label database.

        Args:
            url: ``sqlite:///path`` or ``postgresql://user:password@host/name``; by default ``ASD_DATABASE_URL``, and without
                it ``user/labels.sqlite3`` in the data folder.

        Raises:
            LabelError: when it cannot be opened or is of a newer version.
        """
        database = Database(url)
        try:
            with database.read() as connection:
                result = schema.version(connection)
            if result != len(schema.VERSIONS):
                with database.write() as connection:
                    if schema.migrate(connection, database.where):
                        integrity.rebuild(connection)
        except LabelError:
            database.close()
            raise
        return cls(database)

    def close(self) -> None:
        """Give its connections back."""
        self._database.close()

    @property
    def where(self) -> str:
        """Its URL without the password."""
        return self._database.where

    @property
    def file(self) -> Path | None:
        """The database's file; ``None`` where a server holds it."""
        return self._database.file

    # Writing: durable on return.

    def add(self, draft: Draft) -> Event:
        """Append one event. A uid that is stored already changes nothing: its event is returned.

        Raises:
            LabelError: for an event that makes no sense, or when it cannot be written.
        """
        return self.add_many([draft])[0]

    def add_many(self, drafts: Sequence[Draft]) -> list[Event]:
        """Append events in one transaction: all of them or none. See :meth:`add`."""
        ready = [checked(draft) for draft in drafts]
        if any(draft.kind == "undo" for draft in ready):
            raise LabelError("An undo is made by the store's undo, which knows what it takes back.")
        if not ready:
            return []
        with self._database.write() as connection:
            return log.append(connection, ready)

    def undo(self, annotator: str, dataset: str, *, uid: str, target: str | None = None) -> Event | None:
        """Undo the annotator's last label, region, removal of a region, note or skip made in the app and not undone yet.

        Args:
            uid: of the undo; repeated, it undoes nothing more and returns the same event.
            target: uid of the event to undo instead (an adjudication can only be undone so).

        Returns:
            The event that was undone, so that the page can go back to its clip; ``None`` when there is none left.
        """
        if not annotator.strip():
            raise LabelError("Who labels? Enter a name first.")
        with self._database.write() as connection:
            return log.undo(connection, annotator.strip(), dataset, uid, target)

    def set_classes(self, classes: Sequence[str], *, annotator: str, uid: str) -> Event:
        """Replace the list of region classes; regions keep the class they were given.

        Raises:
            LabelError: for an empty list, a class twice, or one with a tab, a line break or ``|`` in it.
        """
        note = json.dumps(check_classes(classes), ensure_ascii=False)
        return self.add(Draft(kind="classes", annotator=annotator, dataset="", uid=uid, note=note))

    # Reading: from the current tables, never by going through the log.

    def current(
        self,
        dataset: str | None = None,
        *,
        annotator: str | None = None,
        since: int | None = None,
        columns: Sequence[str] | None = None,
    ) -> "pd.DataFrame":
        """What holds now, one row per dataset, clip and annotator, in order of the last change (if event_id is among
        the columns).

        Args:
            since: only rows changed by events after this ``event_id`` (then also rows of which everything was undone).
            columns: only these; ``("clip_sha256", "annotator", "label", "skipped")`` is all a queue needs, and much faster.

        Returns:
            Columns dataset, clip_sha256, annotator, clip_id, machine_id, label (None: no label), note ("": none), at (UTC, of
            the label, or of the last change without one), blind, skipped, source, event_id (of the last change), queue.
        """
        with self._database.read() as connection:
            return reading.table(connection, CURRENT, columns, since=since, dataset=dataset, annotator=annotator)

    def on_clip(self, dataset: str, clip_sha256: str, *, annotator: str | None = None) -> reading.OnClip:
        """Labels and regions of one clip: by everybody, or by one annotator."""
        with self._database.read() as connection:
            return reading.on_clip(connection, dataset, clip_sha256, annotator)

    def last_id(self, dataset: str | None = None) -> int:
        """The newest event's id, 0 when there is none: a key for caches of everything read here."""
        ids = select(func.max(EVENTS.c.id))
        with self._database.read() as connection:
            return connection.execute(ids if dataset is None else ids.where(EVENTS.c.dataset == dataset)).scalar() or 0

    def regions(self, dataset: str | None = None, *, annotator: str | None = None) -> "pd.DataFrame":
        """Regions that hold now, oldest first.

        Returns:
            Columns uid, dataset, clip_sha256, annotator, clip_id, machine_id, t0, t1 (s), f0, f1 (Hz, nan: all frequencies),
            region_class, note, at, blind, source, event_id.
        """
        with self._database.read() as connection:
            return reading.table(connection, REGIONS, dataset=dataset, annotator=annotator)

    def adjudications(self, dataset: str | None = None) -> "pd.DataFrame":
        """The last adjudication of each clip.

        Returns:
            Columns uid, dataset, clip_sha256, clip_id, machine_id, label, annotator (who decided), note, at, source, event_id.
        """
        with self._database.read() as connection:
            return reading.table(connection, ADJUDICATED, dataset=dataset)

    def history(self, clip_sha256: str, dataset: str | None = None) -> list[Event]:
        """Everything that happened to a clip, oldest first, undone events and undos included."""
        query = select(EVENTS).where(EVENTS.c.clip_sha256 == clip_sha256).order_by(EVENTS.c.id)
        with self._database.read() as connection:
            rows = connection.execute(query if dataset is None else query.where(EVENTS.c.dataset == dataset))
            return [log.as_event(row) for row in rows]

    def stored(self, uids: Sequence[str]) -> set[str]:
        """Which of some uids are in the log."""
        with self._database.read() as connection:
            return set(log.by_uid(connection, uids))

    def progress(self, dataset: str, annotator: str, *, now: datetime | None = None) -> AnnotatorProgress:
        """How far an annotator is, and how fast."""
        with self._database.read() as connection:
            counts, skipped = reading.counts(connection, dataset, annotator)
            sitting, pace = reading.sitting(connection, dataset, annotator, now)
        return AnnotatorProgress(sum(counts.values()), {k: counts.get(k, 0) for k in LABELS}, skipped, pace, sitting)

    def datasets(self) -> list[str]:
        """Names of the datasets of which something is stored, in alphabetical order."""
        with self._database.read() as connection:
            names = connection.execute(select(EVENTS.c.dataset).distinct()).scalars()
            return sorted(name for name in names if name)

    def annotators(self, dataset: str | None = None) -> list[str]:
        """Names of those who labelled, skipped, noted or marked something, even if they took it back, in alphabetical order."""
        names = select(CURRENT.c.annotator).distinct()
        names = names if dataset is None else names.where(CURRENT.c.dataset == dataset)
        with self._database.read() as connection:
            return sorted(connection.execute(names).scalars())

    def classes(self) -> list[str]:
        """Region classes to choose from."""
        query = select(EVENTS.c.note).where(text("kind = 'classes'")).order_by(EVENTS.c.id.desc()).limit(1)
        with self._database.read() as connection:
            stored = connection.execute(query).scalar()
        return list(json.loads(stored)) if stored else list(CLASSES)

    # Out of the database and into another one, of whichever kind.

    def dump(self) -> Iterator[tuple[str, Iterator[str]]]:
        """All that is stored, as it is at one moment, while others go on writing: the name of each table, and its lines (see
        :mod:`asd_core.labels.dump`), which must be read before the next table's."""
        with self._database.read() as connection:
            yield from dump.tables(connection)

    def load(self, tables: Iterable[tuple[str, Iterable[str]]], *, replace: bool = False) -> int:
        """Store what another database dumped: everything or nothing. Of the audit log nothing is deleted: what was done here
        stays beside what the dump knows.

        Args:
            replace: in place of what is stored here, which is deleted.

        Returns:
            The number of events.

        Raises:
            LabelError: when something is stored here that is not to be replaced, or the lines are none of a dump.
        """
        with self._database.write() as connection:
            events = select(func.count()).select_from(EVENTS)
            if not replace and (count := connection.execute(events).scalar()):
                raise LabelError(
                    f"The label database {self.where} holds {count:,} events already: write --replace if they shall be deleted."
                )
            done_here = audit.stored_rows(connection)
            schema.drop(connection)
            schema.migrate(connection, self.where)
            dump.fill(connection, tables)
            audit.put_back(connection, done_here)
            integrity.rebuild(connection)
            return int(connection.execute(events).scalar() or 0)

    # Integrity.

    def check(self) -> list[str]:
        """Sentences on what is wrong (none: all is well): the database's own check, and log and current tables compared."""
        with self._database.read() as connection:
            return integrity.check(connection)

    def rebuild(self) -> None:
        """Rebuild the current tables from the log."""
        with self._database.write() as connection:
            integrity.rebuild(connection)
