"""Arrays that are kept on disk are the same arrays, and take no memory of their own."""

import gc
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pytest

from asd_core.datasets import Dataset, extract_dataset
from asd_core.detectors.common.crops import StackSampler
from asd_core.detectors.common.kde import BLOCK, Kde
from asd_core.errors import DatasetError
from asd_core.features import Level, LogMel, extract
from asd_core.on_disk import DiskArrays, on_disk
from asd_core.sound import prepare


def test_they_come_back_bit_by_bit() -> None:
    rng = np.random.default_rng(0)
    given = [
        rng.normal(size=(128, 7)).astype(np.float32),
        rng.normal(size=5),
        np.zeros((0, 3), np.float32),
        rng.normal(size=(9, 4)).astype(np.float32).T,
        np.array(1, np.int64),
    ]
    kept = on_disk(given)
    for before, after in zip(given, kept, strict=True):
        assert after.dtype == before.dtype
        assert np.array_equal(before, after)
        assert after.ctypes.data % 64 == 0 or not after.size
    kept[0][0, 0] = 7.0  # as of any array
    assert kept[0][0, 0] == 7.0
    assert on_disk([]) == []


LARGE = """
import sys
import numpy as np
from asd_core.on_disk import on_disk
def anonymous():
    return next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("RssAnon")) / 1024
before = anonymous()
kept = on_disk(np.full((1 << 20,), n, np.float32) for n in range(50))
assert sum(float(array[0]) for array in kept) == sum(range(50)), kept
print(anonymous() - before)
"""


@pytest.mark.skipif(not Path("/proc/self/status").is_file(), reason="Linux says it so")
def test_two_hundred_megabytes_take_a_few() -> None:
    done = subprocess.run([sys.executable, "-c", LARGE], capture_output=True, text=True, check=True)
    assert float(done.stdout) < 40


def test_they_leave_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    kept = on_disk([np.ones(1000)])
    assert list(tmp_path.iterdir()) == []
    array = kept[0][1:]
    del kept
    gc.collect()
    assert array.sum() == 999


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a disk that is full")
def test_a_full_disk_is_said() -> None:
    kept = DiskArrays()
    kept._file.close()
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
    clips = [np.full((3, n), index, np.float32) for index, n in enumerate((5, 9, 2))]
    drawn = StackSampler(clips, 5, np.random.default_rng(0)).draw(200)
    assert set(np.unique(drawn)) == {0.0, 1.0, 2.0}
    assert (drawn == drawn[:, :1]).all()
