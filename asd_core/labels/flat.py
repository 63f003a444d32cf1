"""Labels as one flat table, and the files made of it: CSV, JSON and Parquet; and back from CSV and Parquet.

A row is a label (with its note), a skip, a note, a region or an adjudication, as ``kind`` says. What does not apply is empty
in CSV and null elsewhere; times are ISO 8601 in UTC.
"""

import csv
import io
import json
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from asd_core.csv_text import as_text, from_text
from asd_core.errors import LabelError
from asd_core.labels.store import LabelStore

if TYPE_CHECKING:
    import pandas as pd

MOST_CELLS = 5_000_000  # of a file: a few kilobytes of Parquet can claim gigabytes of equal rows
NUMBERS = ("t0", "t1", "f0", "f1")
COLUMNS = (
    *("kind", "dataset", "clip_sha256", "clip_id", "machine_id", "annotator", "label", "note"),
    *(*NUMBERS, "region_class", "blind", "queue", "at", "source"),
)
Fields = dict[str, Any]
Numbered = tuple[int, Fields]  # where in the file, from 1, and what a Draft takes


def rows(store: LabelStore, dataset: str, annotator: str | None = None) -> list[Fields]:
    """Everything that holds in a dataset, as rows with the keys ``COLUMNS``; ``None`` where a column does not apply."""
    adjudications = store.adjudications(dataset)
    if annotator is not None:
        adjudications = adjudications[adjudications["annotator"] == annotator]
    current = _plain(store.current(dataset, annotator=annotator))
    results = [{**row, "kind": _kind(row), "note": row["note"] or None} for row in current]
    results += [{**row, "kind": "region"} for row in _plain(store.regions(dataset, annotator=annotator))]
    results += [{**row, "kind": "adjudicate"} for row in _plain(adjudications)]
    return [{name: row.get(name) for name in COLUMNS} for row in results]


def _kind(row: Fields) -> str:
    return "label" if row["label"] is not None else "skip" if row["skipped"] else "note"


def _plain(table: "pd.DataFrame") -> list[Fields]:
    """Rows of a table as Python values, what is missing as ``None``."""
    import pandas as pd

    columns = {}
    for name in table:
        values = table[name].dt.to_pydatetime() if name == "at" else table[name].tolist()
        columns[str(name)] = [None if pd.isna(value) else value for value in values]
    return [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]


def as_csv(table: Iterable[Fields]) -> bytes:
    """Rows as CSV (RFC 4180, UTF-8): numbers as short as they can be read back exactly."""
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(COLUMNS)
    writer.writerows([as_text(_text(row[name])) for name in COLUMNS] for row in table)
    return out.getvalue().encode()


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return value.isoformat()
    return "" if value is None else repr(value) if isinstance(value, float) else str(value)


def as_json(table: Iterable[Fields], dataset: str) -> bytes:
    """Rows as one JSON document."""
    listed = [{**row, "at": _text(row["at"]) or None} for row in table]
    document = {"format": "asd-labels", "version": 1, "dataset": dataset, "rows": listed}
    return (json.dumps(document, indent=1, ensure_ascii=False, allow_nan=False) + "\n").encode()


def as_parquet(table: list[Fields]) -> bytes:
    """Rows as a Parquet file with typed columns."""
    import pyarrow as pa
    from pyarrow import parquet

    kinds = dict.fromkeys(NUMBERS, pa.float64()) | {"blind": pa.bool_(), "at": pa.timestamp("us", tz="UTC")}
    schema = pa.schema([(name, kinds.get(name, pa.string())) for name in COLUMNS])
    out = io.BytesIO()
    parquet.write_table(pa.Table.from_pylist(table, schema=schema), out, compression="zstd")
    return out.getvalue()


