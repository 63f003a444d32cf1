"""Shared fixtures: real recordings where they are, simulated ones everywhere, and detectors trained on them once."""

import fcntl
import io
import os
import shutil
import warnings
from collections.abc import Callable, Iterator
from contextlib import redirect_stderr
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

import numpy as np
import pytest

# Tests of an engine ask for one: the others shall read what they are about in the process that counts it.
os.environ |= {"ASD_WORKERS": "1"}

from asd_core.datasets import Dataset, open_dataset
from asd_core.datasets.slide_rail import simulate
from asd_core.settings import get_settings
from asd_core.sound import wav_bytes
from asd_core.training import train

if TYPE_CHECKING:
    from asd_core.labels import LabelStore

ROOT = Path(__file__).parent.parent
# Files that take longest, longest first (by their CPU time), then folders.
LONG_FIRST = [
    *(f"e2e/test_{name}.py" for name in ("main_job", "compare", "player", "label_failures", "label_keyboard")),
    *(f"e2e/test_{name}.py" for name in ("clip_views", "feature_space", "report", "address", "umap", "label_crash")),
    *(f"unit/test_{name}.py" for name in ("network_detectors", "deep_svdd", "f_anogan", "convolutional_autoencoders")),
    *(
        "e2e/*",
        "contract/*",
        "unit/test_killed.py",
        "app/*",
        "unit/test_cli*.py",
        "unit/test_sessions.py",
        "unit/test_experiments.py",
        "unit/test_dense_autoencoders.py",
    ),
]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    # Workers take file after file in this order: the long ones first, so that none is left over at the end.
    items.sort(key=lambda item: [*(item.path.match(f"tests/{part}") for part in LONG_FIRST), True].index(True))
    if os.environ.get("ASD_REAL_DATA"):
        return
    skip = pytest.mark.skip(reason="ASD_REAL_DATA is not set: no real recordings here")
    for item in items:
        if "real" in item.keywords:
            item.add_marker(skip)


