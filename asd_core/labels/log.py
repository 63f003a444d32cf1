"""Appending to the log and, in the same transaction, updating the current tables with it."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, and_, delete, insert, select

from asd_core.errors import LabelError
from asd_core.labels import fold
from asd_core.labels.events import APP, UNDOABLE, Draft, Event, EventKind
from asd_core.schema import DERIVED, EVENTS

CHUNK = 500  # values in one IN (…)
ClipKey = tuple[str, str]  # dataset, sha256 of the clip
Rows = list[fold.Row]


def chunks(values: Iterable[str]) -> Iterator[list[str]]:
    """Parts that fit into one query."""
    listed = list(values)
    return (listed[start : start + CHUNK] for start in range(0, len(listed), CHUNK))


def as_event(row: Any) -> Event:
    """A row of the log as an event."""
    values = dict(row._mapping)
    return Event(**{**values, "at": fold.EPOCH + timedelta(microseconds=values["at"])})


def as_row(draft: Draft, at: datetime) -> dict[str, Any]:
    """A draft as a row of the log, without its id."""
    return {**vars(draft), "at": fold.micros(draft.at or at)}


def by_uid(connection: Connection, uids: Iterable[str]) -> dict[str, Event]:
    """The stored events of some uids."""
    result = {}
    for some in chunks(uids):
        for row in connection.execute(select(EVENTS).where(EVENTS.c.uid.in_(some))):
            result[row.uid] = as_event(row)
    return result


def append(connection: Connection, drafts: Sequence[Draft]) -> list[Event]:
    """Append checked drafts in their order; a uid that is stored already is not stored again.

    Returns:
        The stored event of every draft.
    """
    stored = by_uid(connection, [draft.uid for draft in drafts])
    new = {draft.uid: draft for draft in reversed(drafts) if draft.uid not in stored}  # the first of a uid counts
    new = {draft.uid: draft for draft in drafts if new.get(draft.uid) is draft}
    if new:
        _resolve_removals(connection, new)
        now = datetime.now(UTC)
        connection.execute(insert(EVENTS), [as_row(draft, now) for draft in new.values()])
        if len(new) > CHUNK and connection.dialect.name == "postgresql":
            # Its planner takes the table for empty until it is analysed, and reads all of it for every query below.
            connection.exec_driver_sql("ANALYZE label_events")
        stored |= by_uid(connection, new)
        update_current(connection, {(draft.dataset, draft.clip_sha256) for draft in new.values() if draft.clip_sha256})
    return [stored[draft.uid] for draft in drafts]


def _resolve_removals(connection: Connection, drafts: dict[str, Draft]) -> None:
    """A removal is about the clip of the region that it removes, which must be the same annotator's."""
    targets = by_uid(connection, [d.target for d in drafts.values() if d.kind == "remove_region" and d.target])
    for uid, draft in drafts.items():
        if draft.kind != "remove_region":
            continue
        region = targets.get(draft.target or "") or drafts.get(draft.target or "")
        if region is None or region.kind != "region":
            raise LabelError("The region to remove is not in the store: reload the page.")
        if (region.annotator, region.dataset) != (draft.annotator, draft.dataset):
            raise LabelError(f"The region was drawn by {region.annotator}: only they can remove it.")
        drafts[uid] = replace(draft, **fold.clip_of(region))


def undo(connection: Connection, annotator: str, dataset: str, uid: str, target: str | None) -> Event | None:
    """See :meth:`LabelStore.undo`."""
    stored = by_uid(connection, [uid]).get(uid)
    if stored is not None:
        return by_uid(connection, [stored.target or ""]).get(stored.target or "")
    if target is None:
        row = connection.execute(last(annotator, dataset, UNDOABLE, 1)).first()
        event = as_event(row) if row else None
    else:
        event = _named(connection, annotator, dataset, target)
    if event is None:
        return None
    draft = Draft(kind="undo", annotator=annotator, uid=uid, target=event.uid, **fold.clip_of(event))
    connection.execute(insert(EVENTS), [as_row(draft, datetime.now(UTC))])
    update_current(connection, {(dataset, event.clip_sha256)})
    return event


