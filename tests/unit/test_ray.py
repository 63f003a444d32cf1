"""A Ray cluster of two nodes on this machine does what one process does, to the bit, whatever happens to its processes."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from itertools import count, islice
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

pytest.importorskip("ray", reason="ray is not installed: no cluster here")
pytest.importorskip("moto.server", reason="moto is not installed: no S3 server here")
pytest.importorskip("s3fs", reason="s3fs is not installed: nothing reads s3:// here")

from asd_core.engine import chosen_engine, ray_engine, use_engine
from asd_core.errors import ClipError, WorkerError
from asd_core.on_disk import on_disk
from asd_core.settings import get_settings
from benchmarks.cluster import two_nodes
from tests.conftest import ROOT
from tests.ray_trouble import killing_one
from tests.s3_server import put_folder, s3_server
from tests.unit import engine_work
from tests.unit.conftest import Cli

pytestmark = [
    pytest.mark.cluster,
    pytest.mark.skipif(" " in sys.executable, reason="Ray starts no processes of a Python whose path has a space"),
]


FANS = "s3://plant/recordings/slider"
KEYS = "pca_kde,control_rms,deep_svdd,cnn_ae"


@pytest.fixture(scope="module")
def address(small_folder: Path) -> Iterator[str]:
    """Of a cluster whose nodes reach an S3 server that holds the small dataset."""
    with s3_server(), two_nodes() as where:
        put_folder(small_folder, FANS)
        yield where


@pytest.fixture(autouse=True)
def engine(address: str) -> Iterator[None]:
    """The cluster is what is chosen."""
    use_engine(ray_engine(address))
    yield
    use_engine(None)


def test_results_come_in_order_from_both_nodes() -> None:
    engine = chosen_engine()
    assert list(engine.map(engine_work.squared, range(50))) == [n * n for n in range(50)]
    assert list(engine.map(engine_work.slowest_first, range(6))) == list(range(6))
    assert list(engine.map(engine_work.squared, [])) == []
    assert len(set(engine.map(engine_work.node, range(20)))) == 2
    assert os.getpid() not in set(engine.map(engine_work.process, range(4)))
    assert next(engine.map(engine_work.threads, [0]))[0] == 1


def test_arrays_on_disk_are_sent_without_a_copy_in_any_process() -> None:
    """Four times as much as a node's store has room for: Ray puts what does not fit into files."""
    arrays = on_disk(np.full(1 << 18, number, np.float32) for number in range(400))
    before = engine_work.own_memory()
    sums, memory = zip(*chosen_engine().map(engine_work.Sums(arrays), range(4)), strict=True)
    assert set(sums) == {400 * 399.0}
    assert max(memory) < 200
    assert engine_work.own_memory() - before < 200


def test_few_items_are_taken_ahead() -> None:
    taken: list[int] = []
    items = (taken.append(n) or n for n in count())  # type: ignore[func-returns-value]
    assert list(islice(chosen_engine().map(engine_work.squared, items), 3)) == [0, 1, 4]
    assert len(taken) <= 3 + 8


def test_an_error_is_the_functions_own() -> None:
    with pytest.raises(ClipError, match=r"^three\.wav is silent\.$"):
        list(chosen_engine().map(engine_work.refused, range(8)))
    with pytest.raises(ZeroDivisionError, match="of four"):
        list(chosen_engine().map(engine_work.refused, [4]))


def test_what_a_killed_process_did_is_done_again(tmp_path: Path) -> None:
    assert list(chosen_engine().map(engine_work.killed_once, [str(tmp_path / "once")])) == [1]
    results = chosen_engine().map(engine_work.always_killed, range(5))
    assert [next(results), next(results)] == [0, 1]
    with pytest.raises(WorkerError, match="was lost, 3 times in a row"):
        next(results)


