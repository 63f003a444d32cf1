"""The tables of a label database as lines of text, the same from SQLite and PostgreSQL, and back into either.

A table's first line is the list of its columns in JSON, each further line a row. The tables that follow from the log are left out.
"""

import json
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

from sqlalchemy import Connection, Table, select, text

from asd_core.errors import LabelError
from asd_core.schema import SOURCES

ROWS = 5000  # that are held in memory at once


def tables(connection: Connection) -> Iterator[tuple[str, Iterator[str]]]:
    """Each table's name and lines; a table's lines must be read before the next one's."""
    for table in SOURCES:
        yield table.name, _lines(connection, table)


def _lines(connection: Connection, table: Table) -> Iterator[str]:
    yield json.dumps(table.columns.keys())
    rows = connection.execute(select(table).order_by(*table.columns.values()[:1]).execution_options(yield_per=ROWS))
    for row in rows:
        yield json.dumps(tuple(row), ensure_ascii=False, allow_nan=False)


def fill(connection: Connection, dumped: Iterable[tuple[str, Iterable[str]]]) -> None:
    """Insert the rows of a dump into tables that are empty, inside the caller's transaction. Ids are kept: they are the order.

    Raises:
        LabelError: when the lines are not those of a dump, or come from a newer program.
    """
    known = {table.name: table for table in SOURCES}
    for name, lines in dumped:
        if name not in known:
            raise LabelError(f"It holds a table {name} of labels that this program does not know: update the program.")
        parsed = _parsed(name, lines)
        columns = next(parsed, [])
        if newer := set(columns) - set(known[name].columns.keys()):
            raise LabelError(
                f"Its labels have {', '.join(sorted(newer))}, which this program does not know: update it."
            )
        while rows := list(islice(parsed, ROWS)):
            _insert(connection, known[name], columns, rows)


def _parsed(name: str, lines: Iterable[str]) -> Iterator[list[Any]]:
    for number, line in enumerate(lines, start=1):
        try:
            values = json.loads(line)
        except ValueError:
            values = None
        if not isinstance(values, list):
            raise LabelError(f"Line {number} of its table {name} is none of a dump of labels.")
        yield values


def _insert(connection: Connection, table: Table, columns: list[str], rows: Iterable[list[Any]]) -> None:
    own_ids = connection.dialect.name == "postgresql"
    values = ", ".join(f":{column}" for column in columns)
    overriding = "OVERRIDING SYSTEM VALUE " if own_ids else ""
    statement = f"INSERT INTO {table.name} ({', '.join(columns)}) {overriding}VALUES ({values})"
    connection.execute(text(statement), [dict(zip(columns, row, strict=True)) for row in rows])
    if own_ids and "id" in columns:
        highest = f"SELECT setval(pg_get_serial_sequence('{table.name}', 'id'), max(id)) FROM {table.name}"
        connection.exec_driver_sql(highest)
