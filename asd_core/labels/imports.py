"""Labels of other programs into the store: what an import would do is known before it is done.

A row's uid is made of its content, so that a file imported twice adds nothing, whatever happened in between. Nothing is
overwritten: rows that differ from what the same annotator says now are conflicts, and left as they are unless the user
takes the file's side; then the log keeps both.
"""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, field, fields, replace
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any, Literal

from asd_core.counting import counted
from asd_core.errors import AsdError, LabelError
from asd_core.labels import audacity, flat, label_studio
from asd_core.labels.events import Draft
from asd_core.labels.flat import Fields, Numbered
from asd_core.labels.matching import Clips
from asd_core.labels.store import LabelStore
from asd_core.labels.validate import checked

if TYPE_CHECKING:
    import pandas as pd

IMPORT_SUFFIXES = (".csv", ".parquet", ".json", ".txt")  # of files that can be imported
KINDS = ("label", "skip", "note", "region", "adjudicate")
ROUNDED = (
    0.05  # s by which a region may pass the clip's end: programs round times, and decoders differ by part of a frame
)
_TAKEN = {f.name for f in fields(Draft)} - {"dataset", "uid", "source", "app_version", "target"}


@dataclass(frozen=True)
class Conflict:
    """A label (or note, or adjudication) that differs from what holds now."""

    row: int  # line of a CSV or a track, number of a Label Studio task, from 1
    clip_id: str
    clip_sha256: str
    annotator: str
    now: str
    file: str


@dataclass(eq=False)
class Plan:
    """What an import would do. Nothing is written before :meth:`apply`."""

    source: str
    problems: list[str]  # sentences with row numbers: unknown clips, bad values
    notes: list[str]  # sentences: matched by name, and the like
    new: list[Draft] = field(default_factory=list)
    conflicts: list[Conflict] = field(default_factory=list)
    conflicting: list[Draft] = field(default_factory=list)  # the file's side of the conflicts
    known: int = 0  # rows that the store holds already, or held before

    def apply(self, store: LabelStore, *, conflicts: Literal["keep", "take"] = "keep") -> int:
        """Append what is new; with ``conflicts="take"`` also the file's side of conflicts (the log keeps both).

        Returns:
            How many events were added (none when the same file is imported again).
        """
        drafts = self.new + (self.conflicting if conflicts == "take" else [])
        before = store.stored([draft.uid for draft in drafts])
        store.add_many(drafts)
        return len({draft.uid for draft in drafts} - before)


def plan_import(
    store: LabelStore,
    dataset: str,
    filename: str,
    content: bytes,
    *,
    clips: "pd.DataFrame",
    annotator: str | None = None,
    clip_sha256: str | None = None,
    seconds_of: Callable[[str], float] | None = None,
) -> Plan:
    """Read a file (``.csv``, ``.parquet``, ``.json`` of Label Studio, ``.txt`` of Audacity) and say what importing it would do.

    Args:
        clips: the dataset's: columns clip_id, sha256 ("" where unknown), machine_id. Rows of other clips are problems.
        annotator: whose labels they are where the file does not say (Audacity never does).
        clip_sha256: the clip of an Audacity track; without it the file's name must be that of a clip.
        seconds_of: the length of a clip in s by its clip_id, asked for clips with regions: a region beyond the end is a problem.

    Raises:
        LabelError: when the file as a whole cannot be read.
    """
    source = PurePosixPath(filename.replace("\\", "/")).name[-200:]
    rows, problems, notes = _read(source, content, clip_sha256)
    known_clips, word = Clips(clips), "Task" if source.lower().endswith(".json") else "Row"
    drafts: list[tuple[int, Draft]] = []
    for number, row in rows:
        try:
            draft = _draft(row, known_clips, dataset, source, annotator)
            if draft.kind == "region" and seconds_of:
                _check_end(draft, seconds_of(draft.clip_id))
            drafts.append((number, draft))
        except (ValueError, AsdError) as error:
            problems.append(f"{word} {number}: {str(error).rstrip('.')}.")
    if known_clips.by_name:
        notes.append(f"{counted(known_clips.by_name, 'row')} without a sha256: found by name.")
    if known_clips.unread:
        notes.append(
            f"{counted(known_clips.unread, 'row')} about clips that were not read yet: their sha256 was not compared."
        )
    plan = Plan(source, problems, notes)
    _compare(plan, store, dataset, drafts)
    return plan


