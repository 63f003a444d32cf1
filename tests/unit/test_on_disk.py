"""Arrays that are kept on disk are the same arrays, and take no memory of their own."""

import gc
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pytest

from asd_core.datasets import Dataset, extract_dataset
from asd_core.detectors.common.crops import StackSampler, at_least
from asd_core.detectors.common.kde import BLOCK, Kde
from asd_core.errors import DatasetError
from asd_core.features import Level, LogMel, extract
from asd_core.on_disk import (
    Arrays,
    DiskArrays,
    _Mapped,
    end_to_end,
    joined,
    long_rows,
    looked_at,
    on_disk,
    shapes,
    taken,
)
from asd_core.sound import prepare


def test_they_come_back_bit_by_bit() -> None:
    rng = np.random.default_rng(0)
    given = [
        rng.normal(size=(128, 700)).astype(np.float32),
        rng.normal(size=5),
        np.zeros((0, 3), np.float32),
        rng.normal(size=(9, 4)).astype(np.float32).T,
        np.array(1, np.int64),
    ]
    kept = on_disk(given)
    for before, after in zip(given, kept, strict=True):
        assert after.dtype == before.dtype
        assert np.array_equal(before, after)
        assert after.ctypes.data % 64 == 0 or after.nbytes < 1 << 16  # these are copies
        with pytest.raises(ValueError, match="read-only"):
            after[...] = 7.0
    assert list(on_disk([])) == []


def test_they_are_a_sequence() -> None:
    kept = on_disk(np.full((2, n), n, np.float32) for n in range(5))
    assert [len(a[0]) for a in kept] == [0, 1, 2, 3, 4]
    assert kept.shapes() == shapes(list(kept)) == [(2, n) for n in range(5)]
    for some in (kept[1::2], kept.taken([1, 3]), taken(list(kept), np.array([1, 3])), taken(kept, np.array([1, 3]))):
        assert shapes(some) == [(2, 1), (2, 3)]
    both = joined([kept[3:], kept[:2]])
    assert isinstance(both, Arrays)
    assert shapes(both) == shapes(joined([kept[3:], list(kept[:2])])) == [(2, 3), (2, 4), (2, 0), (2, 1)]
    assert both[1][0, 0] == 4.0
    assert kept[-1][0, 0] == 4.0


def test_rows_of_arrays_that_stand_end_to_end() -> None:
    rng = np.random.default_rng(0)
    parts = [rng.normal(size=(4, n)).astype(np.float32) for n in rng.integers(1, 9, size=600)]
    whole = np.concatenate(parts, axis=1)
    rows = list(long_rows((part for part in parts), whole.shape[1]))
    assert np.array_equal(np.stack(rows), whole)
    assert [row.mean() for row in rows] == whole.mean(axis=1).tolist()
    assert [row.std() for row in rows] == whole.std(axis=1).tolist()


def test_arrays_as_one() -> None:
    parts = [np.full((n, 1 << 14), n, np.float32) for n in (3, 1, 4)]
    kept = end_to_end(iter(parts))
    assert np.array_equal(kept, np.concatenate(parts))
    gc.collect()
    assert len(_Mapped._every), "its memory is given back as long as anybody has the array"
    looked_at(1e9)
    assert np.array_equal(kept, np.concatenate(parts))


LARGE = """
import sys
import numpy as np
from asd_core.on_disk import on_disk
def anonymous():
    return next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("RssAnon")) / 1024
before = anonymous()
kept = on_disk(np.full((1 << 20,), n, np.float32) for n in range(50))
assert [float(array.mean()) for array in kept] == list(range(50)), kept
first = kept[0]
assert sum(float(kept.taken([n])[0].sum()) for n in range(50)) == sum(range(50)) * (1 << 20)
assert first.sum() == 0.0
resident = next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("RssFile")) / 1024
print(anonymous() - before, resident)
"""


