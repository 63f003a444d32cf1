"""An engine does the same work wherever it is done, in order, whatever happens to its processes."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from functools import partial
from itertools import count, islice
from pathlib import Path

import pytest

from asd_core.engine import Engine, Here, Processes, chosen_engine, use_engine
from asd_core.errors import ClipError, WorkerError
from asd_core.settings import get_settings
from tests.conftest import ROOT
from tests.unit import engine_work

SECONDS = 30.0


@pytest.fixture(scope="module")
def two() -> Iterator[Processes]:
    engine = Processes(2)
    yield engine
    engine.close()


@pytest.fixture(params=["here", "two"])
def engine(request: pytest.FixtureRequest, two: Processes) -> Engine:
    return Here() if request.param == "here" else two


def test_results_come_in_the_order_of_the_items(engine: Engine) -> None:
    assert list(engine.map(engine_work.squared, range(50))) == [n * n for n in range(50)]
    assert list(engine.map(engine_work.slowest_first, range(6))) == list(range(6))
    assert list(engine.map(engine_work.squared, [])) == []


def test_endless_items_are_fine(engine: Engine) -> None:
    taken: list[int] = []
    items = (taken.append(n) or n for n in count())  # type: ignore[func-returns-value]
    assert list(islice(engine.map(engine_work.squared, items), 3)) == [0, 1, 4]
    assert len(taken) <= 3 + 8


def test_work_inside_of_work(engine: Engine) -> None:
    pairs = [(a, b) for a in engine.map(engine_work.squared, range(3)) for b in engine.map(engine_work.squared, [a])]
    assert pairs == [(0, 0), (1, 1), (4, 16)]


def test_an_error_is_the_functions_own(engine: Engine) -> None:
    with pytest.raises(ClipError, match=r"^three\.wav is silent\.$"):
        list(engine.map(engine_work.refused, range(8)))
    with pytest.raises(ZeroDivisionError, match="of four"):
        list(engine.map(engine_work.refused, [4]))
    assert list(engine.map(engine_work.refused, [1])) == [1]


def test_two_processes_with_a_thread_each_import_what_they_need(two: Processes) -> None:
    assert os.getpid() not in set(two.map(engine_work.process, range(20)))
    assert len(set(two.map(engine_work.process, range(20)))) <= 2
    with_threads = Processes(2)
    torch_threads, _, heavy = next(with_threads.map(engine_work.threads, [0]))
    assert torch_threads == 1
    assert heavy == []
    with_threads.close()


def test_nothing_starts_before_there_is_work_and_nothing_stays() -> None:
    engine = Processes(2)
    assert not engine._all
    engine.close()
    (pid,) = set(engine.map(engine_work.process, [0]))
    engine.close()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    assert list(engine.map(engine_work.squared, [3])) == [9]  # it may be used again
    engine.close()


def test_what_a_killed_worker_did_is_done_again(two: Processes, tmp_path: Path) -> None:
    assert list(two.map(engine_work.killed_once, [str(tmp_path / "once")])) == [1]
    (pid,) = set(two.map(engine_work.process, [0]))
    os.kill(pid, signal.SIGKILL)  # while nobody asks it
    assert list(two.map(engine_work.squared, range(5))) == [0, 1, 4, 9, 16]


def test_what_kills_every_worker_is_said(two: Processes) -> None:
    results = two.map(engine_work.always_killed, range(5))
    assert [next(results), next(results)] == [0, 1]
    with pytest.raises(WorkerError, match=r"was killed \(signal 9\), 3 times in a row.*--workers"):
        next(results)
    assert list(two.map(engine_work.squared, [4])) == [16]


def test_what_cannot_be_sent_is_said(two: Processes) -> None:
    with pytest.raises(RuntimeError, match=r"pickle|local object"):
        list(two.map(engine_work.unsendable, [0]))
    with pytest.raises(AttributeError, match=r"pickle|local object"):
        list(two.map(lambda n: n, [0]))
    assert list(two.map(engine_work.squared, [4])) == [16]


def gone(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().split()[2] == "Z"
    except FileNotFoundError:
        return True


@pytest.mark.skipif(not Path("/proc/self/stat").is_file(), reason="Linux says it so")
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_workers_end_with_their_parent(how: signal.Signals, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tests.unit.engine_work", str(tmp_path)]
    # A shell starts what is put behind a & with Ctrl+C ignored, and whatever that starts ignores it, too: not this one.
    heeds = partial(signal.signal, signal.SIGINT, signal.SIG_DFL)
    parent = subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True, preexec_fn=heeds)
    deadline = time.monotonic() + SECONDS
    while len(workers := [int(path.name) for path in tmp_path.iterdir()]) < 2 and time.monotonic() < deadline:
        time.sleep(0.02)  # until both have said who they are
    assert len(workers) == 2
    parent.send_signal(how)
    _, messages = parent.communicate(timeout=SECONDS)
    assert parent.returncode == (130 if how == signal.SIGINT else -how)
    assert messages == ("Stopped.\n" if how == signal.SIGINT else "")
    while not all(map(gone, workers)) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert all(map(gone, workers))


def test_the_settings_and_the_command_choose(monkeypatch: pytest.MonkeyPatch) -> None:
    use_engine(None)
    monkeypatch.setenv("ASD_WORKERS", "3")
    get_settings.cache_clear()
    try:
        engine = chosen_engine()
        assert isinstance(engine, Processes)
        assert engine.workers == 3
        assert chosen_engine() is engine
        use_engine(None)
        monkeypatch.setenv("ASD_WORKERS", "1")
        get_settings.cache_clear()
        assert isinstance(chosen_engine(), Here)
    finally:
        use_engine(None)