def _read(source: str, content: bytes, clip_sha256: str | None) -> tuple[list[Numbered], list[str], list[str]]:
    suffix = PurePosixPath(source).suffix.lower()
    if suffix == ".csv":
        return *flat.from_csv(content), []
    if suffix == ".parquet":
        return *flat.from_parquet(content), []
    if suffix == ".json":
        return label_studio.from_tasks(content)
    if suffix == ".txt":
        rows, problems, notes = audacity.from_track(content)
        clip: Fields = {"clip_sha256": clip_sha256 or "", "clip_id": source}
        return [(number, clip | row) for number, row in rows], problems, notes
    raise LabelError(f"{source} cannot be imported: choose a file ending in {', '.join(IMPORT_SUFFIXES)}.")


def _draft(row: Fields, clips: Clips, dataset: str, source: str, annotator: str | None) -> Draft:
    if row["kind"] not in KINDS:
        raise ValueError(f"{row['kind']!r} is not one of {', '.join(KINDS)}")
    sha256, clip_id, machine_id = clips.find(row.get("clip_sha256") or "", row.get("clip_id") or "")
    values = {name: value for name, value in row.items() if name in _TAKEN and value is not None}
    values |= {"clip_sha256": sha256, "clip_id": clip_id, "machine_id": machine_id}
    values["annotator"] = str(row.get("annotator") or annotator or "")
    if not values["annotator"].strip():
        raise ValueError("nobody is named whose label it is: say whose the file is")
    draft = checked(Draft(**values, dataset=dataset, source=source, uid="to be made"))
    return replace(draft, uid=_uid(draft))


def _check_end(draft: Draft, seconds: float) -> None:
    if draft.t1 is not None and draft.t1 > seconds + ROUNDED:
        raise LabelError(
            f"The region from {draft.t0:g} to {draft.t1:g} s ends after {draft.clip_id}, which lasts {seconds:.2f} s: correct it."
        )


def _uid(draft: Draft) -> str:
    names = ("kind", "dataset", "clip_sha256", "annotator", "label", "note", "t0", "t1", "f0", "f1", "region_class")
    content = [getattr(draft, name) for name in names] + [draft.at.isoformat() if draft.at else None]
    return "import-" + hashlib.sha256(json.dumps(content).encode()).hexdigest()[:32]


def _compare(plan: Plan, store: LabelStore, dataset: str, drafts: list[tuple[int, Draft]]) -> None:
    """Sort drafts into what is new, what is known and what contradicts."""
    current = {_key(row): _content(row) for row in flat.rows(store, dataset)}
    stored = store.stored([draft.uid for _, draft in drafts])
    seen: dict[tuple[Any, ...], Draft] = {}
    for number, draft in drafts:
        row = vars(draft)
        key, file = _key(row), _content(row)
        if draft.uid in stored or (key in seen and seen[key].uid == draft.uid):
            plan.known += 1
        elif key in seen and draft.kind != "region":
            plan.problems.append(
                f"Row {number}: {draft.clip_id} has another label by {draft.annotator} before it in the file."
            )
        else:
            seen[key] = draft
            now = current.get(key)
            status = _status(now, file)
            if status == "new":
                plan.new.append(draft)
            elif now is None or status == "known":
                plan.known += 1
            else:
                plan.conflicting.append(draft)
                shown = [", ".join(filter(None, side)) or "nothing" for side in (now, file)]
                plan.conflicts.append(Conflict(number, draft.clip_id, draft.clip_sha256, draft.annotator, *shown))


def _key(row: Fields) -> tuple[Any, ...]:
    """What there can be only one of: an annotator's label on a clip, a clip's adjudication, a region."""
    if row["kind"] == "adjudicate":
        return "adjudicate", row["clip_sha256"]
    if row["kind"] == "region":
        where = tuple(row[name] for name in (*flat.NUMBERS, "region_class"))
        return "region", row["clip_sha256"], row["annotator"], *where, row["note"] or ""
    return "opinion", row["clip_sha256"], row["annotator"]


def _content(row: Fields) -> tuple[str, str]:
    return row["label"] or "", row["note"] or ""


def _status(now: tuple[str, str] | None, file: tuple[str, str]) -> Literal["new", "known", "conflict"]:
    """What a row adds to what holds: a label where there is none, a note where there is none. An empty one says nothing."""
    if now is None:
        return "new"
    pairs = list(zip(now, file, strict=True))
    if any(ours and theirs and ours != theirs for ours, theirs in pairs):
        return "conflict"
    return "new" if any(theirs and not ours for ours, theirs in pairs) else "known"
