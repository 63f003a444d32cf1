"""Jobs that dashboards on two computers see at one PostgreSQL database: two data folders stand for the computers."""

import json
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from pydantic import SecretStr
from sqlalchemy import BigInteger, literal_column, update

from asd_core import jobs, shared_jobs
from asd_core.database import Database
from asd_core.errors import WAS_STOPPED, LabelError
from asd_core.labels import LabelStore
from asd_core.schema import JOBS
from asd_core.settings import get_settings
from tests.unit.test_jobs import long_work, until

pytestmark = pytest.mark.slow
At = Callable[..., None]


@pytest.fixture
def at(server_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[At]:
    """Go to a computer by its name; its data folder is its own, unless another one is named."""
    LabelStore.open(server_url).close()
    monkeypatch.setenv("ASD_DATABASE_URL", server_url)
    monkeypatch.setattr(get_settings(), "database_url", SecretStr(server_url))

    def go(computer: str, folder: str = "") -> None:
        monkeypatch.setattr(get_settings(), "data_dir", tmp_path / (folder or computer))
        monkeypatch.setattr("socket.gethostname", lambda: computer)

    go("east")
    yield go
    shared_jobs._opened(server_url).close()


def started(tmp_path: Path) -> int:
    """Begin long work on the computer called east, and wait until the database has heard of it: its process."""
    jobs.start("clips", long_work(tmp_path), "Simulating")
    told(lambda job: job.fraction > 0)
    return int(json.loads((tmp_path / "east/user/jobs/clips/job.json").read_text())["pid"])


def told(condition: Callable[[shared_jobs.SharedJob], bool]) -> shared_jobs.SharedJob:
    end = time.monotonic() + 60
    while time.monotonic() < end:
        if (job := shared_jobs.latest("clips")) and condition(job):
            return job
        time.sleep(0.05)
    pytest.fail(f"the database knows {job}")


def test_another_dashboard_sees_a_job_does_not_double_it_and_stops_it(at: At, tmp_path: Path) -> None:
    assert jobs.find("clips") is None
    started(tmp_path)
    at("west")
    seen = jobs.find("clips")
    assert seen
    assert (seen.state, seen.title) == ("running", "Simulating on east")
    assert 0 < seen.fraction < 1
    again = jobs.start("clips", ["cards", "--out", str(tmp_path / "cards.md")], "Writing the cards")
    assert again.title == "Simulating on east"
    jobs.cancel("clips")
    stopped = until("clips", "stopped", "failed", "finished")
    assert (stopped.state, stopped.title, stopped.description) == ("stopped", "Simulating on east", WAS_STOPPED)
    at("east")
    assert until("clips", "stopped", "failed").state == "stopped", "its own dashboard says so, too"

    at("west")  # which may go on where the other one was stopped
    jobs.start("clips", ["cards", "--out", str(tmp_path / "cards.md")], "Writing the cards")
    assert until("clips", "finished", "failed").title == "Writing the cards"
    at("east")
    told(lambda job: job.state == "finished")
    assert until("clips", "finished", "failed").title == "Writing the cards on west"


@pytest.mark.parametrize("lock", ["is seen everywhere", "is seen by its computer alone"])
def test_on_one_volume_a_process_number_is_that_of_its_computer(
    lock: str, at: At, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a network volume has it: both see the files, and locks as far as the volume takes them."""
    process = started(tmp_path)
    at("west", "east")
    with monkeypatch.context() as there:
        there.setattr("os.kill", lambda *_: pytest.fail("a process of this computer that has the same number"))
        if lock == "is seen by its computer alone":
            there.setattr(jobs, "_is_held", lambda _: False)
            there.setattr(jobs, "_take", lambda _: True)
        assert until("clips", "running", "failed").title == "Simulating on east"
        again = jobs.start("clips", ["cards", "--out", str(tmp_path / "cards.md")], "Writing the cards")
        assert (again.title.removesuffix(" on east"), again.state) == ("Simulating", "running")
        jobs.cancel("clips")
        assert until("clips", "stopped", "failed").state == "stopped"
    assert json.loads((tmp_path / "east/user/jobs/clips/job.json").read_text())["pid"] == process


def test_a_job_that_failed_elsewhere_gives_its_sentence(at: At, tmp_path: Path) -> None:
    jobs.start("clips", ["train", "--data", "/nowhere/at/all", "--out", str(tmp_path)], "Training")
    at("west")
    job = until("clips", "finished", "failed")
    assert job.state == "failed"
    assert "/nowhere/at/all" in job.description


def silent_for(server_url: str, seconds: float) -> None:
    """As though nothing had been heard of a job for so long, from a server that runs for a day."""
    with Database(server_url).write() as connection:
        connection.execute(update(JOBS).values(seen=JOBS.c.seen - int(1e6 * seconds)))


@pytest.fixture
def old_server(monkeypatch: pytest.MonkeyPatch) -> None:
    """The server that tests start is not as old as a job is silent."""
    monkeypatch.setattr(shared_jobs, "_SERVING", literal_column("0", BigInteger))


def test_a_killed_job_is_lost_elsewhere_until_its_own_dashboard_looks(
    at: At, server_url: str, tmp_path: Path, old_server: None
) -> None:
    os.kill(started(tmp_path), signal.SIGKILL)
    at("west")
    assert until("clips", "running").title == "Simulating on east", "it may be silent for a moment"
    silent_for(server_url, shared_jobs.LOST)
    assert until("clips", "failed").description.startswith("the computer east has not been heard of for 2")
    silent_for(server_url, -shared_jobs.LOST)
    at("east")
    assert until("clips", "failed").title == "Simulating"
    at("west")
    assert until("clips", "failed", "running").description == "It ended without a word: it may have run out of memory."


def test_where_it_ran_a_killed_job_is_started_again_at_once(at: At, tmp_path: Path) -> None:
    os.kill(started(tmp_path), signal.SIGKILL)
    time.sleep(0.5)
    jobs.start("clips", ["cards", "--out", str(tmp_path / "cards.md")], "Writing the cards")
    assert until("clips", "finished", "failed").title == "Writing the cards"


def test_a_servers_restart_is_no_silence_of_the_job(at: At, server_url: str) -> None:
    assert shared_jobs.announce("clips", "a run", "Reading", "east", after="") is None
    silent_for(server_url, 86_400)
    job = shared_jobs.latest("clips")
    assert job
    with Database(server_url).read() as connection:
        up = float(
            connection.exec_driver_sql("SELECT extract(epoch FROM now() - pg_postmaster_start_time())").scalar() or 0
        )
    assert (job.lost is None) == (up < shared_jobs.LOST)
    assert job.lost is None or job.lost == pytest.approx(up, abs=2.0)


def test_a_run_whose_place_was_taken_while_it_was_cut_off_stops(
    at: At, server_url: str, tmp_path: Path, old_server: None
) -> None:
    process = started(tmp_path)
    os.kill(process, signal.SIGSTOP)
    silent_for(server_url, shared_jobs.LOST)
    at("west")
    jobs.start("clips", ["cards", "--out", str(tmp_path / "cards.md")], "Writing the cards")
    assert until("clips", "finished", "failed").title == "Writing the cards"
    os.kill(process, signal.SIGCONT)
    at("east")
    end = time.monotonic() + 30
    while jobs._alive(jobs._folder("clips")) and time.monotonic() < end:
        time.sleep(0.1)
    assert not jobs._alive(jobs._folder("clips"))
    assert until("clips", "finished", "failed").title == "Writing the cards on west", "the newest one counts"


def test_stop_pressed_twice_at_once_is_no_kill(at: At, tmp_path: Path) -> None:
    started(tmp_path)
    at("west")
    jobs.cancel("clips")
    jobs.cancel("clips")
    assert until("clips", "stopped", "failed").state == "stopped"


@pytest.mark.parametrize("stop", [lambda: jobs.cancel("clips"), lambda: os.kill(os.getpid(), signal.SIGTERM)])
def test_a_stopped_job_is_stopped_however_the_interrupt_ended_it(
    at: At, stop: Callable[[], None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Stopped on another computer or on its own. The interrupt may come inside a library that makes another error of it."""
    assert shared_jobs.announce("clips", "a run", "Reading", "west", after="") is None
    monkeypatch.setenv(jobs.FOLDER, str(tmp_path))
    monkeypatch.setenv(jobs.RUN, "a run")
    monkeypatch.setattr("os.nice", lambda _: 0)
    before = signal.getsignal(signal.SIGTERM)
    try:
        reporter = jobs.Reporter()
        threading.Timer(0.2, stop).start()
        with pytest.raises(KeyboardInterrupt):
            time.sleep(10)
        reporter.ended(1)
    finally:
        signal.signal(signal.SIGTERM, before)
    assert told(lambda job: job.state != "running").state == "stopped"
    assert json.loads((tmp_path / "progress.json").read_text())["exit"] == jobs.STOPPED


def test_a_job_that_ends_while_the_database_is_away_says_so_afterwards(at: At, server_url: str) -> None:
    assert shared_jobs.announce("clips", "a run", "Reading", "east", after="") is None
    teller = shared_jobs.Teller("a run", lambda: {"fraction": 1.0, "message": "done"})
    with Database(server_url).write() as connection:
        connection.exec_driver_sql("ALTER TABLE jobs RENAME TO gone")
    back = threading.Timer(3.0, lambda: renamed(server_url))
    back.start()
    teller.ended("finished", "Read.")
    back.join()
    assert told(lambda job: job.state != "running").state == "finished"


def renamed(server_url: str) -> None:
    with Database(server_url).write() as connection:
        connection.exec_driver_sql("ALTER TABLE gone RENAME TO jobs")


def test_what_ended_here_is_known_without_the_database(at: At, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    jobs.start("clips", ["cards", "--out", str(tmp_path / "cards.md")], "Writing the cards")
    assert until("clips", "finished", "failed").state == "finished"
    monkeypatch.setattr(get_settings(), "database_url", SecretStr("postgresql://nobody@127.0.0.1:1/nothing"))
    assert until("clips", "finished").title == "Writing the cards"
    at("west")
    with pytest.raises(LabelError, match="cannot be read"):
        jobs.find("clips")


def test_work_goes_on_while_the_database_is_away(at: At, server_url: str, tmp_path: Path) -> None:
    started(tmp_path)
    LabelStore.open(server_url).close()
    with Database(server_url).write() as connection:
        connection.exec_driver_sql("ALTER TABLE jobs RENAME TO gone")
    time.sleep(2.5 * shared_jobs.EVERY)
    before = jobs.find("clips")
    assert before
    assert before.state == "running"
    with Database(server_url).write() as connection:
        connection.exec_driver_sql("ALTER TABLE gone RENAME TO jobs")
    told(lambda job: job.fraction > before.fraction)
    jobs.cancel("clips")
    assert until("clips", "stopped").state == "stopped"
    assert told(lambda job: job.state != "running").state == "stopped"


def test_a_name_that_no_database_takes_loses_no_job(at: At) -> None:
    assert shared_jobs.announce("clips", "a run", "Reading", "east", after="") is None
    teller = shared_jobs.Teller("a run", lambda: {"fraction": np.float64(0.5), "message": "fan\udcff\0.wav"})
    told(lambda job: job.fraction == 0.5)
    teller.ended("failed", "fan\udcff.wav is silent.")
    assert told(lambda job: job.state == "failed").description == "fan?.wav is silent."


def test_jobs_of_one_computer_ask_no_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(get_settings(), "data_dir", tmp_path)
    monkeypatch.setattr(get_settings(), "database_url", SecretStr(f"sqlite:///{tmp_path}/labels.sqlite3"))
    monkeypatch.setattr(shared_jobs, "_database", lambda: pytest.fail("asked"))
    jobs.start("cards", ["cards", "--out", str(tmp_path / "cards.md")], "Writing the cards")
    assert until("cards", "finished", "failed").state == "finished"
