"""CSV and Parquet files as rows of text, whatever program wrote them."""

import csv
import io
import re
from collections import Counter
from collections.abc import Iterable
from pathlib import PurePosixPath
from typing import Any

from asd_core.errors import DatasetError

TABLE_SUFFIXES = (".csv", ".tsv", ".parquet")
Cells = tuple[
    int, dict[str, str]
]  # where in the file (line of a CSV, row of a Parquet file, from 1), and text by column


def read_cells(name: str, content: bytes) -> tuple[list[str], list[Cells]]:
    """Columns and rows of a table, without the spaces around a cell and without empty rows.

    CSV may be separated by commas, semicolons or tabs, and may begin with a byte order mark and a spreadsheet's ``sep=;``.
    Columns are called in lower case with underscores: ``Machine ID`` is ``machine_id``.

    Args:
        name: of the file, for errors; its ending says which kind it is.

    Raises:
        DatasetError: when it is not such a table.
    """
    heading, rows = _parquet(name, content) if name.lower().endswith(".parquet") else _csv(name, content)
    columns = [re.sub(r"[\s-]+", "_", text.strip().lower()) for text in heading]
    for column, count in Counter(columns).items():
        if column and count > 1:
            raise DatasetError(f"{name} has {count} columns called {column}: rename all but one.")
    found: list[Cells] = []
    for number, values in rows:
        cells = [value.strip() for value in values]
        if any(cells[len(columns) :]):
            raise DatasetError(f"{name} has more cells in line {number} than in its heading: save the table again.")
        if any(cells):
            cells += [""] * (len(columns) - len(cells))
            found.append((number, {c: v for c, v in zip(columns, cells, strict=False) if c}))
    return [column for column in columns if column], found


def is_table(path: str) -> bool:
    """Does a file's name end like a table's?"""
    return PurePosixPath(path).suffix.lower() in TABLE_SUFFIXES


def _csv(name: str, content: bytes) -> tuple[list[str], Iterable[tuple[int, list[str]]]]:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise DatasetError(f"{name} is not UTF-8 text: save the table as CSV in UTF-8.") from error
    first, _, rest = text.partition("\n")
    shift = int(
        bool(re.match(r"sep=.?\s*$", first, re.IGNORECASE))
    )  # a line for spreadsheets; the heading shows it, too
    if shift:
        text = rest
    delimiter = max(",;\t", key=text.split("\n", 1)[0].count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        rows = [(reader.line_num + shift, row) for row in reader]
    except csv.Error as error:
        raise DatasetError(
            f"Line {reader.line_num + shift} of {name} is not CSV ({error}): save the table again."
        ) from error
    return (rows[0][1], rows[1:]) if rows else ([], [])


def _parquet(name: str, content: bytes) -> tuple[list[str], Iterable[tuple[int, list[str]]]]:
    import pyarrow as pa
    from pyarrow import parquet

    try:
        table = parquet.read_table(io.BytesIO(content))
    except (pa.ArrowException, OSError) as error:
        raise DatasetError(f"{name} is not a Parquet file: export the table again.") from error
    columns = [column.to_pylist() for column in table.columns]
    rows = zip(*columns, strict=True)
    return table.column_names, [(n, [_text(v) for v in row]) for n, row in enumerate(rows, start=1)]


def _text(value: Any) -> str:
    if isinstance(value, float):
        # Numbers with gaps are floats: 2.0 was written as 2.
        return "" if value != value else str(int(value)) if value.is_integer() else repr(value)
    return "" if value is None else str(value)
