"""Long work beside the pages: a command of :mod:`asd_core.cli` in a process of its own.

A process leaves the page's interpreter alone, can be stopped at any moment, and survives a reload of the page and a
restart of the server. Whatever a command finishes it stores itself; here is only how far it is and how it ended.

A job's folder holds ``job.json`` (what was started), ``progress.json`` (how far it is), ``log.txt`` (its messages) and
``lock``, which the process holds as long as it lives, so that nobody has to trust a process number. Dashboards on several computers
at one PostgreSQL database see each other's jobs, too: :mod:`asd_core.shared_jobs`.
"""

import fcntl
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Literal, cast
from uuid import uuid4

from asd_core.errors import WAS_STOPPED, JobError, LabelError, reason_of
from asd_core.files import write_text
from asd_core.settings import PROJECT_ROOT, get_settings

if TYPE_CHECKING:
    from asd_core.shared_jobs import SharedJob, Teller

JobState = Literal["running", "finished", "failed", "stopped"]
FOLDER = "ASD_JOB_FOLDER"  # tells a process that it is a job, and where to say how far it is
BY = "ASD_JOB_BY"  # tells it who started it
RUN = "ASD_JOB_RUN"  # tells it which run it is in the database
STOPPED = 130  # exit code of a command that was interrupted
NICE = 5  # a page answers before a job computes
MOST_LOSSES = 200  # points of a stored curve
EVERY = 0.2  # s between two writes of the progress
_NAME = re.compile(r"[a-z0-9][a-z0-9_.-]{0,150}")


@dataclass(frozen=True)
class Job:
    """The latest run under a name."""

    name: str
    title: str  # with the computer, where that is another one
    state: JobState
    fraction: float  # 0 to 1
    message: str  # what it does now
    description: str  # its last message: after a failure, why
    started: float  # seconds since 1970
    losses: tuple[list[float], list[float]] = ([], [])  # of the network that it trains now: training and held-out
    run: str = ""  # that tells it from every other run of the name


def start(name: str, arguments: Sequence[str], title: str, *, by: str = "") -> Job:
    """Run ``python -m asd_core`` with these arguments, unless a job of this name runs already (a double click, or another
    dashboard at the same PostgreSQL database).

    Args:
        name: small letters, digits, ``_ . -``; one job a name runs at a time.
        arguments: of the command line.
        title: what a person calls it.
        by: who starts it, for the audit log.

    Raises:
        JobError: when the process cannot be started. LabelError: when the database cannot be written.
    """
    folder, run = _folder(name), uuid4().hex
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / "lock", "w") as lock:
        if not _take(lock):
            return _read(folder)
        if elsewhere := _announced(folder, run, title):
            return elsewhere
        (folder / "progress.json").unlink(missing_ok=True)
        about = {"title": title, "arguments": list(arguments), "started": time.time(), "run": run}
        about["computer"] = socket.gethostname()
        with open(folder / "log.txt", "wb") as log:
            try:
                process = subprocess.Popen(
                    [sys.executable, "-m", "asd_core", *arguments],
                    cwd=PROJECT_ROOT,
                    env={**os.environ, FOLDER: str(folder), BY: by, RUN: run},
                    pass_fds=[lock.fileno()],
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    stderr=log,
                )
            except OSError as error:
                if get_settings().database_is_server:
                    from asd_core import shared_jobs

                    shared_jobs.end(run, "failed")
                raise JobError(f"{title} cannot be started ({reason_of(error)}): free memory and try again.") from error
        _write(folder / "job.json", {**about, "pid": process.pid})
    # The process holds the lock from here on: it inherited the open file.
    return _read(folder)


def _announced(folder: Path, run: str, title: str) -> Job | None:
    """Enter a run in the database, for other dashboards to see. What is given runs already, on another computer."""
    if not get_settings().database_is_server:
        return None
    from asd_core import shared_jobs

    # The lock is this process's: the run before on this computer is no more, whatever the database has heard of it.
    before = str(_load(folder / "job.json").get("run", "")) if _is_here(folder) else ""
    elsewhere = shared_jobs.announce(folder.name, run, title, socket.gethostname(), after=before)
    return _elsewhere(folder.name, elsewhere) if elsewhere else None


def _take(lock: IO[str]) -> bool:
    """Take a job's lock, unless a process holds it. A mere look at it shares the lock for a moment: that is
    waited for."""
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if _is_held(lock):
                return False
            time.sleep(0.001)
        else:
            return True


def _is_held(lock: IO[str]) -> bool:
    """Whether a process holds the lock for itself; the lock is free for others afterwards."""
    try:
        fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    fcntl.flock(lock, fcntl.LOCK_UN)
    return False


def find(name: str) -> Job | None:
    """The latest job of a name, of this dashboard or another one; ``None`` when there was none."""
    folder = _folder(name)
    here = _read(folder) if _is_here(folder) else None
    if here and here.state == "running":
        return here
    try:
        newest = _newest(name)
    except LabelError:
        if here:  # which is known without the database
            return here
        raise
    if newest is None or (here and here.run == newest.run):
        if newest and here and newest.state == "running":  # it was killed
            from asd_core import shared_jobs

            shared_jobs.end(newest.run, here.state, here.description)
        return here
    return _elsewhere(name, newest)


def _is_here(folder: Path) -> bool:
    """Whether there are files of a job, and of this computer's. On a volume that several have they may be another one's, whose lock and
    process number mean nothing here; without a server there is nothing but the files."""
    about = _load(folder / "job.json")
    here = not get_settings().database_is_server or about.get("computer") in (None, socket.gethostname())
    return bool(about) and here