@pytest.fixture(scope="session", autouse=True)
def _places_of_the_tests(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Commands enter what they do into the database, which shall not be that of whoever runs the tests; nor the caches, which all
    workers share: most of a training of some clips is to read them, and the same ones are trained on again and again."""
    os.environ["ASD_DATABASE_URL"] = f"sqlite:///{tmp_path_factory.mktemp('database') / 'labels.sqlite3'}"
    os.environ["ASD_CACHE_DIR"] = str(shared_temp(tmp_path_factory) / "cache")
    get_settings.cache_clear()


@pytest.fixture(autouse=True)
def _settings_end_with_the_test() -> Iterator[None]:
    """What a test sets in the environment is taken back after it; so are the settings that were read from it."""
    yield
    get_settings.cache_clear()


@pytest.fixture(scope="session")
def real_slider() -> Path:
    """The real DCASE 2020 slider clips."""
    return Path(os.environ["ASD_REAL_DATA"]) / "dcase2020" / "dev_data" / "slider"


@pytest.fixture(scope="session")
def real_clip(real_slider: Path) -> Path:
    return sorted((real_slider / "train").glob("*.wav"))[0]


def write_wav(path: Path, samples: np.ndarray, rate: int = 16000) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(wav_bytes(samples.astype(np.float32), rate))
    return path


def shared_temp(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The temporary folder of this run, of all workers."""
    root = tmp_path_factory.getbasetemp()
    return root.parent if "PYTEST_XDIST_WORKER" in os.environ else root  # each worker has a folder of its own in it


def built_once(tmp_path_factory: pytest.TempPathFactory, name: str, build: Callable[[Path], object]) -> Path:
    """A folder that the first worker to need it builds, and that all workers of this run share. Nobody writes to it."""
    root = shared_temp(tmp_path_factory)
    folder, done = root / name, root / f"{name}.done"
    with (root / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not done.exists():
            shutil.rmtree(folder, ignore_errors=True)  # of a worker that failed
            folder.mkdir()
            build(folder)
            done.touch()
    return folder


def simulate_small(root: Path, seconds: float = 2.5) -> None:
    """Two machine ids, 24 training normals, 6 + 6 test clips each, in the DCASE 2020 layout."""
    for machine_id in ("00", "02"):
        for split, label, count, fault in (
            ("train", "normal", 24, None),
            ("test", "normal", 6, None),
            ("test", "anomaly", 6, "no_grease"),
        ):
            for number in range(count):
                seed = 1000 * int(machine_id) + 100 * len(split) + number + (50 if fault else 0)
                clip = simulate(
                    machine_id, seed=seed, snr_db=6, fault=fault, severity=1.0 if fault else 0.0, duration=seconds
                )
                write_wav(root / "slider" / split / f"{label}_id_{machine_id}_{number:08d}.wav", clip.samples)


@pytest.fixture(scope="session")
def small_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Recordings of :func:`simulate_small`."""
    return built_once(tmp_path_factory, "recordings", simulate_small) / "slider"


@pytest.fixture(scope="session")
def small_dataset(small_folder: Path) -> Dataset:
    return open_dataset(small_folder)


@pytest.fixture(scope="session")
def brief_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same recordings 1.5 s long: for what is about files, clips and versions, in a third of the time."""
    return built_once(tmp_path_factory, "brief", lambda root: simulate_small(root, 1.5)) / "slider"


@pytest.fixture(scope="session")
def brief_dataset(brief_folder: Path) -> Dataset:
    return open_dataset(brief_folder)


@pytest.fixture(scope="session")
def small_models(small_dataset: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three quick detectors trained on the small dataset."""
    keys = ["pca_kde", "cnn_ae", "control_rms"]
    return built_once(tmp_path_factory, "small", lambda out: train(small_dataset, out, detectors=keys, preset="quick"))


@pytest.fixture(scope="session")
def mixed_models(brief_dataset: Dataset, brief_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One folder: two detectors trained on the brief recordings, one, by the command line, on the same denoised at 0.6."""

    def build(out: Path) -> None:
        train(brief_dataset, out, detectors=["pca_kde", "control_rms"], preset="quick")
        train_by_command(brief_folder, out, "--detectors", "gwrp_gaussian", "--denoise-strength", "0.6")

    return built_once(tmp_path_factory, "mixed", build)


@pytest.fixture(scope="session")
def real_models(real_slider: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All detectors, trained on the real clips by the command, without a warning; its messages are in train.log."""
    return built_once(tmp_path_factory, "real", lambda out: train_by_command(real_slider, out))


def train_by_command(data: Path, out: Path, *options: str) -> None:
    from asd_core.cli.app import main

    messages = io.StringIO()
    with pytest.MonkeyPatch.context() as patch, redirect_stderr(messages), warnings.catch_warnings():
        warnings.simplefilter("error")
        arguments = ["train", "--data", str(data), "--out", str(out), "--preset", "quick", *options]
        patch.setattr("sys.argv", ["asd_core", *arguments])
        assert main() == 0, messages.getvalue()
    (out / "train.log").write_text(messages.getvalue(), "utf-8")


def simulate_factory(root: Path) -> None:
    """Machines of two types that share the id 00, as DCASE 2020 has them, and slider 02 with four normal clips: noise of
    another level each, 1.5 s long; an anomaly is as loud as a machine of the other type."""
    machines = (("fan", "00", 0.02, 0.2, 10), ("slider", "00", 0.2, 0.02, 10), ("slider", "02", 0.05, 0.5, 4))
    for seed, (kind, machine_id, normal, anomaly, n_train) in enumerate(machines):
        rng = np.random.default_rng(seed)
        for split, label, level, count in (
            ("train", "normal", normal, n_train),
            ("test", "normal", normal, 4),
            ("test", "anomaly", anomaly, 4),
        ):
            for number in range(count):
                samples = rng.normal(0, level * rng.uniform(0.9, 1.1), 24000)
                write_wav(root / kind / split / f"{label}_id_{machine_id}_{number:08d}.wav", samples.clip(-1, 1))


@pytest.fixture(scope="session")
def factory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Recordings of :func:`simulate_factory`: a folder a machine type."""
    return built_once(tmp_path_factory, "factory", simulate_factory)


@pytest.fixture(scope="session")
def factory_models(factory: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Detectors trained on it: those with a model a machine do not know slider 02, the random control does."""
    keys = ["pca_kde", "pca_lof", "control_rms", "control_random"]
    return built_once(tmp_path_factory, "factory_models", lambda out: train(open_dataset(factory), out, detectors=keys))


@pytest.fixture(scope="session")
def domain_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """``recordings`` with a source and a target domain, and detectors of them in ``models/fans``."""
    from tests.domain_set import write_domain_models

    return built_once(tmp_path_factory, "domains", write_domain_models)


@pytest.fixture(params=["sqlite", "postgresql"])
def label_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """URL of an empty label database: an SQLite file, and a database on the server that ASD_TEST_DATABASE_URL names."""
    if request.param == "postgresql":
        return str(request.getfixturevalue("server_url"))
    return f"sqlite:///{tmp_path / 'labels.sqlite3'}"


@pytest.fixture
def server_url() -> Iterator[str]:
    """URL of an empty database on the PostgreSQL server that ASD_TEST_DATABASE_URL names."""
    server = os.environ.get("ASD_TEST_DATABASE_URL", "")
    if not server:
        reason = "ASD_TEST_DATABASE_URL is not set: no PostgreSQL here"
        pytest.fail(reason) if os.environ.get("REQUIRE_POSTGRES") else pytest.skip(reason)
    import psycopg
    from sqlalchemy import make_url

    url, name = make_url(server), f"labels_{uuid4().hex}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
        yield url.set(database=name).render_as_string(hide_password=False)
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def labels(label_url: str) -> "Iterator[LabelStore]":
    """An empty label store."""
    from asd_core.labels import LabelStore

    store = LabelStore.open(label_url)
    yield store
    store.close()
