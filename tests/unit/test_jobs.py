"""Work in a process of its own: started once, watched, stopped, found again."""

import fcntl
import os
import signal
import threading
import time
from pathlib import Path

import pytest

from asd_core import jobs
from asd_core.errors import WAS_STOPPED, JobError
from asd_core.settings import get_settings

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(get_settings(), "data_dir", tmp_path)


def until(name: str, *states: str, seconds: float = 60.0) -> jobs.Job:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        job = jobs.find(name)
        assert job
        if job.state in states:
            return job
        time.sleep(0.05)
    pytest.fail(f"{job} is not {states}")


def long_work(folder: Path) -> list[str]:
    """Thousands of clips: it does not end by itself while a test runs."""
    return ["simulate", "--out", str(folder / "clips")]


def test_a_job_ends_and_says_so(tmp_path: Path) -> None:
    assert jobs.find("cards") is None
    jobs.start("cards", ["cards", "--out", str(tmp_path / "cards.md")], "Writing the cards")
    job = until("cards", "finished", "failed")
    assert (job.state, job.title) == ("finished", "Writing the cards")
    assert (tmp_path / "cards.md").is_file()


def test_a_job_that_fails_gives_its_sentence(tmp_path: Path) -> None:
    jobs.start("score", ["train", "--data", "/nowhere/at/all", "--out", str(tmp_path)], "Training")
    job = until("score", "finished", "failed")
    assert job.state == "failed"
    assert "/nowhere/at/all" in job.description
    assert "Traceback" not in job.description


def test_a_double_click_starts_one_process(tmp_path: Path) -> None:
    first = jobs.start("twice", long_work(tmp_path), "Simulating")
    pid = (tmp_path / "user/jobs/twice/job.json").read_text()
    second = jobs.start("twice", long_work(tmp_path), "Simulating")
    assert (first.state, second.state) == ("running", "running")
    assert (tmp_path / "user/jobs/twice/job.json").read_text() == pid
    jobs.cancel("twice")
    until("twice", "stopped")


def test_progress_is_seen_and_a_stopped_job_keeps_what_it_finished(tmp_path: Path) -> None:
    jobs.start("clips", long_work(tmp_path), "Simulating")
    end = time.monotonic() + 60
    while (job := until("clips", "running")).fraction == 0 and time.monotonic() < end:
        time.sleep(0.1)
    assert 0 < job.fraction < 1
    assert job.message != "starting"
    jobs.cancel("clips")
    until("clips", "stopped")
    with (jobs._folder("clips") / "log.txt").open("a") as log:
        log.write("AssertionError\n")  # as an interpreter may on its way out
    assert until("clips", "stopped").description == WAS_STOPPED
    assert list((tmp_path / "clips").rglob("*.wav"))
    jobs.start("clips", ["cards", "--out", str(tmp_path / "cards.md")], "Again")
    assert until("clips", "finished", "failed").state == "finished"


def test_a_killed_job_is_not_running(tmp_path: Path) -> None:
    import json

    jobs.start("killed", long_work(tmp_path), "Simulating")
    os.kill(json.loads((tmp_path / "user/jobs/killed/job.json").read_text())["pid"], signal.SIGKILL)
    assert until("killed", "failed").state == "failed"


def test_a_job_outlives_its_starter(tmp_path: Path) -> None:
    """A restarted server finds the job by its name and can stop it."""
    import subprocess
    import sys

    code = (
        "from asd_core import jobs; from pathlib import Path; import sys\n"
        "jobs.start('orphan', ['simulate', '--out', sys.argv[1]], 'Simulating')"
    )
    environment = {**os.environ, "ASD_DATA_DIR": str(tmp_path)}
    subprocess.run([sys.executable, "-c", code, str(tmp_path / "clips")], env=environment, check=True)
    assert until("orphan", "running", "failed").state == "running"
    jobs.cancel("orphan")
    assert until("orphan", "stopped").state == "stopped"


@pytest.mark.parametrize("name", ["../outside", "", "a/b", "UPPER", ".hidden"])
def test_a_name_is_never_a_path(name: str) -> None:
    with pytest.raises(JobError):
        jobs.start(name, ["cards"], "Nothing")


def test_a_look_at_a_job_does_not_lose_its_start(tmp_path: Path) -> None:
    """Whoever looks shares the lock for a moment: that is not a running job."""
    folder = tmp_path / "user/jobs/watched"
    folder.mkdir(parents=True)
    with open(folder / "lock", "a") as look:
        fcntl.flock(look, fcntl.LOCK_SH)
        release = threading.Timer(0.3, fcntl.flock, (look, fcntl.LOCK_UN))
        release.start()
        jobs.start("watched", ["cards", "--out", str(tmp_path / "cards.md")], "Writing the cards")
        release.join()
    assert until("watched", "finished", "failed").title == "Writing the cards"
    assert (tmp_path / "cards.md").is_file()


def test_the_losses_of_a_network_are_seen_while_it_trains(small_folder: Path, tmp_path: Path) -> None:
    arguments = [
        "train",
        "--data",
        str(small_folder),
        "--out",
        str(tmp_path / "models"),
        "--detectors",
        "cnn_ae,control_rms",
    ]
    jobs.start("train", arguments, "Training")
    end = time.monotonic() + 120
    while not (job := until("train", "running", "failed")).losses[1] and time.monotonic() < end:
        time.sleep(0.1)
    training, held_out = job.losses
    assert 0 < len(held_out) == len(training)
    assert "epoch" in job.message
    jobs.cancel("train")
    assert until("train", "stopped", "finished").losses == ([], []), "nothing trains any more"
