"""Tables of recordings: a row names a file and says its label, machine, split, domain, and anything else as an attribute.

A table overrides names; what it leaves empty is understood from names, or asked. A word that is not understood, and
rows that contradict each other, are reported and otherwise ignored.
"""

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from posixpath import commonpath

from asd_core.addresses import Address, Place, RemoteFile, place_of
from asd_core.counting import counted
from asd_core.datasets.catalogue import attribute_name
from asd_core.datasets.layouts import CatalogueRow
from asd_core.datasets.recording_names import RecordingNames
from asd_core.datasets.table_files import Cells, read_cells, table_bytes
from asd_core.datasets.words import LABELS, given_label, given_split, is_in_order
from asd_core.errors import DatasetError
from asd_core.sound import SUFFIXES

_HEADINGS = {
    "path": ("path", "file", "filename", "file_name", "filepath", "file_path", "clip", "clip_id", "recording"),
    "label": ("label", "labels"),
    "machine_type": ("machine_type", "machinetype"),
    "machine_id": ("machine_id", "machineid"),
    "split": ("split", "subset"),
    "domain": ("domain",),
}
_MAYBE_LABEL = ("class", "condition")  # also kinds of fault and speeds of the machine
KNOWN_WORDS = {"label": LABELS, "split": ("train", "test", "eval"), "domain": ("source", "target")}


@dataclass(frozen=True)
class TableRow:
    """A row of a table.

    Attributes:
        number: line of a CSV file, row of a Parquet file.
        path: of the recording, as the table writes it.
        values: its values by the catalogue's column or the attribute's name, without empty ones.
        unknown: words that are not understood, by column.
    """

    number: int
    path: str
    values: CatalogueRow
    unknown: CatalogueRow


@dataclass(frozen=True)
class RecordingTable:
    """What a table says, and what it leaves to be asked, a sentence each."""

    name: str
    rows: list[TableRow]
    questions: list[str]


@dataclass(frozen=True)
class Metadata:
    """What a table states of the recordings that exist.

    Attributes:
        values: by clip id.
        unclear: clip ids whose label is not to be taken from their names either, with the reason.
        missing: paths that name no recording, with the reason.
        questions, notes: sentences for people.
    """

    values: dict[str, CatalogueRow] = field(default_factory=dict)
    unclear: dict[str, str] = field(default_factory=dict)
    missing: list[tuple[str, str]] = field(default_factory=list)
    questions: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def read_table_file(path: Place) -> RecordingTable:
    """:func:`read_table` of a file, which is read once for as long as it stays as it is: pages ask for it at each of their runs.
    One at an address is read each time.

    Raises:
        DatasetError: as :func:`read_table`. OSError: when the file cannot be read.
    """
    if isinstance(path, Address):
        return read_table(path.name, table_bytes(path))
    about = path.stat()
    return _read_table_file(path.absolute(), about.st_mtime_ns, about.st_size)


@lru_cache(maxsize=4)
def _read_table_file(path: Path, written: int, size: int) -> RecordingTable:
    return read_table(path.name, table_bytes(path))


def read_table(name: str, content: bytes) -> RecordingTable:
    """A table of recordings.

    Args:
        name: of the file; its ending says which kind it is.

    Raises:
        DatasetError: when it is no table, has no column for the recording's path, or says nothing of recordings.
    """
    columns, cells = read_cells(name, content)
    headings = {column: _heading(name, column, columns) for column in _HEADINGS}
    questions: list[str] = []
    if not headings["path"]:
        raise DatasetError(f"{name} has no column path: call the column that names the recordings so.")
    if not headings["label"]:
        headings["label"], questions = _label_heading(name, columns, cells)
    if not any(headings[column] for column in headings if column != "path") and not questions:
        raise DatasetError(f"{name} says nothing of its recordings: add a column label, with normal or anomaly.")
    rows = [_row(number, row, headings) for number, row in cells]
    if unnamed := [row for row in rows if not row.path]:
        questions.append(f"{name} names no file in {_places(unnamed)}: which recording is meant?")
    return RecordingTable(name, [row for row in rows if row.path], questions + _unknown_words(name, rows))


