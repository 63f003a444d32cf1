"""The database's tables, as an ordered list of versions. A version that was released is never edited: append another.

The log of labels (``label_events``) is the truth; the database itself refuses to change or delete a row of it. What holds now
(``label_current``, ``label_regions``, ``label_adjudicated``) is stored beside it, so that no reading goes through the log. Who did
what else (``audit_events``) is a log that is as safe. What long work does now (``jobs``) is written over as it goes on.
Times are whole microseconds since 1970, UTC: both databases keep them exactly.
"""

import re

from sqlalchemy import BigInteger, Boolean, Column, Connection, Double, MetaData, Table, Text, inspect, text

from asd_core.errors import LabelError

VERSIONS: list[list[str]] = [
    [  # 1: the log
        """CREATE TABLE label_events (
            id {identity}, uid TEXT NOT NULL UNIQUE, at BIGINT NOT NULL, annotator TEXT NOT NULL, dataset TEXT NOT NULL,
            clip_sha256 TEXT NOT NULL, clip_id TEXT NOT NULL, machine_id TEXT NOT NULL, kind TEXT NOT NULL, label TEXT,
            t0 {double}, t1 {double}, f0 {double}, f1 {double}, region_class TEXT, note TEXT, blind BOOLEAN,
            app_version TEXT NOT NULL, target TEXT, source TEXT NOT NULL)""",
        "CREATE INDEX label_events_clip ON label_events (clip_sha256, dataset, annotator)",
        "CREATE INDEX label_events_annotator ON label_events (annotator, dataset, id)",
        "CREATE INDEX label_events_dataset ON label_events (dataset, id)",
        "CREATE INDEX label_events_target ON label_events (target) WHERE target IS NOT NULL",
        "CREATE INDEX label_events_classes ON label_events (id) WHERE kind = 'classes'",
        "{append_only}",
    ],
    [  # 2: the current tables
        """CREATE TABLE label_current (
            dataset TEXT NOT NULL, clip_sha256 TEXT NOT NULL, annotator TEXT NOT NULL, clip_id TEXT NOT NULL,
            machine_id TEXT NOT NULL, label TEXT, note TEXT NOT NULL, at BIGINT NOT NULL, blind BOOLEAN,
            skipped BOOLEAN NOT NULL, source TEXT NOT NULL, event_id BIGINT NOT NULL,
            PRIMARY KEY (dataset, clip_sha256, annotator)) {clustered}""",
        "CREATE INDEX label_current_counts ON label_current (dataset, annotator, label, skipped)",
        "CREATE INDEX label_current_changes ON label_current (dataset, event_id)",
        """CREATE TABLE label_regions (
            uid TEXT NOT NULL PRIMARY KEY, dataset TEXT NOT NULL, clip_sha256 TEXT NOT NULL, annotator TEXT NOT NULL,
            clip_id TEXT NOT NULL, machine_id TEXT NOT NULL, t0 {double} NOT NULL, t1 {double} NOT NULL, f0 {double},
            f1 {double}, region_class TEXT NOT NULL, note TEXT NOT NULL, at BIGINT NOT NULL, blind BOOLEAN,
            source TEXT NOT NULL, event_id BIGINT NOT NULL)""",
        "CREATE INDEX label_regions_clip ON label_regions (dataset, clip_sha256, annotator)",
        """CREATE TABLE label_adjudicated (
            uid TEXT NOT NULL, dataset TEXT NOT NULL, clip_sha256 TEXT NOT NULL, clip_id TEXT NOT NULL,
            machine_id TEXT NOT NULL, label TEXT NOT NULL, annotator TEXT NOT NULL, note TEXT NOT NULL, at BIGINT NOT NULL,
            source TEXT NOT NULL, event_id BIGINT NOT NULL, PRIMARY KEY (dataset, clip_sha256))""",
    ],
    [  # 3: the queue from which a clip was labelled
        "ALTER TABLE label_events ADD COLUMN queue TEXT",
        "ALTER TABLE label_current ADD COLUMN queue TEXT",
    ],
    [  # 4: the audit log
        """CREATE TABLE audit_events (
            id {identity}, uid TEXT NOT NULL UNIQUE, at BIGINT NOT NULL, who TEXT NOT NULL, via TEXT NOT NULL,
            act TEXT NOT NULL, dataset TEXT NOT NULL, n_items BIGINT, detectors TEXT NOT NULL, note TEXT NOT NULL,
            app_version TEXT NOT NULL)""",
        "CREATE INDEX audit_events_at ON audit_events (at, id)",
        "{audit_append_only}",
    ],
    [  # 5: long work that several dashboards see
        """CREATE TABLE jobs (
            id {identity}, run TEXT NOT NULL UNIQUE, name TEXT NOT NULL, title TEXT NOT NULL, computer TEXT NOT NULL,
            started BIGINT NOT NULL, seen BIGINT NOT NULL, state TEXT NOT NULL, fraction {double} NOT NULL,
            message TEXT NOT NULL, description TEXT NOT NULL, losses TEXT NOT NULL, stops BIGINT NOT NULL)""",
        "CREATE INDEX jobs_latest ON jobs (name, id)",
    ],
]

