"""A dataset's clips as representations: the same from one process, from several and from the store, and never of another file."""

import os
import shutil
import signal
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest

from asd_core.datasets import Conditions, Dataset, Extracted, demo_dataset, extract_dataset, open_dataset
from asd_core.engine import Here, Processes, use_engine
from asd_core.errors import PretrainedError
from asd_core.features import Array, BandSpectrum, Denoised, LogMel, Recording, Representation, WelchSpectrum
from asd_core.features import store as stores
from asd_core.scoring.batch import Denoising
from asd_core.settings import get_settings
from asd_core.sound import Clip
from asd_core.training import train
from asd_core.training.synthetic_anomalies import GRADES, GradedAnomalies, SyntheticAnomalies, kinds_in_turn
from tests.conftest import write_wav

WANTED: list[Representation] = [LogMel(), BandSpectrum(), Recording(), WelchSpectrum()]
N, UNUSABLE = 24, 2

opened: list[str] = []  # files that this process opened, as Python itself tells


def _audit(event: str, arguments: tuple[object, ...]) -> None:
    if event == "open" and isinstance(arguments[0], str | os.PathLike):
        opened.append(os.fspath(arguments[0]))


sys.addaudithook(_audit)


@dataclass(frozen=True)
class Refused:
    """A representation without its model, from a clip on."""

    kind = "refused"
    level: float
    sample_rate: int = 16000

    def transform(self, clip: Clip) -> Array:
        if float(np.abs(clip.samples).max()) >= self.level:
            raise PretrainedError(f"No model for levels from {self.level:g}.")
        return np.zeros(1, np.float32)


