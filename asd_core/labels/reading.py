"""Reading what holds now: as tables, and of one clip."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Select, Table, func, or_, select

from asd_core.errors import LabelError
from asd_core.labels import log
from asd_core.labels.fold import micros
from asd_core.schema import CURRENT, EVENTS, REGIONS

if TYPE_CHECKING:
    import pandas as pd

SITTING_GAP = timedelta(minutes=5)  # a longer pause between two labels ends a sitting
MICROSECOND = timedelta(microseconds=1)
SITTING_MOST = 500  # labels that the pace is taken from
HAS_CONTENT = or_(CURRENT.c.label.is_not(None), CURRENT.c.skipped, CURRENT.c.note != "")
DTYPES = {**dict.fromkeys(("t0", "t1", "f0", "f1"), "float64"), "event_id": "int64", "skipped": "bool"}


def frame(connection: Connection, query: Select[Any], columns: Sequence[str]) -> "pd.DataFrame":
    """A query's rows as a table: text, times in UTC, numbers, and booleans that may be missing."""
    import numpy as np
    import pandas as pd

    rows = connection.execute(query).cursor.fetchall()  # the driver's tuples: with 100,000 rows twice as fast
    values = list(zip(*rows, strict=True)) if rows else [()] * len(columns)
    made: dict[str, Any] = {}
    for name, subset in zip(columns, values, strict=True):
        if name == "at":
            made[name] = pd.to_datetime(np.array(subset, dtype="int64"), unit="us", utc=True)
        elif name == "blind":
            made[name] = pd.array([None if v is None else bool(v) for v in subset], dtype="boolean")
        elif name in DTYPES:
            made[name] = np.array(subset, dtype=DTYPES[name])
        else:
            made[name] = pd.array(subset, dtype="str")
    return pd.DataFrame(made)


def selecting(source: Table, names: Sequence[str], *, since: int | None = None, **equal: str | None) -> Select[Any]:
    """Query for rows of a current table that hold a label, a note or a skip; conditions that are ``None`` do not count."""
    query = select(*(source.c[name] for name in names))
    for name, value in equal.items():
        if value is not None:
            query = query.where(source.c[name] == value)
    if since is not None:
        return query.where(source.c.event_id > since)
    return query.where(HAS_CONTENT) if source is CURRENT else query


def table(
    connection: Connection,
    source: Table,
    columns: Sequence[str] | None = None,
    *,
    since: int | None = None,
    **equal: str | None,
) -> "pd.DataFrame":
    """Rows of a current table, in order of the last change; conditions that are ``None`` do not count.

    The order is made here, not in SQL: with it, the database would read in that order, from all over the table. Without
    the column event_id there is none.
    """
    names = [column.name for column in source.columns]
    if unknown := sorted(set(columns or ()) - set(names)):
        raise LabelError(f"There is no column {unknown[0]}: choose of {', '.join(names)}.")
    names = list(columns or names)
    result = frame(connection, selecting(source, names, since=since, **equal), names)
    return result.sort_values("event_id", ignore_index=True) if "event_id" in result else result


def counts(connection: Connection, dataset: str, annotator: str) -> tuple[dict[str, int], int]:
    """How many clips carry each label of an annotator, and how many they skipped."""
    query = select(CURRENT.c.label, CURRENT.c.skipped, func.count()).group_by(CURRENT.c.label, CURRENT.c.skipped)
    rows = connection.execute(query.where(CURRENT.c.dataset == dataset, CURRENT.c.annotator == annotator)).all()
    labelled = {str(label): int(count) for label, _, count in rows if label is not None}
    return labelled, sum(int(count) for label, skipped, count in rows if label is None and skipped)


def sitting(connection: Connection, dataset: str, annotator: str, now: datetime | None) -> tuple[int, float | None]:
    """Labels given in the running sitting, and the median seconds between them."""
    import statistics

    newest_first = log.last(annotator, dataset, ("label",), SITTING_MOST).with_only_columns(EVENTS.c.at)
    times = list(connection.execute(newest_first).scalars())
    longest, present = SITTING_GAP / MICROSECOND, micros(now or datetime.now(UTC))
    if not times or present - times[0] > longest:
        return 0, None
    gaps: list[float] = []
    for later, earlier in pairwise(times):
        if later - earlier > longest:
            break
        gaps.append(max(0, later - earlier) / 1e6)
    return len(gaps) + 1, statistics.median(gaps) if gaps else None


@dataclass(frozen=True)
class ClipLabel:
    """One annotator's label of the clip."""

    annotator: str
    label: str | None
    note: str  # "": none
    skipped: bool


@dataclass(frozen=True)
class Marked:
    """A region of the clip."""

    uid: str
    annotator: str
    t0: float  # s
    t1: float
    f0: float | None  # Hz; None: all frequencies
    f1: float | None
    region_class: str


@dataclass(frozen=True)
class OnClip:
    """Oldest first."""

    labels: list[ClipLabel]
    regions: list[Marked]


def on_clip(connection: Connection, dataset: str, clip_sha256: str, annotator: str | None) -> OnClip:
    """Labels and regions of a clip; only one annotator's when one is named. It is read for every clip that is opened, hence
    plain rows: a table takes longer to make than to read."""

    def rows(source: Table, kind: type[Any]) -> list[Any]:
        names = ["event_id", *(field.name for field in fields(kind))]
        query = selecting(source, names, dataset=dataset, clip_sha256=clip_sha256, annotator=annotator)
        # Ordered here: for an ORDER BY, SQLite reads the whole dataset in that order in place of the clip's few rows.
        return [kind(*row[1:]) for row in sorted(connection.execute(query), key=lambda row: row[0])]

    return OnClip(rows(CURRENT, ClipLabel), rows(REGIONS, Marked))
