"""What holds for one clip. It is read for every clip that is opened, hence plain rows: a table takes longer to make than to read."""

from dataclasses import dataclass, fields
from typing import Any

from sqlalchemy import Connection, Table

from asd_core.labels.reading import selecting
from asd_core.labels.schema import CURRENT, REGIONS


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
    """Labels and regions of a clip; only one annotator's when one is named."""

    def rows(source: Table, kind: type[Any]) -> list[Any]:
        names = [field.name for field in fields(kind)]
        query = selecting(source, names, dataset=dataset, clip_sha256=clip_sha256, annotator=annotator)
        return [kind(*row) for row in connection.execute(query.order_by(source.c.event_id))]

    return OnClip(rows(CURRENT, ClipLabel), rows(REGIONS, Marked))