@pytest.fixture(scope="module")
def recordings(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two machines in 24 files of 0.6 s that get louder, at two rates, some with an offset; two cannot be used."""
    folder, rng = tmp_path_factory.mktemp("many"), np.random.default_rng(0)
    for number in range(N):
        samples = np.clip(rng.normal(0, 0.05, 15000), -0.1, 0.1) * (1 + number / 5) + 0.02 * (number % 7 == 0)
        path = folder / "train" / f"normal_id_0{number % 2}_{number:08d}.wav"
        write_wav(path, samples, 24000 if number % 5 == 0 else 16000)
        if number % 20 == 3:
            path.write_bytes(b"junk")
    return folder


@pytest.fixture
def dataset(recordings: Path, monkeypatch: pytest.MonkeyPatch) -> Dataset:
    """As if it was large."""
    monkeypatch.setattr("asd_core.datasets.extraction.FEW", 4)
    monkeypatch.setattr("asd_core.datasets.extraction.AT_ONCE", 3)
    return open_dataset(recordings)


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A feature store of the test's own, for which files of this moment are old enough."""
    monkeypatch.setenv("ASD_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setenv("ASD_FEATURES_LIMIT_MB", "500")
    monkeypatch.setattr(stores, "SETTLED", 0.0)
    get_settings.cache_clear()
    return tmp_path / "cache" / "features"


class Kept(Processes):
    """Processes that stay while another engine is used."""

    def close(self) -> None: ...


@pytest.fixture(scope="module")
def kept() -> Iterator[Kept]:
    engine = Kept(2)
    yield engine
    Processes.close(engine)


@pytest.fixture
def two(kept: Kept) -> Iterator[Processes]:
    """Two processes under the settings of all tests."""
    use_engine(kept)
    yield kept
    use_engine(None)


@pytest.fixture
def two_new() -> Iterator[Processes]:
    """Two processes under the settings of the test."""
    engine = Processes(2)
    use_engine(engine)
    yield engine
    use_engine(None)


def read(dataset: Dataset, wanted: list[Representation] = WANTED, **about: object) -> tuple[Extracted, dict]:
    conditions: dict[str, Conditions] = {}
    return extract_dataset(dataset, dataset.catalogue, wanted, conditions=conditions, **about), conditions  # type: ignore[arg-type]


def assert_equal(one: tuple[Extracted, dict], other: tuple[Extracted, dict]) -> None:
    (a, its), (b, others) = one, other
    assert a.rows.equals(b.rows)
    assert (a.skipped, a.refused, its) == (b.skipped, b.refused, others)
    assert list(its) == list(others)
    assert list(a.features) == list(b.features)
    for representation, values in a.features.items():
        assert len(values) == len(b.features[representation]) == len(a.rows)
        for mine, theirs in zip(values, b.features[representation], strict=True):
            assert mine.dtype == theirs.dtype
            assert np.array_equal(mine, theirs)


def sounds_opened(folder: Path) -> int:
    return sum(str(folder) in path and path.endswith(".wav") for path in opened)


def test_two_processes_give_what_one_does(dataset: Dataset, two: Processes) -> None:
    use_engine(Here())
    kinds = kinds_in_turn(read(dataset, [])[0])
    changes = None, Denoising(0.4, "stationary"), SyntheticAnomalies(kinds)
    alone = [read(dataset, [*WANTED, Denoised(LogMel(), 0.5)][n:], change=c) for n, c in enumerate(changes)]
    found, conditions = alone[0]
    assert len(found.skipped) == UNUSABLE
    assert found.skipped[0].startswith("normal_id_01_00000003.wav is not audio")
    assert conditions["00"].sample_rates == {16000: 9, 24000: 3}
    assert len(found.features[LogMel()]) == N - UNUSABLE
    use_engine(two)
    for n, (change, one) in enumerate(zip(changes, alone, strict=True)):
        assert_equal(one, read(dataset, [*WANTED, Denoised(LogMel(), 0.5)][n:], change=change))
    assert two._all, "they were asked"


def test_versions_of_a_clip_are_rows(dataset: Dataset) -> None:
    few = replace(dataset, catalogue=dataset.catalogue.iloc[:3])
    found, _ = read(few, [LogMel()], change=GradedAnomalies())
    assert found.rows["clip_id"].tolist() == [c for c in few.catalogue["clip_id"] for _ in GRADES]
    assert len({f.tobytes() for f in found.features[LogMel()]}) == 3 * len(GRADES)


def test_what_is_refused_is_refused_from_any_process(dataset: Dataset, two: Processes) -> None:
    some: list[Representation] = [Refused(0.2), LogMel(), Refused(0.3)]
    every: list[Representation] = [Refused(0.2), Refused(0.3)]
    use_engine(Here())
    alone = read(dataset, some), read(dataset, every)
    assert list(alone[0][0].features) == [LogMel()]
    assert alone[0][0].refused[Refused(0.2)] == "No model for levels from 0.2."
    assert 0 < len(alone[1][0].rows) < N - 5, "the reading ends there"
    use_engine(two)
    for wanted, one in zip((some, every), alone, strict=True):
        assert_equal(one, read(dataset, wanted))


def test_a_killed_process_changes_nothing(dataset: Dataset, two: Processes) -> None:
    alone = read(dataset)
    list(two.map(abs, range(4)))
    killed = []

    def kill(fraction: float, message: str) -> None:
        if not killed and (workers := list(two._all)):
            killed.append(workers[0]._process.pid)
            os.kill(killed[0], signal.SIGKILL)

    conditions: dict[str, Conditions] = {}
    found = extract_dataset(dataset, dataset.catalogue, WANTED, kill, conditions=conditions)
    assert killed
    assert_equal(alone, (found, conditions))


def test_whoever_stops_it_leaves_no_file(
    dataset: Dataset, two_new: Processes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))

    def stop(fraction: float, message: str) -> None:
        if fraction:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        extract_dataset(dataset, dataset.catalogue, WANTED, stop)
    assert list(tmp_path.iterdir()) == []


def test_what_is_stored_is_not_read_again(dataset: Dataset, recordings: Path, store: Path) -> None:
    first = read(dataset)
    opened.clear()
    assert_equal(first, read(dataset))
    assert_equal(read(dataset, WANTED[1:2]), read(dataset, WANTED[1:2]))
    assert sounds_opened(recordings) == 3 * UNUSABLE, "those that cannot be used, each time"
    alone, _ = read(dataset, [LogMel(n_mels=64)])
    assert sounds_opened(recordings) == 3 * UNUSABLE + N
    assert alone.features[LogMel(n_mels=64)][0].shape[0] == 64


def test_processes_fill_the_same_store(dataset: Dataset, recordings: Path, store: Path, two_new: Processes) -> None:
    first = read(dataset)
    use_engine(Here())
    read(dataset)  # files that were written a moment ago are known from now on
    opened.clear()
    assert_equal(first, read(dataset))
    assert sounds_opened(recordings) == UNUSABLE


def test_a_changed_file_is_read_again(recordings: Path, store: Path, tmp_path: Path) -> None:
    shutil.copytree(recordings, tmp_path / "copy")
    dataset = open_dataset(tmp_path / "copy")
    before = read(dataset)
    path, other = (tmp_path / "copy" / dataset.catalogue["clip_id"].iloc[n] for n in (0, 10))
    status = path.stat()
    path.write_bytes(other.read_bytes())
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))  # a program that keeps the times of what it copies
    assert path.stat().st_size == status.st_size
    found, _ = read(dataset)
    assert found.rows["sha256"].iloc[0] == before[0].rows["sha256"].iloc[10]
    assert np.array_equal(found.features[LogMel()][0], before[0].features[LogMel()][10])


