"""What the workers of an engine do in tests."""

import os
import signal
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

import asd_core.engine
from asd_core.engine import Processes
from asd_core.errors import ClipError
from asd_core.settings import get_settings


def squared(number: int) -> int:
    return number * number


def slowest_first(number: int) -> int:
    time.sleep(0.3 / (1 + number))  # so that they end in another order than they began
    return number


class Sums:
    """Of arrays that are sent along: first and last values of all, and the MB that its process has in memory of its own."""

    def __init__(self, arrays: Sequence[NDArray[np.float32]]) -> None:
        self.arrays = arrays

    def __call__(self, _: int) -> tuple[float, float]:
        return float(sum(array[0] + array[-1] for array in self.arrays)), own_memory()


def own_memory() -> float:
    """MB of this process that are in no file."""
    status = Path("/proc/self/status").read_text("utf-8")
    return int(status.split("RssAnon:")[1].split()[0]) / 1024


def process(_: int) -> int:
    return os.getpid()


def threads(_: int) -> tuple[int, int, list[str]]:
    """Of torch and in all, and heavy modules that were there before it."""
    heavy = [name for name in ("torch", "sklearn", "pandas", "scipy") if name in sys.modules]
    import torch

    return torch.get_num_threads(), threading.active_count(), heavy


def killed_once(marker: str) -> int:
    if not Path(marker).exists():
        Path(marker).touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return 1


def always_killed(number: int) -> int:
    if number == 2:
        os.kill(os.getpid(), signal.SIGKILL)
    return number


def refused(number: int) -> int:
    if number == 3:
        raise ClipError("three.wav is silent.")
    if number == 4:
        raise ZeroDivisionError("of four")
    return number


def unsendable(_: int) -> object:
    return lambda: None


def told(folder: str) -> None:
    """Says who it is, and works for ever."""
    Path(folder, str(os.getpid())).touch()
    time.sleep(600)


def node(_: int) -> str:
    """Which node of a Ray cluster it is."""
    import ray

    time.sleep(0.05)  # so that one does not do all
    return str(ray.get_runtime_context().get_node_id())


def settings(_: int) -> dict[str, object]:
    return get_settings().model_dump(include={"channel", "database_url", "engine", "roles", "workers"})


def parent(folder: str, address: str = "") -> None:
    """A program with two workers that never end."""
    asd_core.engine.use_engine(asd_core.engine.ray_engine(address) if address else Processes(2))
    list(asd_core.engine.chosen_engine().map(told, [folder] * 4))


if __name__ == "__main__":
    from asd_core.cli.output import notify
    from tests.unit import engine_work

    try:
        engine_work.parent(*sys.argv[1:])
    except KeyboardInterrupt:
        notify("Stopped.")
        sys.exit(130)
