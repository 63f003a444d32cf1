"""The processes of a Ray cluster, on as many machines as it has. Ray places the work, retries it and keeps what comes of it; nothing
here schedules anything.

Tasks, not Ray Data: what goes through an engine is any function on any items, some of which take hours (a training), in order and
with few ahead; a dataset of Ray would cut them into blocks and hand on a block when all of it is done.
"""

import os
import socket
import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from asd_core.engine.base import Item, Result
from asd_core.engine.processes import AHEAD, ATTEMPTS, KEEPS_MEMORY, ONE_THREAD
from asd_core.engine.worker import answer
from asd_core.errors import WorkerError
from asd_core.jobs import BY

if TYPE_CHECKING:
    from ray import ObjectRef

PATIENCE = 10.0  # s until an address counts as one where nobody answers; Ray itself tries for minutes
_OF_EACH_MACHINE = (
    *("ASD_DATABASE_URL", "ASD_CACHE_DIR", "ASD_DATA_DIR", "ASD_MODELS_DIR", "ASD_PRETRAINED_DIR"),
    "ASD_RAY_ADDRESS",
    *("ASD_ROLES", BY),  # people's e-mail addresses have no place on other machines
)
# A task starts no workers of its own.
_THERE = {**ONE_THREAD, **KEEPS_MEMORY, "ASD_ENGINE": "local", "ASD_WORKERS": "1"}


class RayCluster:
    """Every core of a cluster does an item at a time, with one thread, as the processes of one machine do: results are the same to
    the bit."""

    shares_files = False

    def __init__(self, address: str = "") -> None:
        """
        Args:
            address: ``host:port`` of a cluster that this machine is a node of, or ``ray://host:port`` of one that it is not;
                without one, the cluster that runs on this machine, or else one for this machine alone, which ends with it.

        Raises:
            WorkerError: when Ray is not installed, or cannot start processes here.
        """
        try:
            import ray  # noqa: F401
        except ImportError as error:
            raise WorkerError(
                'The engine ray needs the package ray: pip install "asd-dashboard[ray]", or leave --engine ray out.'
            ) from error
        if " " in sys.executable and not address.startswith("ray://"):
            # It puts the path into a command line without quotes, and then waits for a process that never comes.
            raise WorkerError(
                f"Ray starts no processes of a Python whose path has a space ({sys.executable}): put the environment into another "
                "folder, or leave --engine ray out."
            )
        self.address = address
        self._ours = False  # whether this object is what joined the cluster

    def map(self, function: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[Result]:
        import ray

        self._join()
        ahead = AHEAD * max(1, int(ray.cluster_resources().get("CPU", 1)))  # type: ignore[no-untyped-call]
        task = ray.remote(num_cpus=1, max_retries=ATTEMPTS - 1)(answer)
        shared = ray.put(function)  # what it holds goes to each machine once
        submitted: deque[ObjectRef[Any]] = deque()
        try:
            for item in items:
                submitted.append(task.remote(shared, item))
                if len(submitted) >= ahead:
                    yield _result(submitted.popleft())
            while submitted:
                yield _result(submitted.popleft())
        finally:
            for reference in submitted:
                ray.cancel(reference, force=True)

    def close(self) -> None:
        if self._ours:
            import ray

            ray.shutdown()
            self._ours = False

    def _join(self) -> None:
        import ray

        if ray.is_initialized():
            return
        os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # a cluster that starts here reports to nobody
        passed = {k: v for k, v in os.environ.items() if k.startswith("ASD_") and k not in _OF_EACH_MACHINE}
        how: dict[str, Any] = {
            "runtime_env": {"env_vars": {**passed, **_THERE}},
            "log_to_driver": False,
            "logging_level": "CRITICAL",  # what it says of lost workers is in its logs, and as a sentence in our errors
        }
        if self.address:
            _check_reachable(self.address)
            ray.init(self.address, **how)
        else:
            try:
                ray.init("auto", **how)
            except ConnectionError:  # there is none
                ray.init("local", include_dashboard=False, _node_ip_address="127.0.0.1", **how)
        self._ours = True


def _check_reachable(address: str) -> None:
    where = urlsplit(address if "://" in address else f"ray://{address}")
    try:
        with socket.create_connection((where.hostname or "", where.port or 10001), PATIENCE):
            pass
    except (OSError, ValueError) as error:
        raise WorkerError(
            f"No Ray cluster answers at {address}: start one with ray start --head, or correct --address (ASD_RAY_ADDRESS)."
        ) from error


def _result(reference: "ObjectRef[Any]") -> Any:
    import ray

    try:
        error, result = ray.get(reference)
    except ray.exceptions.RayTaskError as error:  # of Ray itself: errors that the function raises are in the result
        if isinstance(error.cause, ImportError):
            raise WorkerError(
                f"A machine of the Ray cluster lacks what this one has ({error.cause}): install the same version of this program on each."
            ) from error
        raise RuntimeError(str(error)) from error
    except ray.exceptions.RayError as error:
        raise WorkerError(
            f"A process or machine of the Ray cluster that worked on a part of this was lost, {ATTEMPTS} times in a row "
            f"({str(error).splitlines()[0].rstrip('.')}): see that its machines have memory enough. What was finished is stored."
        ) from error
    if error is not None:
        raise error
    return result