def undone() -> Any:
    """Condition on a row of the log: an undo names it."""
    later = EVENTS.alias()
    return select(later.c.id).where(later.c.target == EVENTS.c.uid, later.c.kind == "undo").exists()


def last(annotator: str, dataset: str, kinds: Sequence[EventKind], count: int) -> Any:
    """Query for what an annotator did last in the app and has not undone, newest first."""
    subset = and_(EVENTS.c.annotator == annotator, EVENTS.c.dataset == dataset)
    mine = select(EVENTS).where(subset, EVENTS.c.kind.in_(kinds), EVENTS.c.source == APP, ~undone())
    return mine.order_by(EVENTS.c.id.desc()).limit(count)


def _named(connection: Connection, annotator: str, dataset: str, target: str) -> Event | None:
    event = by_uid(connection, [target]).get(target)
    if event is None or event.kind not in (*UNDOABLE, "adjudicate"):
        raise LabelError("What is to be undone is not in the store: reload the page.")
    if (event.annotator, event.dataset) != (annotator, dataset):
        raise LabelError(f"That was done by {event.annotator} in {event.dataset}: only they can undo it there.")
    done = connection.execute(select(EVENTS.c.id).where(EVENTS.c.target == target, EVENTS.c.kind == "undo")).first()
    return None if done else event


def update_current(connection: Connection, clips: set[ClipKey]) -> None:
    """Rebuild the current rows of some clips from the log."""
    by_dataset = defaultdict(list)
    for dataset, sha256 in clips:
        by_dataset[dataset].append(sha256)
    for dataset, hashes in by_dataset.items():
        for some in chunks(sorted(hashes)):
            for table in DERIVED:
                connection.execute(delete(table).where(table.c.dataset == dataset, table.c.clip_sha256.in_(some)))
            events = select(EVENTS).where(EVENTS.c.dataset == dataset, EVENTS.c.clip_sha256.in_(some))
            put(connection, following(map(as_event, connection.execute(events))))


def put(connection: Connection, rows: tuple[Rows, Rows, Rows]) -> None:
    """Insert current rows: of labels, of regions, of adjudications."""
    for table, subset in zip(DERIVED, rows, strict=True):
        if subset:
            connection.execute(insert(table), subset)


def following(events: Iterable[Event]) -> tuple[Rows, Rows, Rows]:
    """The current rows that follow from all events of some clips."""
    of_clip: dict[ClipKey, list[Event]] = defaultdict(list)
    for event in events:
        of_clip[event.dataset, event.clip_sha256].append(event)
    current, regions, adjudicated = [], [], []
    for subset in of_clip.values():
        of_annotator = defaultdict(list)
        for event in subset:
            of_annotator[event.annotator].append(event)
        for row, marked in filter(None, map(fold.opinion, of_annotator.values())):
            current.append(row)
            regions += marked
        decided = fold.adjudication(subset)
        adjudicated += [decided] if decided else []
    return current, regions, adjudicated


def all_events(connection: Connection, count: int = 20_000) -> Iterator[list[Event]]:
    """The whole log in parts, the events of one clip always together."""
    clip_events = select(EVENTS).where(EVENTS.c.kind != "classes")
    ordered = clip_events.order_by(EVENTS.c.dataset, EVENTS.c.clip_sha256, EVENTS.c.id)
    part: list[Event] = []
    for row in connection.execute(ordered.execution_options(yield_per=5000)):
        event = as_event(row)
        if len(part) >= count and (event.dataset, event.clip_sha256) != (part[-1].dataset, part[-1].clip_sha256):
            yield part
            part = []
        part.append(event)
    if part:
        yield part
