"""Do the current tables still follow from the log?"""

from typing import Any

from sqlalchemy import Connection, delete, func, select, text

from asd_core.labels import log
from asd_core.schema import DERIVED, EVENTS

NAMES = {"label_current": "current labels", "label_regions": "regions", "label_adjudicated": "adjudications"}


def rebuild(connection: Connection) -> None:
    """Rebuild the current tables from the log, inside a writing transaction."""
    for table in DERIVED:
        connection.execute(delete(table))
    for part in log.all_events(connection):
        log.put(connection, log.following(part))


def check(connection: Connection) -> list[str]:
    """Sentences on what is wrong; none when all is well."""
    problems = []
    if connection.dialect.name == "sqlite":
        results = [str(row[0]) for row in connection.execute(text("PRAGMA integrity_check"))]
        if results != ["ok"]:
            problems.append(f"The database file is damaged: {results[0]}.")
    loose = select(func.count()).select_from(EVENTS).where(EVENTS.c.target.is_not(None))
    other = EVENTS.alias()
    lost = connection.execute(loose.where(~select(other.c.id).where(other.c.uid == EVENTS.c.target).exists())).scalar()
    if lost:
        problems.append(f"{lost} events take back something that is not in the log.")
    return problems + _compared(connection)


def _compared(connection: Connection) -> list[str]:
    expected: list[set[Any]] = [set(), set(), set()]
    for part in log.all_events(connection):
        for rows, subset in zip(log.following(part), expected, strict=True):
            subset.update(tuple(sorted(row.items())) for row in rows)
    problems = []
    for table, subset in zip(DERIVED, expected, strict=True):
        stored = {tuple(sorted(row._mapping.items())) for row in connection.execute(select(table))}
        if differing := len(subset ^ stored):
            what = NAMES[table.name]
            problems.append(
                f"The {what} do not follow from the log ({differing} rows differ): rebuild them, the log is the truth."
            )
    return problems