def _newest(name: str) -> "SharedJob | None":
    """The latest run that the database knows of; ``None`` where no server holds it."""
    if not get_settings().database_is_server:
        return None
    from asd_core import shared_jobs  # with SQLAlchemy, which few commands need

    return shared_jobs.latest(name)


def _elsewhere(name: str, job: "SharedJob") -> Job:
    description = job.description
    if job.lost is not None:
        description = f"the computer {job.computer} has not been heard of for {job.lost:.0f} s: it was switched off, or the work was killed."
    return Job(
        name,
        f"{job.title} on {job.computer}",
        cast("JobState", job.state),
        job.fraction,
        job.message,
        description,
        job.started,
        _losses(json.loads(job.losses)),
        job.run,
    )


def cancel(name: str) -> None:
    """Ask a running job to stop (what it finished is stored); asked twice, it is killed."""
    folder = _folder(name)
    if not _is_here(folder) or not _alive(folder):
        if (newest := _newest(name)) and newest.state == "running":
            from asd_core import shared_jobs

            shared_jobs.ask_to_stop(newest.run)
        return
    about = _load(folder / "job.json")
    again = "cancelled" in about
    _write(folder / "job.json", {**about, "cancelled": time.time()})
    try:
        os.kill(int(about["pid"]), signal.SIGKILL if again else signal.SIGTERM)
    except ProcessLookupError:  # it ended in this moment
        return


def _folder(name: str) -> Path:
    if not _NAME.fullmatch(name):
        raise JobError(f"{name!r} cannot name a job: use small letters, digits, dots, dashes and underscores.")
    return get_settings().data_dir / "user" / "jobs" / name


def _alive(folder: Path) -> bool:
    with open(folder / "lock", "a") as lock:
        return _is_held(lock)


def _read(folder: Path) -> Job:
    alive = _alive(folder)  # before the rest: what ends meanwhile is read as running, and as ended next time
    about, progress = _load(folder / "job.json"), _load(folder / "progress.json")
    state: JobState = "running"
    if not alive:
        state = "finished" if progress.get("exit") == 0 else "failed"
        # Or by another dashboard: then only how it ended tells.
        if ("cancelled" in about and state == "failed") or progress.get("exit") == STOPPED:
            state = "stopped"
    return Job(
        folder.name,
        str(about.get("title", folder.name)),
        state,
        float(progress.get("fraction", 0.0)),
        str(progress.get("message", "starting")),
        # What an interpreter writes on its way out after an interrupt is no news to who asked for it.
        WAS_STOPPED
        if state == "stopped"
        else _last_line(folder / "log.txt") or "It ended without a word: it may have run out of memory.",
        float(about.get("started", 0.0)),
        _losses(progress.get("losses")),
        str(about.get("run", "")),
    )


def _losses(stored: Any) -> tuple[list[float], list[float]]:
    match stored:
        case [list(training), list(held_out)]:
            return training, held_out
    return [], []


def _last_line(path: Path) -> str:
    try:
        lines = path.read_text("utf-8", errors="replace").strip().splitlines()
    except OSError:
        return ""
    return lines[-1] if lines else ""


def _load(path: Path) -> dict[str, Any]:
    try:
        result = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return result if isinstance(result, dict) else {}


def _write(path: Path, content: dict[str, Any]) -> None:
    write_text(json.dumps(content), path)


class Reporter:
    """The job's own side: inside a process that :func:`start` made, it writes how far the command is."""

    def __init__(self) -> None:
        folder = os.environ.get(FOLDER)
        self._path = Path(folder) / "progress.json" if folder else None
        self._last: dict[str, Any] = {"fraction": 0.0, "message": "starting"}
        self._written = 0.0
        self._interrupted = False
        self._changing = threading.Lock()  # a training tells its time left from another thread than its losses
        self._teller: Teller | None = None
        if self._path:
            os.nice(NICE)
            signal.signal(signal.SIGTERM, self._interrupt)
            # Taken out: processes that the command starts are not the job.
            if (run := os.environ.pop(RUN, "")) and get_settings().database_is_server:
                from asd_core import shared_jobs

                self._teller = shared_jobs.Teller(run, lambda: self._last)

    def progress(self, fraction: float, message: str) -> None:
        """How far the command is; written a few times a second at most."""
        with self._changing:
            self._last = {**self._last, "fraction": fraction, "message": message}
        if self._path and time.monotonic() - self._written > EVERY:
            self._written = time.monotonic()
            _write(self._path, self._last)

    def losses(self, training: Sequence[float], held_out: Sequence[float]) -> None:
        """The losses so far of the network that the command trains, see :func:`asd_core.progress.report_losses`; written with
        the progress, thinned to what a chart shows."""
        curves = [list(curve[:: 1 + len(curve) // MOST_LOSSES]) for curve in (training, held_out)]
        with self._changing:
            self._last = {**self._last, "losses": curves if training else None}

    def ended(self, code: int) -> None:
        """How the command ended."""
        if not self._path:
            return
        if code and self._interrupted:
            code = STOPPED  # a library may have made another error of the interrupt
        self._last = {**self._last, "losses": None}
        _write(self._path, {**self._last, "exit": code})
        if self._teller:
            state = "finished" if code == 0 else "stopped" if code == STOPPED else "failed"
            said = WAS_STOPPED if state == "stopped" else _last_line(self._path.parent / "log.txt")
            self._teller.ended(state, said)

    def _interrupt(self, *_: object) -> None:
        self._interrupted = True
        raise KeyboardInterrupt
