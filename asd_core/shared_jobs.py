"""Long work that all dashboards at one PostgreSQL database see, start once and can stop, on whichever computer it runs.

Beside its own files (:mod:`asd_core.jobs`), which stay the truth on its own computer, a job has a row in the database: its process
writes there how far it is, once a second, and reads whether somebody wants it to stop. A row that nobody has written to for
:data:`LOST` seconds is of a process that is no more, or cannot reach the database: it stops when it can and finds that another one
has begun in its place. Times are the database's own, so that computers' clocks need not agree.

With SQLite there is one computer, which sees the files: nothing here is used.
"""

import json
import os
import signal
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from sqlalchemy import BigInteger, Connection, desc, func, insert, literal_column, select, update

from asd_core import schema
from asd_core.database import Database
from asd_core.errors import WAS_STOPPED, LabelError
from asd_core.schema import JOBS
from asd_core.settings import get_settings

EVERY = 1.0  # s between two writes of a running job
LOST = 20.0  # s without one, while the database ran, after which a job counts as ended
PATIENCE = 60  # tries to tell how it ended
# In microseconds since 1970: now, and when the database's server was started.
_NOW, _SERVING = (
    literal_column(f"(extract(epoch FROM {moment}()) * 1000000)::bigint", BigInteger)
    for moment in ("clock_timestamp", "pg_postmaster_start_time")
)


@dataclass(frozen=True)
class SharedJob:
    """The latest run under a name, on whichever computer.

    Attributes:
        run: that tells it from every other run.
        state: ``running``, ``finished``, ``failed`` or ``stopped``.
        lost: s since it was last heard of, where that is too long ago; its state is then ``failed``.
        started: s since 1970. losses: as JSON.
    """

    run: str
    title: str
    computer: str
    state: str
    fraction: float
    message: str
    description: str
    losses: str
    started: float
    lost: float | None


@lru_cache(maxsize=4)
def _opened(url: str) -> Database:
    return Database(url)


def _database() -> Database:
    """That of the settings, which a server holds."""
    secret = get_settings().database_url
    return _opened(secret.get_secret_value() if secret else "")


def announce(name: str, run: str, title: str, computer: str, *, after: str) -> SharedJob | None:
    """Enter a run that is about to start on a computer, unless one of that name runs on any.

    Args:
        after: the run before on this computer, which has ended for certain.

    Returns:
        The run that runs already; ``None`` where this one may start.

    Raises:
        LabelError: when the database cannot be written.
    """
    with _database().write() as connection:  # one starts at a time
        if not _has_jobs(connection):
            return None
        there = _latest(connection, name)
        if there and there.state == "running" and there.run != after:
            return there
        row = {"run": run, "name": name, "title": title, "computer": computer, "state": "running"}
        empty = {"fraction": 0.0, "message": "starting", "description": "", "losses": "null", "stops": 0}
        connection.execute(insert(JOBS).values(**row, **empty, started=_NOW, seen=_NOW))
    return None


def latest(name: str) -> SharedJob | None:
    """The latest run of a name; ``None`` where there was none."""
    with _database().read() as connection:
        return _latest(connection, name) if _has_jobs(connection) else None


def ask_to_stop(run: str) -> None:
    """Have a run's process stop within about a second; asked twice, it is killed a second later."""
    with _database().write() as connection:
        connection.execute(update(JOBS).where(JOBS.c.run == run).values(stops=JOBS.c.stops + 1))


def end(run: str, state: str, description: str = "") -> None:
    """Put down how a run ended that cannot say so itself: it was not started, or was killed."""
    with _database().write() as connection:
        ended = {"state": state, "description": _storable(description)}
        connection.execute(update(JOBS).where(JOBS.c.run == run, JOBS.c.state == "running").values(**ended))


class Teller:
    """In a job's own process: tells the database how far it is, and stops the process when somebody asks for it. While the
    database does not answer, the work goes on."""

    def __init__(self, run: str, progress: Callable[[], Mapping[str, Any]]) -> None:
        """
        Args:
            progress: gives ``fraction``, ``message`` and, while a network trains, ``losses``.
        """
        self._run, self._progress = run, progress
        self._asked = 0  # how often this process was signalled to stop
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._tell, name="job's row", daemon=True)
        self._thread.start()

    def _tell(self) -> None:
        while not self._ended.wait(EVERY):
            if (self._write({}) or 0) <= self._asked:
                continue
            self._asked += 1
            if self._asked > 1:
                self._write({"state": "stopped", "description": WAS_STOPPED})
            os.kill(os.getpid(), signal.SIGKILL if self._asked > 1 else signal.SIGTERM)

    def _write(self, ending: Mapping[str, str]) -> int | None:
        """How often somebody asked the job to stop, at least once where another run has taken its place meanwhile; ``None`` where
        the database does not answer."""
        told = self._progress()
        row = {"fraction": float(told["fraction"]), "losses": json.dumps(told.get("losses"))}
        texts = {name: _storable(text) for name, text in {"message": told["message"], **ending}.items()}
        changed = update(JOBS).where(JOBS.c.run == self._run).values(**row, **texts, seen=_NOW)
        try:
            with _database().write() as connection:
                mine = connection.execute(changed.returning(JOBS.c.stops, JOBS.c.name, JOBS.c.id)).first()
                if mine is None:  # labels were restored, and the row went with what was there
                    return 0
                later = select(JOBS.c.run).where(JOBS.c.name == mine.name, JOBS.c.id > mine.id)
                return max(int(mine.stops), int(connection.execute(later).first() is not None))
        except LabelError:
            return None

    def ended(self, state: str, description: str) -> None:
        """How the work ended: told for a minute where the database is away for a moment."""
        self._ended.set()
        self._thread.join()
        for _ in range(PATIENCE):
            if self._write({"state": state, "description": description}) is not None:
                return
            time.sleep(EVERY)


def _storable(text: str) -> str:
    """Without what a database takes in no text: a file's name may hold bytes that are no UTF-8."""
    return text.encode("utf-8", "replace").decode("utf-8").replace("\0", "")


def _has_jobs(connection: Connection) -> bool:
    """Whether the database is of a version that has them: it is brought up to date where labels are opened."""
    return schema.version(connection) >= schema.JOBS_SINCE


def _latest(connection: Connection, name: str) -> SharedJob | None:
    columns = ("run", "title", "computer", "state", "fraction", "message", "description", "losses")
    silent = (_NOW - func.greatest(JOBS.c.seen, _SERVING)).label("silent")
    of_name = select(*(JOBS.c[one] for one in (*columns, "started")), silent)
    of_name = of_name.where(JOBS.c.name == name).order_by(desc(JOBS.c.id)).limit(1)
    row = connection.execute(of_name).mappings().first()
    if row is None:
        return None
    lost = row["silent"] / 1e6 if row["state"] == "running" and row["silent"] > 1e6 * LOST else None
    about = {one: row[one] for one in columns} | ({"state": "failed"} if lost else {})
    return SharedJob(**about, started=row["started"] / 1e6, lost=lost)
