"""A Ray cluster against the processes of one machine, at the same work."""

import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from unittest.mock import patch

import numpy as np

from asd_core.engine import Engine, Processes, ray_engine
from asd_core.features import LogMel, WelchSpectrum, extract
from asd_core.sound import prepare, read_clip, wav_bytes
from benchmarks.browser import Figure, figure
from benchmarks.library import seconds

CLIPS, TOGETHER = 256, 16  # of 10 s; how many a process gets at a time
NODE = {"num_cpus": 1, "object_store_memory": 100 << 20}


@contextmanager
def two_nodes() -> Iterator[str]:
    """A Ray cluster of two nodes with a core each, on this machine: its address. Its processes have the environment of this one as
    it is now; it reports to nobody."""
    from ray.cluster_utils import Cluster

    with patch.dict(os.environ, {"RAY_USAGE_STATS_ENABLED": "0", "PYTHONPATH": os.getcwd()}):
        cluster = Cluster(initialize_head=True, head_node_args={**NODE, "include_dashboard": False})
        try:
            cluster.add_node(**NODE)
            yield cluster.address
        finally:
            cluster.shutdown()


def features(files: Sequence[Path]) -> list[np.ndarray]:
    """Log-mels of some recordings, which are read, decoded and transformed."""
    wanted = (LogMel(), WelchSpectrum())
    return [extract(prepare(read_clip(file)), wanted, {})[wanted[0]] for file in files]


def ray_vs_pool(n: int = 5) -> dict[str, Figure]:
    """Clips a second on two nodes of Ray against two processes of the pool, in turn."""
    rng = np.random.default_rng(0)
    with tempfile.TemporaryDirectory() as folder, two_nodes() as address:
        files = [Path(folder, f"{number}.wav") for number in range(CLIPS)]
        for file in files:
            file.write_bytes(wav_bytes(rng.normal(0, 0.1, 160_000).astype(np.float32), 16000))
        parts = [files[first : first + TOGETHER] for first in range(0, CLIPS, TOGETHER)]

        def all_of_them(engine: Engine) -> None:
            assert sum(map(len, engine.map(features, parts))) == CLIPS

        pool, cluster = Processes(2), ray_engine(address)
        try:
            for engine in (pool, cluster):
                all_of_them(engine)  # processes start, and import what they need
            ratios = [seconds(lambda: all_of_them(pool)) / seconds(lambda: all_of_them(cluster)) for _ in range(n)]
        finally:
            pool.close()
            cluster.close()
    return {"ray_two_nodes_vs_pool": figure(ratios)}