def listed_files(
    place: Place, table: RecordingTable
) -> tuple[Place, list[tuple[str, ...]], list[tuple[str, str]], RecordingTable, Mapping[str, RemoteFile]]:
    """The files that a table names, relative to its folder or absolute; either may be at an address.

    Returns:
        The folder that holds all of them, by default the table's; folders and name of each recording below it; paths that are no
        recording, with the reason; the table with the paths of the others as they are below the folder; the listing of an address.

    Raises:
        DatasetError: where some are at an address and others not, or at addresses of several buckets.
    """
    at = [isinstance(place_of(row.path), Address) for row in table.rows]
    if isinstance(place, Address) or any(at):
        return _listed_at_address(place, table, at)
    folder = place.parent.absolute()
    there: list[tuple[TableRow, Path]] = []
    missing: list[tuple[str, str]] = []
    for row in table.rows:
        file = Path(os.path.normpath(folder / row.path.replace("\\", "/")))
        if not os.path.isfile(file):
            missing.append((row.path, f"{table.name} names it, but it is not there"))
        elif file.suffix.lower() not in SUFFIXES:
            missing.append((row.path, f"{table.name} names it, but it is no sound file"))
        else:
            there.append((row, file))
    if not all(file.is_relative_to(folder) for _, file in there):
        folder = Path(os.path.commonpath([file.parent for _, file in there]))
    rows = [replace(row, path=file.relative_to(folder).as_posix()) for row, file in there]
    recordings = sorted({tuple(row.path.split("/")) for row in rows})
    return folder, recordings, missing, replace(table, rows=rows), {}


def _listed_at_address(
    place: Place, table: RecordingTable, at: Sequence[bool]
) -> tuple[Place, list[tuple[str, ...]], list[tuple[str, str]], RecordingTable, Mapping[str, RemoteFile]]:
    """:func:`listed_files` where the recordings are at addresses (``at``: of which rows the path is one)."""
    if not (isinstance(place, Address) or all(at)):
        local = table.rows[at.index(False)].path
        raise DatasetError(f"{table.name} names recordings at addresses and others ({local}): make it two tables.")
    urls = [
        os.path.normpath(row.path if one else f"{place.parent}/{row.path}").replace(":/", "://", 1)
        for row, one in zip(table.rows, at, strict=True)
    ]
    folder = place.parent
    if not all(url.startswith(f"{folder}/") for url in urls):
        common = commonpath([url.replace("://", ":/", 1).rpartition("/")[0] for url in urls])
        if "/" not in common:
            raise DatasetError(f"{table.name} names recordings in several buckets: make a table of each.")
        folder = Address(common.replace(":/", "://", 1))
    assert isinstance(folder, Address)
    listing = folder.files()
    rows: list[TableRow] = []
    missing: list[tuple[str, str]] = []
    for row, url in zip(table.rows, urls, strict=True):
        below = url.removeprefix(f"{folder}/")
        if below not in listing:
            missing.append((row.path, f"{table.name} names it, but it is not there"))
        elif Path(below).suffix.lower() not in SUFFIXES:
            missing.append((row.path, f"{table.name} names it, but it is no sound file"))
        else:
            rows.append(replace(row, path=below))
    recordings = sorted({tuple(row.path.split("/")) for row in rows})
    return folder, recordings, missing, replace(table, rows=rows), listing


def metadata_of(table: RecordingTable, clip_ids: Sequence[str], decided: Mapping[str, CatalogueRow]) -> Metadata:
    """What a table says of recordings.

    Args:
        decided: values by clip id that people gave a single recording: the table does not override these.
    """
    metadata = Metadata(questions=list(table.questions))
    names = RecordingNames(clip_ids)
    by_clip: dict[str, list[TableRow]] = {}
    for row in table.rows:
        matches = names.find(row.path)
        if len(matches) == 1:
            by_clip.setdefault(matches[0], []).append(row)
        elif matches:
            metadata.missing.append((row.path, f"{table.name} names it, but {len(matches)} recordings are called so"))
        else:
            metadata.missing.append((row.path, f"{table.name} names it, but it is not there"))
    contradictions: list[str] = []
    for clip_id, rows in by_clip.items():
        own = decided.get(clip_id, {})
        values, differing = _agreed(rows)
        differing = [column for column in differing if column not in own]
        metadata.values[clip_id] = {column: value for column, value in values.items() if column not in own}
        if differing:
            contradictions.append(f"{clip_id}, {_places(rows)}: {', '.join(differing)}")
        if "label" in differing:
            metadata.unclear[clip_id] = f"{table.name} contradicts itself about its label"
        elif word := next((row.unknown["label"] for row in rows if "label" in row.unknown), ""):
            metadata.unclear[clip_id] = f"{table.name} calls it {word}, which is no label"
    if contradictions:
        more = f" and {len(contradictions) - 1} more" if len(contradictions) > 1 else ""
        metadata.questions.append(f"{table.name} contradicts itself ({contradictions[0]}{more}): which row is right?")
    wrong = [c for c, v in metadata.values.items() if (v.get("label"), v.get("split")) == ("anomaly", "train")]
    if wrong:
        metadata.questions.append(anomalies_in_training(f"{table.name} has", wrong))
    metadata.notes.append(f"{table.name} tells of {counted(len(by_clip), 'recording')} here.")
    if twice := sum(len(rows) - 1 for rows in by_clip.values()):
        metadata.notes.append(f"{table.name} names {counted(twice, 'recording')} more than once.")
    if n := len(metadata.missing):
        metadata.notes.append(f"{counted(n, 'row')} of {table.name} match{'es' if n == 1 else ''} no recording here.")
    return metadata