def from_csv(content: bytes) -> tuple[list[Numbered], list[str]]:
    """Rows of a CSV file as what a Draft takes, and sentences on rows that cannot be read.

    Columns are those of ``COLUMNS``; a file by others needs ``clip_sha256`` or ``clip_id``, and ``label`` or
    ``region_class`` with t0 and t1.

    Raises:
        LabelError: when it is not such a table.
    """
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise LabelError("The file is not UTF-8 text: save it as CSV in UTF-8.") from error
    if (first := text.split("\n", 1)[0].strip().lower()).startswith("sep=") and len(first) == 5:
        text = (
            text.split("\n", 1)[1] if "\n" in text else ""
        )  # a line for spreadsheets; the heading shows the separator, too
    delimiter = max(",;\t", key=text.split("\n", 1)[0].count)
    reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        names = reader.fieldnames = [_column(name) for name in reader.fieldnames or []]
        _check_names(names)
        return _read((reader.line_num, {name: from_text(cell) for name, cell in row.items()}) for row in reader)
    except csv.Error as error:
        raise LabelError(f"Line {reader.line_num} is not CSV ({error}): save the table again.") from error


def from_parquet(content: bytes) -> tuple[list[Numbered], list[str]]:
    """The same of a Parquet file: its cells are read as those of a CSV file, whatever their types.

    Raises:
        LabelError: when it is not such a table.
    """
    import pyarrow as pa
    from pyarrow import parquet

    try:
        file = parquet.ParquetFile(io.BytesIO(content))
        if (cells := file.metadata.num_rows * file.metadata.num_columns) > MOST_CELLS:
            raise LabelError(
                f"The table has {cells:,} cells, and {MOST_CELLS:,} can be read: export the labels of fewer clips."
            )
        table = file.read()
        _check_names(table.column_names)
        rows = table.to_pylist()
    except (pa.ArrowException, OSError) as error:
        raise LabelError("The file is not Parquet: export the table again.") from error
    except (UnicodeDecodeError, OverflowError, ValueError) as error:
        raise LabelError(f"The table cannot be read ({error}): export it again, text in UTF-8.") from error
    return _read(enumerate(({name: _text(value) for name, value in row.items()} for row in rows), start=1))


def _read(cells: Iterable[tuple[int, dict[Any, Any]]]) -> tuple[list[Numbered], list[str]]:
    results: list[Numbered] = []
    problems: list[str] = []
    for place, row in cells:
        try:
            results.append((place, _fields(row)))
        except ValueError as error:
            problems.append(f"Row {place}: {error}.")
    return results, problems


def _column(heading: str) -> str:
    """A column's name from a heading as people write it: ``Clip ID``, ``File``."""
    name = heading.strip().lower().replace(" ", "_").replace("-", "_")
    return "clip_id" if name in ("clip", "file", "filename", "file_name", "path") else name


def _check_names(names: list[str]) -> None:
    if not {"clip_sha256", "clip_id"} & set(names) or not {"label", "region_class"} & set(names):
        raise LabelError("The file has no columns clip_sha256 (or clip_id) and label (or region_class): add them.")


def _fields(row: dict[Any, Any]) -> Fields:
    if None in row or None in row.values():
        raise ValueError("it has not as many cells as the heading")
    values: Fields = {name: row[name] for name in COLUMNS if row.get(name, "") != ""}
    if "label" in values:
        values["label"] = values["label"].strip().lower()
    for name in NUMBERS:
        if name in values:
            values[name] = number(values[name])
    if "blind" in values:
        if values["blind"].lower() not in ("true", "false", "1", "0"):
            raise ValueError(f"blind is {values['blind']!r}, not true or false")
        values["blind"] = values["blind"].lower() in ("true", "1")
    if "at" in values:
        values["at"] = moment(values["at"])
    values.setdefault("kind", "region" if "region_class" in values else "label")
    return values


def number(text: str) -> float:
    """A number in a cell, with a point or a comma. Raises ValueError."""
    try:
        return float(text.strip().replace(",", "."))
    except ValueError:
        raise ValueError(f"{text!r} is not a number") from None


def moment(text: str) -> datetime:
    """A time in ISO 8601, UTC where it names no zone. Raises ValueError."""
    try:
        result = datetime.fromisoformat(text.strip())
    except ValueError:
        raise ValueError(f"{text!r} is not a time in ISO 8601") from None
    return result.replace(tzinfo=UTC) if result.tzinfo is None else result.astimezone(UTC)
