"""What can happen to a label: the events of the log, as data.

Every event is appended and none is ever changed: an undo is an event that names the one it undoes. A clip is known by the
sha256 of its bytes; its name is kept for people to read.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, get_args
from uuid import uuid4

from asd_core import __version__

EventKind = Literal["label", "region", "remove_region", "note", "skip", "undo", "adjudicate", "classes"]
KINDS: tuple[EventKind, ...] = get_args(EventKind)
LABELS = ("normal", "anomaly", "unsure")
# Of regions, until somebody edits them: what is heard, in words that hold of any machine.
CLASSES = ("knock", "rattle", "squeal", "grinding", "hiss", "tone", "other")
UNDOABLE: tuple[EventKind, ...] = ("label", "region", "remove_region", "note", "skip")
APP = "app"  # the source of what was done in the dashboard
LONGEST_NAME, LONGEST_NOTE = 200, 10_000  # characters


def new_uid() -> str:
    """A name for one act of labelling: make it once, send it as often as needed."""
    return str(uuid4())


@dataclass(frozen=True, kw_only=True)
class Draft:
    """An event before it is stored.

    Args:
        kind: ``label`` and ``adjudicate`` need ``label``; ``region`` needs t0, t1 and region_class (f0 and f1 both or neither);
            ``remove_region`` and ``undo`` need ``target``; ``note`` needs ``note`` ("" clears it); ``skip`` nothing.
        dataset: name of the dataset that the clip is from.
        clip_sha256: of the clip's bytes, 64 hexadecimal digits.
        clip_id: the clip's name there; informative only.
        t0, t1: seconds; f0, f1: Hz (a region over all frequencies has none).
        note: with ``label``, replaces the clip's note unless ``None``; with ``region`` and ``adjudicate``, their own note.
        blind: whether labels and scores were hidden; ``None`` when nobody knows.
        queue: where the clip came from: one of ``queues.QUEUES``, "selection", "uploads" or "conflicts"; ``None`` when nobody
            knows. Clips labelled from ``queues.PICKED`` are no fair sample.
        uid: a repeated write of the same uid changes nothing and returns the stored event.
        target: uid of the event that is undone, or of the region that is removed.
        source: ``"app"``, or the name of the imported file.
        at: when it happened (UTC); the time of storing when ``None``.
    """

    kind: EventKind
    annotator: str
    dataset: str
    clip_sha256: str = ""
    clip_id: str = ""
    machine_id: str = ""
    label: str | None = None
    t0: float | None = None
    t1: float | None = None
    f0: float | None = None
    f1: float | None = None
    region_class: str | None = None
    note: str | None = None
    blind: bool | None = None
    app_version: str = __version__
    target: str | None = None
    source: str = APP
    queue: str | None = None
    at: datetime | None = None
    uid: str = field(default_factory=new_uid)


@dataclass(frozen=True, kw_only=True)
class Event(Draft):
    """A stored event; events are ordered by ``id``, never by the clock. ``at`` is set."""

    id: int
    at: datetime