def test_settings_go_there_but_no_secret(monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    use_engine(None)
    get_settings.cache_clear()
    own = get_settings().database_url  # the nodes', which were started here
    for name, value in (
        ("ASD_CHANNEL", "2"),
        ("ASD_DATABASE_URL", "postgresql://me:secret@host/labels"),
        ("ASD_ENGINE", "ray"),
        ("ASD_ROLES", '{"train": ["ada@example.org"]}'),
        ("ASD_RAY_ADDRESS", address),
    ):
        monkeypatch.setenv(name, value)
    get_settings.cache_clear()
    try:
        found = next(chosen_engine().map(engine_work.settings, [0]))
    finally:
        use_engine(None)
    assert found == {"channel": 2, "database_url": own, "engine": "local", "workers": 1, "roles": {}}


def test_where_nobody_answers(small_folder: Path, tmp_path: Path, cli: Cli) -> None:
    arguments = ("train", "--data", small_folder, "--out", tmp_path, "--detectors", "control_rms", "--engine", "ray")
    code, _, err = cli(*arguments, "--address", "127.0.0.1:1")
    assert (code, err.splitlines()[-1]) == (
        2,
        "No Ray cluster answers at 127.0.0.1:1: start one with ray start --head, or correct --address (ASD_RAY_ADDRESS).",
    )


def test_without_the_package(small_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cli: Cli) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    code, _, err = cli("train", "--data", small_folder, "--out", tmp_path, "--engine", "ray")
    assert code == 2
    assert 'needs the package ray: pip install "asd-dashboard[ray]"' in err.splitlines()[-1]


def test_ctrl_c_ends_the_command_and_not_the_cluster(tmp_path: Path, address: str) -> None:
    command = [sys.executable, "-m", "tests.unit.engine_work", str(tmp_path), address]
    parent = subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True)
    while not list(tmp_path.iterdir()) and parent.poll() is None:
        pass  # until one has said who it is
    parent.send_signal(signal.SIGINT)
    _, messages = parent.communicate(timeout=60)
    assert (parent.returncode, messages) == (130, "Stopped.\n")
    assert list(chosen_engine().map(engine_work.squared, [3])) == [9]


def test_from_s3_by_a_cluster_that_loses_a_process_as_from_a_folder_by_this_one(
    small_folder: Path, tmp_path: Path, address: str, cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Few clips are read by this process, whatever the engine: here none are few.
    monkeypatch.setattr("asd_core.datasets.extraction.FEW", 0, raising=False)
    there, here = tmp_path / "there", tmp_path / "here"
    for data, out, how in (
        (FANS, there, ("--engine", "ray", "--address", address)),
        (small_folder, here, ("--engine", "local", "--workers", 1)),
    ):
        common = ("--data", data, *how)
        train = ("train", *common, "--out", out, "--detectors", KEYS, "--preset", "quick")
        if out == there:
            with killing_one() as killed:
                assert cli(*train)[0] == 0
            assert len(killed) == 1
        else:
            assert cli(*train)[0] == 0
        assert cli("scores", *common, "--models", out, "--split", "train")[0] == 0
        assert (
            cli("seeds", *common, "--models", out, "--seed", 1, "--seed", 2, "--detectors", KEYS, "--preset", "quick")[
                0
            ]
            == 0
        )
        assert cli("latents", *common, "--models", out)[0] == 0
    for key in KEYS.split(","):
        weights = f"{key}/weights.safetensors"
        assert (there / weights).read_bytes() == (here / weights).read_bytes()
    for file in ("scores.parquet", "scores-train.parquet", "untrained.parquet", "seeds.parquet", "evidence.parquet"):
        tables = [pd.read_parquet(out / file) for out in (there, here)]
        of_place = [table.drop(columns="data_fingerprint", errors="ignore") for table in tables]
        pd.testing.assert_frame_equal(*of_place, check_exact=True)
    assert (there / "latents.parquet").read_bytes() == (here / "latents.parquet").read_bytes()


def test_a_python_in_a_folder_with_a_space_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/opt/my project/bin/python")
    with pytest.raises(WorkerError, match=r"whose path has a space \(/opt/my project/bin/python\)"):
        ray_engine("127.0.0.1:6379")
