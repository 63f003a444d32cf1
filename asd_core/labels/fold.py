"""From the events of one clip to what holds now: the rules, without a database.

- An event that an undo names does not hold; nor does a region that a removal names (unless the removal was undone).
- The last label that holds is the label; the last note that holds is the note.
- A skip says nothing about the clip: it counts only while there is no label, and a later label ends it.
- The last adjudication that holds, whoever made it, decides the clip.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from asd_core.labels.events import Draft, Event

Row = dict[str, Any]
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def micros(at: datetime) -> int:
    """A time in whole microseconds since 1970, UTC."""
    return (at - EPOCH) // timedelta(microseconds=1)


def valid_events(events: Iterable[Event]) -> list[Event]:
    """Events that were not undone, without the undos; oldest first."""
    events = sorted(events, key=lambda event: event.id)
    undone = {event.target for event in events if event.kind == "undo"}
    return [event for event in events if event.kind != "undo" and event.uid not in undone]


def opinion(events: Sequence[Event]) -> tuple[Row, list[Row]] | None:
    """Fold the events of one annotator on one clip of one dataset to the row of label_current and those of label_regions;
    ``None`` when they say nothing about the clip."""
    subset = [e for e in events if e.kind != "adjudicate"]
    adjudications = {e.uid for e in events if e.kind == "adjudicate"}
    subset = [e for e in subset if not (e.kind == "undo" and e.target in adjudications)]
    if not subset:
        return None
    last = max(subset, key=lambda event: event.id)
    valid = valid_events(subset)
    labels = [e for e in valid if e.kind == "label"]
    notes = [e for e in valid if e.kind in ("label", "note") and e.note is not None]
    removed = {e.target for e in valid if e.kind == "remove_region"}
    regions = [e for e in valid if e.kind == "region" and e.uid not in removed]
    label = labels[-1] if labels else None
    shown = label or (valid[-1] if valid else last)
    row = {
        **clip_of(last),
        "annotator": last.annotator,
        "label": label.label if label else None,
        "note": notes[-1].note if notes else "",
        "at": micros(shown.at),
        "blind": shown.blind,
        "skipped": label is None and any(e.kind == "skip" for e in valid),
        "source": shown.source,
        "queue": shown.queue,
        "event_id": last.id,
    }
    return row, [_region(e) for e in regions]


def adjudication(events: Sequence[Event]) -> Row | None:
    """Fold the events of one clip of one dataset, of all annotators, to the row of label_adjudicated."""
    valid = [e for e in valid_events(events) if e.kind == "adjudicate"]
    if not valid:
        return None
    last = valid[-1]
    return {
        "uid": last.uid,
        **clip_of(last),
        "label": last.label,
        "annotator": last.annotator,
        "note": last.note or "",
        "at": micros(last.at),
        "source": last.source,
        "event_id": last.id,
    }


def clip_of(event: Draft) -> Row:
    """Which clip an event is about."""
    return {name: getattr(event, name) for name in ("dataset", "clip_sha256", "clip_id", "machine_id")}


def _region(event: Event) -> Row:
    same = ("uid", "annotator", "t0", "t1", "f0", "f1", "region_class", "blind", "source")
    return {
        **clip_of(event),
        **{name: getattr(event, name) for name in same},
        "note": event.note or "",
        "at": micros(event.at),
        "event_id": event.id,
    }