def anomalies_in_training(who_has: str, clip_ids: Sequence[str]) -> str:
    """What people are told of anomalies that they put into training."""
    return (
        f"{who_has} {counted(len(clip_ids), 'anomaly', 'anomalies')} in training ({clip_ids[0]}), and detectors learn from "
        "normal sound: they are used for testing."
    )


def _heading(name: str, column: str, columns: Sequence[str]) -> str:
    """The table's heading for a column of the catalogue: the column's own name is preferred to others."""
    headings = [heading for heading in _HEADINGS[column] if heading in columns]
    if len(headings) > 1 and headings[0] != column:
        raise DatasetError(f"{name} has the columns {' and '.join(headings)}: call the one that is meant {column}.")
    return headings[0] if headings else ""


def _label_heading(name: str, columns: Sequence[str], cells: Iterable[Cells]) -> tuple[str, list[str]]:
    """The heading of the column that holds the label under another name, or a question."""
    words = {c: sorted({row[c] for _, row in cells if row[c]}) for c in _MAYBE_LABEL if c in columns}
    sure = [
        column
        for column, values in words.items()
        if all(given_label(word) for word in values) and not all(is_in_order(word) for word in values)
    ]
    if len(sure) == 1:
        return sure[0], []
    examples = "; ".join(
        f"{c} ({', '.join(values[:4])}{' …' if len(values) > 4 else ''})" for c, values in words.items()
    )
    question = (
        f"{name} has no column label. Does one of these say it: {examples}? Then call it label, with normal or anomaly."
    )
    return "", [question] if words else []


def _row(number: int, cells: CatalogueRow, headings: dict[str, str]) -> TableRow:
    values: CatalogueRow = {}
    unknown: CatalogueRow = {}
    columns = {heading: column for column, heading in headings.items() if heading}
    for heading, text in cells.items():
        column = columns.get(heading, "")
        if not text or column == "path":
            continue
        if not column:
            values[attribute_name(heading)] = text
        elif word := understood(column, text):
            values[column] = word
        else:
            unknown[column] = text
    return TableRow(number, cells[headings["path"]], values, unknown)


def understood(column: str, text: str) -> str:
    """The catalogue's word for a cell; nothing for one that it does not know."""
    if column == "label":
        return given_label(text)
    if column == "split":
        return given_split(text)
    if column == "domain":
        return text.lower() if text.lower() in KNOWN_WORDS[column] else ""
    return text


def _unknown_words(name: str, rows: Iterable[TableRow]) -> list[str]:
    """A question for each word that is not understood."""
    by_word: dict[tuple[str, str], list[TableRow]] = {}
    for row in rows:
        for column, word in row.unknown.items():
            by_word.setdefault((column, word), []).append(row)
    return [
        f"{name} has the {column} {word} in {_places(those)}: which of {', '.join(KNOWN_WORDS[column])} is that?"
        for (column, word), those in by_word.items()
    ]


def _agreed(rows: Sequence[TableRow]) -> tuple[CatalogueRow, list[str]]:
    """What all rows on a recording say, and the columns in which they differ. An empty cell contradicts nothing."""
    every = [row.values | row.unknown for row in rows]
    by_column: dict[str, set[str]] = {}
    for values in every:
        for column, value in values.items():
            by_column.setdefault(column, set()).add(value)
    differing = [column for column, values in by_column.items() if len(values) > 1]
    merged = {column: value for row in rows for column, value in row.values.items()}
    return {column: value for column, value in merged.items() if column not in differing}, differing


def _places(rows: Sequence[TableRow]) -> str:
    """``row 3``, ``rows 3, 5 and 8 more``."""
    numbers = [str(row.number) for row in rows]
    more = f" and {len(numbers) - 3} more" if len(numbers) > 3 else ""
    return f"row{'s' if len(numbers) > 1 else ''} {', '.join(numbers[:3])}{more}"
