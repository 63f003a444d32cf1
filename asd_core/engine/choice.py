"""Which engine the program uses: the one place that decides."""

import atexit

from asd_core.engine.base import Engine, Here
from asd_core.settings import get_settings

_chosen: list[Engine] = []  # one at most


def chosen_engine() -> Engine:
    """The engine of this process: what :func:`use_engine` was given, or that of the settings. It lives until the process ends."""
    if not _chosen:
        use_engine(local_engine(get_settings().workers))
    return _chosen[0]


def use_engine(engine: Engine | None) -> None:
    """Use another engine from now on (``None``: that of the settings); the one before is closed."""
    for before in _chosen:
        before.close()
    _chosen[:] = [] if engine is None else [engine]


def local_engine(workers: int) -> Engine:
    """This machine's: a process for each worker; for one worker this process is enough."""
    from asd_core.engine.processes import Processes

    return Processes(workers) if workers > 1 else Here()


atexit.register(use_engine, None)