WORDS = {
    "sqlite": {"identity": "INTEGER PRIMARY KEY AUTOINCREMENT", "double": "REAL", "clustered": "WITHOUT ROWID"},
    "postgresql": {
        "identity": "BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY",
        "double": "DOUBLE PRECISION",
        "clustered": "",
    },
}


def _append_only(table: str) -> dict[str, list[str]]:
    """What makes a database refuse to change or delete a row of a table."""
    return {
        "sqlite": [
            f"""CREATE TRIGGER {table}_no_{word.lower()} BEFORE {word} ON {table}
        BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"""
            for word in ("UPDATE", "DELETE")
        ],
        "postgresql": [
            f"""CREATE FUNCTION {table}_refuse() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN RAISE EXCEPTION '{table} is append-only'; END $$""",
            f"""CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table}
        FOR EACH STATEMENT EXECUTE FUNCTION {table}_refuse()""",
        ],
    }


# By the words that stand for them in VERSIONS.
APPEND_ONLY = {"{append_only}": _append_only("label_events"), "{audit_append_only}": _append_only("audit_events")}

_TYPES = {"{identity}": BigInteger, "BIGINT": BigInteger, "TEXT": Text, "{double}": Double, "BOOLEAN": Boolean}
_COLUMN = re.compile(r"(\w+) (\{\w+\}|BIGINT|TEXT|BOOLEAN)")
_metadata = MetaData()


def _newest(name: str) -> Table:
    """A table's columns after all versions, to build queries with: read from the statements that make it, so that a
    column stands in one place."""
    made = rf"CREATE TABLE {name} \((.*)\)|ALTER TABLE {name} ADD COLUMN (.*)"
    results = [match for step in VERSIONS for one in step if (match := re.match(made, one, re.DOTALL))]
    columns = [pair for match in results for pair in _COLUMN.findall(match[1] or match[2])]
    return Table(name, _metadata, *(Column(column, _TYPES[kind]) for column, kind in columns))


EVENTS, CURRENT = _newest("label_events"), _newest("label_current")
REGIONS, ADJUDICATED = _newest("label_regions"), _newest("label_adjudicated")
AUDIT, JOBS = _newest("audit_events"), _newest("jobs")
JOBS_SINCE = 5  # the version
SOURCES = (EVENTS, AUDIT)  # what a backup holds; the other tables follow from it
DERIVED = (CURRENT, REGIONS, ADJUDICATED)


def version(connection: Connection) -> int:
    """The database's version; 0: it holds no labels yet."""
    if not inspect(connection).has_table("label_schema"):
        return 0
    return int(connection.execute(text("SELECT max(version) FROM label_schema")).scalar() or 0)


def migrate(connection: Connection, where: str, upto: int = len(VERSIONS)) -> list[int]:
    """Bring a database to a version, inside the caller's transaction, which must hold the writers' lock.

    Args:
        where: the database's name for people.

    Returns:
        The versions that were applied.

    Raises:
        LabelError: when it is of a newer version.
    """
    have = version(connection)
    if have > len(VERSIONS):
        raise LabelError(
            f"The label database {where} is of version {have}, and this program knows up to {len(VERSIONS)}: "
            "update the program."
        )
    dialect = connection.dialect.name
    if have == 0:
        connection.exec_driver_sql("CREATE TABLE label_schema (version BIGINT NOT NULL PRIMARY KEY)")
    steps = list(range(have + 1, upto + 1))
    for step in steps:
        for statement in VERSIONS[step - 1]:
            refusals = APPEND_ONLY.get(statement)
            for one in refusals[dialect] if refusals else [statement.format(**WORDS[dialect])]:
                connection.exec_driver_sql(one)
        connection.execute(text("INSERT INTO label_schema (version) VALUES (:step)"), {"step": step})
    return steps


def drop(connection: Connection) -> None:
    """Delete all tables, inside the caller's transaction: the only way to empty a log that refuses to be changed."""
    for table in (*SOURCES, *DERIVED, JOBS):
        connection.exec_driver_sql(f"DROP TABLE IF EXISTS {table.name}")
    connection.exec_driver_sql("DROP TABLE IF EXISTS label_schema")
    if connection.dialect.name == "postgresql":
        for table in SOURCES:
            connection.exec_driver_sql(f"DROP FUNCTION IF EXISTS {table.name}_refuse")
