"""Opening a database so that what it acknowledges is on the disk, and saying in one sentence what is wrong with it."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from asd_core.errors import LabelError, reason_of
from asd_core.settings import get_settings

BUSY_SECONDS = 30  # how long a writer waits for another one
CONNECT_SECONDS = 10
WRITERS = 0x61_73_64_6C  # PostgreSQL's advisory lock that writers take in turn ("asdl")
HOW = "write sqlite:////folder/labels.sqlite3 or postgresql://user:password@host/name in ASD_DATABASE_URL"


class Database:
    """A database engine with the transactions that this program needs.

    A writing transaction has the database to itself (SQLite: ``BEGIN IMMEDIATE``; PostgreSQL: an advisory lock). People
    label at a few events a second, so taking turns costs nothing, and the order of ids is the order of commits.
    """

    def __init__(self, url: str | None = None) -> None:
        self.url = _url(url)
        shown = self.url.set(query={})  # a query may hold a password too
        self.where = shown.render_as_string(hide_password=True)
        self.sqlite = self.url.get_backend_name() == "sqlite"
        try:
            self._engine = self._create()
        except ModuleNotFoundError as error:
            raise LabelError(
                f"The label database {self.where} needs the package {error.name}: install requirements.txt."
            ) from error
        self._writer = self._engine.execution_options(write=True)

    def _create(self) -> Engine:
        if not self.sqlite:
            # A database without an encoding (SQL_ASCII) would answer in bytes.
            options = {"connect_timeout": CONNECT_SECONDS, "client_encoding": "UTF8"}
            engine = create_engine(self.url, pool_pre_ping=True, pool_size=10, connect_args=options)
            event.listen(engine, "connect", _durable_postgresql)
            event.listen(engine, "begin", _begin_postgresql)
            return engine
        try:
            Path(str(self.url.database)).parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise LabelError(
                f"The folder of the label database {self.where} cannot be made ({reason_of(error)}): "
                "name another one in ASD_DATABASE_URL."
            ) from error
        engine = create_engine(self.url, connect_args={"timeout": BUSY_SECONDS})
        event.listen(engine, "connect", _durable_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
        return engine

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A transaction that sees one state of the database."""
        with self._as_label_errors("read"), self._engine.begin() as connection:
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """A transaction that has the database to itself; what it wrote is on the disk when the block is left."""
        with self._as_label_errors("written"), self._writer.begin() as connection:
            yield connection

    @contextmanager
    def _as_label_errors(self, done: str) -> Iterator[None]:
        try:
            yield
        except SQLAlchemyError as error:
            raise LabelError(self._error_message(error, done)) from error

    def _error_message(self, error: SQLAlchemyError, done: str) -> str:
        reason = _reason(error)
        if not self.sqlite:
            what = "is the server running, and are user, password and database name right?"
        elif "not a database" in reason or "malformed" in reason:
            what = "the file is damaged or something else: put it aside, and a backup in its place."
        elif "locked" in reason:
            what = "another program holds it: close that, and try again."
        else:
            what = "see that its folder exists, is writable and has space left."
        return f"The label database {self.where} cannot be {done} ({reason}): {what}"

    @property
    def file(self) -> Path | None:
        """The database's file with SQLite; ``None`` where a server holds it."""
        return _file(self.url)

    def close(self) -> None:
        """Give the connections back."""
        self._engine.dispose()


def _file(url: URL) -> Path | None:
    return Path(str(url.database)) if url.get_backend_name() == "sqlite" else None


def sqlite_file(url: str | None = None) -> Path | None:
    """The file of a database that need not be there yet; ``None`` where a server holds it.

    Raises:
        LabelError: when the URL cannot be read.
    """
    return _file(_url(url))


def _url(url: str | None) -> URL:
    if url is None:
        secret = get_settings().database_url
        url = secret.get_secret_value() if secret else None
    if not url:
        return URL.create("sqlite", database=str(get_settings().data_dir / "user" / "labels.sqlite3"))
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError) as error:  # its text would show the password
        raise LabelError(f"The label database's URL cannot be read: {HOW}.") from error
    backend = parsed.get_backend_name()
    if backend == "sqlite":
        if parsed.database in (None, "", ":memory:") or "mode=memory" in url:
            raise LabelError("A label database in memory would lose the labels: name a file in ASD_DATABASE_URL.")
        return parsed.set(drivername="sqlite")
    if backend in ("postgresql", "postgres"):
        return parsed.set(drivername="postgresql+psycopg")
    raise LabelError(f"Labels cannot be stored in a {backend} database: {HOW}.")


def _reason(error: SQLAlchemyError) -> str:
    lines = str(getattr(error, "orig", None) or error).strip().splitlines()
    return lines[0].strip().rstrip(".:") if lines else type(error).__name__


def _durable_sqlite(connection: Any, _: object) -> None:
    connection.isolation_level = None  # the driver would begin transactions by itself, and too late
    cursor = connection.cursor()
    for pragma in (f"busy_timeout = {1000 * BUSY_SECONDS}", "synchronous = FULL", "foreign_keys = ON"):
        cursor.execute(f"PRAGMA {pragma}")
    # Once made, it stays so; setting it while another connection writes fails at once, whatever the busy timeout.
    deadline = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            if cursor.execute("PRAGMA journal_mode").fetchone() != ("wal",):
                cursor.execute("PRAGMA journal_mode = WAL")
            break
        except connection.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > deadline:
                raise
            time.sleep(0.01)
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    write = connection.get_execution_options().get("write", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")


def _durable_postgresql(connection: Any, _: object) -> None:
    if connection.execute("SHOW synchronous_commit").fetchone() == ("off",):
        connection.execute("SET synchronous_commit TO on")
    connection.commit()


def _begin_postgresql(connection: Connection) -> None:
    if connection.get_execution_options().get("write", False):
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({WRITERS})")
    else:
        connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
