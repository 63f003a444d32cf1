"""CSV and Parquet files as rows of text, whatever program wrote them."""

import csv
import io
import re
from collections import Counter
from collections.abc import Iterable
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from asd_core.addresses import Address, Place
from asd_core.errors import DatasetError

if TYPE_CHECKING:
    import pyarrow as pa
    from pyarrow import parquet

TABLE_SUFFIXES = (".csv", ".tsv", ".parquet")
MAX_CELLS = 2_000_000  # a hundred thousand recordings with twenty columns; as Python's objects they take some 300 MB
MAX_MB = 50.0  # of the file, and of its text
Cells = tuple[
    int, dict[str, str]
]  # where in the file (line of a CSV, row of a Parquet file, from 1), and text by column


def read_cells(name: str, content: bytes) -> tuple[list[str], list[Cells]]:
    """Columns and rows of a table, without the spaces around a cell and without empty rows.

    CSV may be separated by commas, semicolons or tabs, and may begin with a byte order mark and a spreadsheet's ``sep=;``.
    A Parquet file's nested columns are left out.
    Columns are called in lower case with underscores: ``Machine ID`` is ``machine_id``.

    Args:
        name: of the file, for errors; its ending says which kind it is.

    Raises:
        DatasetError: when it is not such a table, or one of more than :data:`MAX_CELLS` cells or :data:`MAX_MB`.
    """
    _check_size(name, n_bytes=len(content))
    heading, rows = _parquet(name, content) if name.lower().endswith(".parquet") else _csv(name, content)
    columns = [re.sub(r"[\s-]+", "_", text.strip().lower()) for text in heading]
    for column, count in Counter(columns).items():
        if column and count > 1:
            raise DatasetError(f"{name} has {count} columns called {column}: rename all but one.")
    numbered: list[Cells] = []
    for number, values in rows:
        cells = [value.strip() for value in values]
        if any(cells[len(columns) :]):
            raise DatasetError(f"{name} has more cells in line {number} than in its heading: save the table again.")
        if any(cells):
            cells += [""] * (len(columns) - len(cells))
            numbered.append((number, {c: v for c, v in zip(columns, cells, strict=False) if c}))
    return [column for column in columns if column], numbered


def table_bytes(path: Place) -> bytes:
    """What a table's file holds, for :func:`read_cells`; one that is too large is not read.

    Raises:
        DatasetError: for a file of more than :data:`MAX_MB`. OSError: when it cannot be read.
    """
    if isinstance(path, Address):
        content = path.read_bytes()
        _check_size(path.name, n_bytes=len(content))
        return content
    _check_size(path.name, n_bytes=path.stat().st_size)
    return path.read_bytes()


def _check_size(name: str, *, n_bytes: int = 0, n_cells: int = 0) -> None:
    if n_bytes > MAX_MB * 1e6 or n_cells > MAX_CELLS:
        raise DatasetError(
            f"{name} is larger than a table of recordings may be ({MAX_CELLS:,} cells and {MAX_MB:.0f} MB): leave out columns, or "
            "split it."
        )


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
        rows, n_cells = list[tuple[int, list[str]]](), 0
        for row in reader:
            n_cells += max(1, len(row))
            _check_size(name, n_cells=n_cells)
            rows.append((reader.line_num + shift, row))
    except csv.Error as error:
        raise DatasetError(
            f"Line {reader.line_num + shift} of {name} is not CSV ({error}): save the table again."
        ) from error
    return (rows[0][1], rows[1:]) if rows else ([], [])


def _parquet(name: str, content: bytes) -> tuple[list[str], Iterable[tuple[int, list[str]]]]:
    import pyarrow as pa
    from pyarrow import parquet

    try:
        about = parquet.read_metadata(io.BytesIO(content))
        flat = [field.name for field in about.schema.to_arrow_schema() if not pa.types.is_nested(field.type)]
        _check_size(name, n_bytes=_unpacked_bytes(about), n_cells=about.num_rows * len(flat))
        # A file of some kilobytes can hold millions of rows that repeat one text: it stays stored once until the length is known.
        table = parquet.ParquetFile(io.BytesIO(content), read_dictionary=flat).read(columns=flat)
        _check_size(name, n_bytes=sum(map(_text_bytes, table.columns)))
    except (pa.ArrowException, OSError) as error:
        raise DatasetError(f"{name} is not a Parquet file: export the table again.") from error
    try:
        columns = [column.to_pylist() for column in table.columns]
    except (pa.ArrowException, ValueError, OverflowError) as error:  # such as a year beyond 9999
        raise DatasetError(f"{name} holds text or dates that cannot be read: export the table again.") from error
    rows = zip(*columns, strict=True)
    return table.column_names, [(n, [_text(v) for v in row]) for n, row in enumerate(rows, start=1)]


def _unpacked_bytes(about: "parquet.FileMetaData") -> int:
    """How much a file's pages take, and its texts of a fixed length, as its own table of contents says."""
    groups = [about.row_group(g) for g in range(about.num_row_groups)]
    pages = sum(group.column(c).total_uncompressed_size for group in groups for c in range(about.num_columns))
    return int(pages + about.num_rows * sum(max(0, about.schema.column(c).length) for c in range(about.num_columns)))


def _text_bytes(column: "pa.ChunkedArray") -> int:
    """How long the texts of a column are together, each as often as it is repeated; 0 for one of other values."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if not pa.types.is_dictionary(column.type) or pa.types.is_primitive(column.type.value_type):
        return 0
    lengths = (pc.take(pc.binary_length(chunk.dictionary), chunk.indices) for chunk in column.chunks)
    return sum(pc.sum(length).as_py() or 0 for length in lengths)


def _text(value: Any) -> str:
    if isinstance(value, float):
        # Numbers with gaps are floats: 2.0 was written as 2.
        return "" if value != value else str(int(value)) if value.is_integer() else repr(value)
    return "" if value is None else str(value)