@pytest.mark.skipif(not Path("/proc/self/status").is_file(), reason="Linux says it so")
def test_two_hundred_megabytes_take_a_few() -> None:
    done = subprocess.run([sys.executable, "-c", LARGE], capture_output=True, text=True, check=True)
    own, of_files = map(float, done.stdout.split())
    assert own < 40
    assert of_files < 64 + 60  # of libraries, and what was looked at since some was given back


BESIDE = """
import numpy as np
from asd_core.on_disk import DiskArrays
kept = DiskArrays()
large, small = np.zeros(1 << 14, np.float32), np.ones(64, np.float32)
places = []
for _ in range(4000):
    kept.add(large)
    places.append(kept.add(small))
(of_all,) = kept.arrays(places)
def of_files():
    return next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("RssFile")) / 1024
before = of_files()
assert np.stack(of_all).sum() == 64 * 4000
print(of_files() - before)
"""


@pytest.mark.skipif(not Path("/proc/self/status").is_file(), reason="Linux says it so")
def test_a_megabyte_beside_two_hundred_takes_a_few() -> None:
    """The system maps 64 kB for each array of 256 bytes: they were not counted, and all stayed."""
    done = subprocess.run([sys.executable, "-c", BESIDE], capture_output=True, text=True, check=True)
    assert float(done.stdout) < 70


def test_they_leave_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    kept = on_disk([np.ones(20_000)])
    assert list(tmp_path.iterdir()) == []
    array = kept[0][1:]
    del kept
    gc.collect()
    assert array.sum() == 19_999


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a disk that is full")
def test_a_full_disk_is_said() -> None:
    kept = DiskArrays()
    kept.close()
    with open("/dev/full", "wb", buffering=0) as full:
        kept._file = full
        with pytest.raises(DatasetError, match=r"cannot be put into .* \(No space left on device\): free space there"):
            kept.add(np.ones(1000))


def test_features_of_a_dataset_are_those_of_its_clips(small_dataset: Dataset) -> None:
    rows = small_dataset.catalogue.iloc[:3]
    found = extract_dataset(small_dataset, rows, [LogMel(), Level()])
    for index, clip_id in enumerate(rows["clip_id"]):
        for representation, values in extract(prepare(small_dataset.read(clip_id)), [LogMel(), Level()]).items():
            assert np.array_equal(found.features[representation][index], values)


def test_a_long_clip_has_the_density_of_its_parts() -> None:
    rng = np.random.default_rng(0)
    kde = Kde(4).fit(rng.normal(size=(200, 6)))
    vectors = rng.normal(size=(2 * BLOCK + 5, 6))
    parts = np.concatenate([kde.score(vectors[:BLOCK]), kde.score(vectors[BLOCK:])])
    assert np.allclose(kde.score(vectors), parts, rtol=1e-12)


def test_stacks_are_drawn_from_within_clips() -> None:
    clips = [np.full((16, n), index, np.float32) for index, n in enumerate((5, 9, 2))]
    drawn = StackSampler(clips, 5, np.random.default_rng(0)).draw(200)
    assert set(np.unique(drawn)) == {0.0, 1.0, 2.0}
    assert (drawn == drawn[:, :1]).all()


def test_stacks_are_the_same_from_a_file(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    clips = [rng.normal(size=(16, n)).astype(np.float32) for n in (5, 9, 2, 30)]
    frames = np.concatenate([at_least(clip, 5).T for clip in clips])
    one = StackSampler(clips, 5, np.random.default_rng(1)).draw(500)
    assert {tuple(stack[:16]) for stack in one} <= {tuple(frame) for frame in frames}
    assert len(np.unique(one, axis=0)) == 1 + 5 + 1 + 26, "every stack there is"
    monkeypatch.setattr("asd_core.detectors.common.crops.IN_MEMORY", 0)
    assert np.array_equal(one, StackSampler(on_disk(clips), 5, np.random.default_rng(1)).draw(500))
