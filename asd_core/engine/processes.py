"""A pool of processes on this machine.

Threads of this process hand out the items (:mod:`concurrent.futures`), each to a Python process of its own. Why not that module's pool
of processes: one that is killed breaks all of that pool, its workers outlive a parent that is killed, and they import the
main module again, which is the dashboard, or a script that nobody guarded against it.
"""

import os
import subprocess
import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from multiprocessing import Pipe

from asd_core.engine.base import Item, Result
from asd_core.errors import WAS_STOPPED, Cancelled, WorkerError

AHEAD = 4  # items a worker: done or waiting while the caller is busy with earlier ones
ATTEMPTS = 3  # at an item whose worker is lost
# Cores are shared out by the items: a worker that takes more threads than one waits for the others.
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS"), "1")
# Of glibc: arrays of a clip come from memory that is kept, not from new pages each time (a sixth of the time of reading one).
KEEPS_MEMORY = {"MALLOC_MMAP_THRESHOLD_": str(32 << 20), "MALLOC_TRIM_THRESHOLD_": str(64 << 20)}


class Processes:
    """A process for each worker, started when there is work for it; they stay for more until the engine is closed or this
    process ends, in whatever way."""

    shares_files = True

    def __init__(self, workers: int) -> None:
        self.workers = workers
        self._threads: ThreadPoolExecutor | None = None
        self._all: set[_Worker] = set()  # changed only by single calls, which are safe between threads
        self._idle: list[_Worker] = []

    def map(self, function: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[Result]:
        threads = self._threads = self._threads or ThreadPoolExecutor(self.workers, thread_name_prefix="engine")
        submitted: deque[Future[Result]] = deque()
        try:
            for item in items:
                submitted.append(threads.submit(self._do, threads, function, item))
                if len(submitted) >= AHEAD * self.workers:
                    yield submitted.popleft().result()
            while submitted:
                yield submitted.popleft().result()
        except KeyboardInterrupt:
            self.close()  # nobody waits for the items that are being done
            raise
        finally:
            for future in submitted:
                future.cancel()

    def close(self) -> None:
        threads, self._threads = self._threads, None
        if threads is None:
            return
        threads.shutdown(wait=False, cancel_futures=True)
        workers, self._all, self._idle = self._all, set(), []
        for worker in workers:
            worker.end()
        threads.shutdown()
        for worker in workers:  # threads read from them until now
            worker.forget()

    def _do(self, threads: ThreadPoolExecutor, function: Callable[[Item], Result], item: Item) -> Result:
        """In a thread: have a process do an item, and another one where that is lost."""
        how = ""
        for _ in range(ATTEMPTS):
            worker = self._take()
            try:
                result = worker.call(function, item)
            except (EOFError, ConnectionError):
                how = worker.end()
                if self._threads is not threads:
                    raise Cancelled(WAS_STOPPED) from None
                worker.forget()
                self._all.discard(worker)
                continue
            except BaseException:
                self._idle.append(worker)
                raise
            self._idle.append(worker)
            return result
        raise WorkerError(
            f"A process that worked on a part of this {how}, {ATTEMPTS} times in a row; it may have run out of memory: close other "
            "programs, or start again with fewer workers (--workers, ASD_WORKERS). What was finished is stored."
        )

    def _take(self) -> "_Worker":
        try:
            return self._idle.pop()
        except IndexError:
            worker = _Worker()
            self._all.add(worker)
            return worker


class _Worker:
    """A Python process that does what it is sent, see :mod:`asd_core.engine.worker`."""

    def __init__(self) -> None:
        self._connection, theirs = Pipe()
        path = os.pathsep.join(entry or os.getcwd() for entry in sys.path)
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", "asd_core.engine.worker", str(theirs.fileno())],
                env={**os.environ, **ONE_THREAD, **KEEPS_MEMORY, "PYTHONPATH": path},
                pass_fds=[theirs.fileno()],
                stdin=subprocess.PIPE,  # it ends when this is closed: with this process at the latest
                process_group=0,  # Ctrl+C is for this process, which ends it
            )

    def call(self, function: Callable[[Item], Result], item: Item) -> Result:
        """Raises EOFError, ConnectionError when the process is lost. Whatever the function raises."""
        self._connection.send((function, item))
        error, result = self._connection.recv()
        if error is not None:
            raise error
        return result  # type: ignore[no-any-return]  # it comes from the worker process

    def end(self) -> str:
        """End the process, whatever it does: how it ended."""
        assert self._process.stdin is not None  # a pipe
        self._process.stdin.close()
        code = self._process.wait()
        return f"was killed (signal {-code})" if code < 0 else f"ended (exit code {code})"

    def forget(self) -> None:
        """Close what led to the process; it has ended."""
        self._connection.close()
