"""Trouble for a Ray cluster on this machine."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Event, Thread


@contextmanager
def killing_one() -> Iterator[list[int]]:
    """Kills the first process of a cluster that is at work for this one: its number is in the list then."""
    killed: list[int] = []
    done = Event()

    def look() -> None:
        while not killed and not done.wait(0.02):
            for path in Path("/proc").glob("[0-9]*"):
                with suppress(OSError):
                    ours = str(os.getpid()) in _parents(int(path.name))
                    if ours and (path / "cmdline").read_bytes().startswith(b"ray::answer"):
                        os.kill(int(path.name), signal.SIGKILL)
                        killed.append(int(path.name))
                        break

    watcher = Thread(target=look, daemon=True)
    watcher.start()
    try:
        yield killed
    finally:
        done.set()
        watcher.join()


def _parents(process: int) -> Iterator[str]:
    while process > 1:
        parent = (Path("/proc") / str(process) / "stat").read_text().rpartition(")")[2].split()[1]
        yield parent
        process = int(parent)