def test_a_file_that_may_still_change_is_read_each_time(
    dataset: Dataset, recordings: Path, store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stores, "SETTLED", 1e6)
    read(dataset)
    opened.clear()
    read(dataset)
    assert sounds_opened(recordings) == N


@pytest.mark.parametrize(
    ("name", "value"), [("ASD_CHANNEL", "1"), ("ASD_MAX_CLIP_SECONDS", "0.6"), ("ASD_MIN_CLIP_SECONDS", "0.7")]
)
def test_another_way_to_read_meets_nothing_stored(
    dataset: Dataset, store: Path, name: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    read(dataset)
    monkeypatch.setenv(name, value)
    get_settings.cache_clear()
    found, _ = read(dataset)
    monkeypatch.setenv("ASD_FEATURES_LIMIT_MB", "0")
    get_settings.cache_clear()
    assert found.skipped == read(dataset)[0].skipped
    assert len(found.skipped) > UNUSABLE


def test_other_code_meets_nothing_stored(
    dataset: Dataset, recordings: Path, store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read(dataset, [LogMel()])
    monkeypatch.setattr(stores, "_code_version", lambda: "another")
    stores._recipe.cache_clear()
    opened.clear()
    read(dataset, [LogMel()])
    assert sounds_opened(recordings) == N
    stores._recipe.cache_clear()


def test_what_is_damaged_is_computed_again(dataset: Dataset, store: Path) -> None:
    first = read(dataset)
    files = [path for path in store.rglob("*") if path.is_file()]
    for number, path in enumerate(files):
        data = bytearray(path.read_bytes())
        if number % 3 == 0:
            data[len(data) // 2] ^= 1
        elif number % 3 == 1:
            data = data[: len(data) // 2]
        path.write_bytes(data)
    assert_equal(first, read(dataset))
    opened.clear()
    assert_equal(first, read(dataset))
    assert len(opened) < 6 * N + 100, "and stored again"


def test_the_store_keeps_to_its_limit(dataset: Dataset, store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ASD_FEATURES_LIMIT_MB", "0.5")
    get_settings.cache_clear()
    first = read(dataset)
    stored = sum(path.stat().st_size for path in store.rglob("*") if path.is_file())
    assert 0.3e6 < stored < 0.6e6
    assert_equal(first, read(dataset))


def test_a_store_that_cannot_be_written_is_none(dataset: Dataset, store: Path) -> None:
    first = read(dataset)
    shutil.rmtree(store)
    store.write_text("in the way")
    assert_equal(first, read(dataset))


def test_rendered_clips_are_not_rendered_again(store: Path) -> None:
    demo = demo_dataset()
    some = replace(demo, catalogue=demo.catalogue.iloc[:2])
    first = read(some, [LogMel()])
    shutil.rmtree(demo.source.folder)  # type: ignore[attr-defined]  # a Rendering
    assert_equal(first, read(some, [LogMel()]))
    assert not demo.source.folder.exists()  # type: ignore[attr-defined]


def test_the_second_set_of_detectors_reads_nothing(
    brief_dataset: Dataset, brief_folder: Path, store: Path, tmp_path: Path
) -> None:
    train(brief_dataset, tmp_path / "one", detectors=["pca_lof", "pca_kde"])
    opened.clear()
    train(brief_dataset, tmp_path / "two", detectors=["gwrp_gaussian", "control_mahalanobis"])
    assert sounds_opened(brief_folder) == 0
