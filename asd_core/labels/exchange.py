"""Labels out to other programs and back in.

Out: CSV, JSON and Parquet (one row a label and annotator, one a region, one an adjudication), Audacity label tracks, Label
Studio tasks. In: CSV, Audacity and Label Studio. An import appends; what it would change is reported first.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from asd_core.labels.events import Draft
from asd_core.labels.store import LabelStore

if TYPE_CHECKING:
    import pandas as pd

Format = Literal["csv", "json", "parquet", "audacity", "label-studio"]
SUFFIXES: dict[Format, str] = {
    "csv": ".csv",
    "json": ".json",
    "parquet": ".parquet",
    "audacity": ".zip",
    "label-studio": ".json",
}


def export(
    store: LabelStore,
    dataset: str,
    form: Format,
    *,
    annotator: str | None = None,
    clips: "pd.DataFrame | None" = None,
    scores: "pd.DataFrame | None" = None,
    rate: float = 0.05,
) -> bytes:
    """A dataset's labels, regions and adjudications as they hold now, as a file's content.

    Args:
        annotator: only this one's.
        clips: columns clip_id, sha256, machine_id. With them Label Studio also gets the clips that nobody labelled.
        scores: a score table (see :func:`asd_core.score_store.read`); for Label Studio, a prediction a detector.
        rate: false-alarm rate of the predictions' threshold.
    """
    raise NotImplementedError


def audacity_track(store: LabelStore, dataset: str, clip_sha256: str, annotator: str) -> str:
    """One clip's regions as an Audacity label track: ``start⇥end⇥class``, then ``\\⇥low⇥high`` where it has frequencies.

    The clip's label is a point label at 0, ``label: anomaly``."""
    raise NotImplementedError


@dataclass(frozen=True)
class Conflict:
    """A label that differs from what the same annotator has now."""

    row: int  # line of a CSV or a track, number of a Label Studio task, from 1
    clip_id: str
    clip_sha256: str
    annotator: str
    now: str
    file: str


@dataclass(frozen=True, eq=False)
class Plan:
    """What an import would do. Nothing is written before :meth:`apply`."""

    source: str
    new: list[Draft]
    conflicts: list[Conflict]
    conflicting: list[Draft]  # the file's side of the conflicts
    known: int  # rows that the store holds already
    problems: list[str] = field(default_factory=list)  # sentences with row numbers: unknown clips, bad values
    notes: list[str] = field(default_factory=list)  # sentences: matched by name, and the like

    def apply(self, store: LabelStore, *, conflicts: Literal["keep", "take"] = "keep") -> int:
        """Append what is new; with ``conflicts="take"`` also the file's side of conflicts (the log keeps both).

        Returns:
            How many events were added (none when the same file is imported again).
        """
        raise NotImplementedError


def plan_import(
    store: LabelStore,
    dataset: str,
    filename: str,
    content: bytes,
    *,
    clips: "pd.DataFrame",
    annotator: str | None = None,
    clip_sha256: str | None = None,
) -> Plan:
    """Read a file (``.csv``, ``.json`` of Label Studio, ``.txt`` of Audacity) and say what importing it would do.

    Args:
        clips: the dataset's: columns clip_id, sha256 ("" where unknown), machine_id. Rows of other clips are problems.
        annotator: whose labels they are where the file does not say (Audacity never does).
        clip_sha256: the clip of an Audacity track; without it the file's name must be that of a clip.

    Raises:
        LabelError: when the file as a whole cannot be read.
    """
    raise NotImplementedError


def import_formats() -> Sequence[str]:
    """File name endings that can be imported."""
    return (".csv", ".json", ".txt")
