"""Which engine the program uses: the one place that decides."""

import atexit
from typing import Any

from asd_core.engine.base import Engine, Here
from asd_core.settings import get_settings

_chosen: list[Engine] = []  # one at most
_overrides: dict[str, Any] = {}  # what a command says in place of the settings of these names


def chosen_engine() -> Engine:
    """The engine of this process: what :func:`use_engine` was given, or that of the settings. It lives until the process ends."""
    if not _chosen:
        settings = get_settings().model_copy(update=_overrides)
        _chosen.append(ray_engine(settings.ray_address) if settings.engine == "ray" else local_engine(settings.workers))
    return _chosen[0]


def use_engine(engine: Engine | None) -> None:
    """Use another engine from now on (``None``: that of the settings); the one before is closed."""
    for before in _chosen:
        before.close()
    _chosen[:] = [] if engine is None else [engine]
    _overrides.clear()


def override_settings(**settings: Any) -> None:
    """Have :func:`chosen_engine` follow these instead of the settings ``engine``, ``ray_address`` and ``workers``, until
    :func:`use_engine` is called."""
    together = {**_overrides, **settings}
    use_engine(None)
    _overrides.update(together)


def local_engine(workers: int) -> Engine:
    """This machine's: a process for each worker; for one worker this process is enough."""
    from asd_core.engine.processes import Processes

    return Processes(workers) if workers > 1 else Here()


def ray_engine(address: str = "") -> Engine:
    """A Ray cluster's, see :class:`asd_core.engine.ray_cluster.RayCluster`.

    Raises:
        WorkerError: when Ray is not installed.
    """
    from asd_core.engine.ray_cluster import RayCluster

    return RayCluster(address)


atexit.register(use_engine, None)
