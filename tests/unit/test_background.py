"""Values that are made anew while the last one is given."""

import ctypes
import os
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from asd_core.scoring import AS_RECORDED
from asd_core.settings import get_settings
from asd_core.sound import Clip, DenoiseMix
from benchmarks.synthetic import write_models
from pages.label_page.clip_tables import clips_of
from pages.shared import background
from pages.shared.background import Refreshed
from pages.shared.recordings import catalogue_clip, dataset_of
from pages.shared.signals import signal_of
from pages.shared.sources import sources
from pages.shared.stored_scores import check_beside, stored_scores, unscored_detectors
from tests.conftest import write_wav


@pytest.fixture
def always_old(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    monkeypatch.setattr(background, "NOTICED", -1.0)
    monkeypatch.setattr(background, "SHARE", float("inf"))
    return monkeypatch


def test_a_value_is_made_once_while_it_is_young() -> None:
    made = []
    value = Refreshed(lambda before: made.append(before) or len(made))
    assert [value.get(), value.get(), value.get()] == [1, 1, 1]
    assert made == [None]


def test_what_is_quick_is_made_anew_at_once(always_old: pytest.MonkeyPatch) -> None:
    value = Refreshed(lambda before: (before or 0) + 1)
    assert [value.get(), value.get(), value.get()] == [1, 2, 3]


def test_what_takes_long_is_made_beside_and_by_one(always_old: pytest.MonkeyPatch) -> None:
    always_old.setattr(background, "AT_ONCE", -1.0)
    begun, go_on, calls = threading.Event(), threading.Event(), []

    def make(before: int | None) -> int:
        calls.append(before)
        if before is not None:
            begun.set()
            assert go_on.wait(10)
        return (before or 0) + 1

    value = Refreshed(make)
    assert value.get() == 1
    assert value.get() == 1  # the next one is begun
    assert begun.wait(10)
    assert [value.get() for _ in range(5)] == [1] * 5
    assert calls == [None, 1]
    always_old.setattr(background, "NOTICED", 1000.0)
    beside = next(t for t in threading.enumerate() if t.name == background.REFRESHING)
    go_on.set()
    beside.join(10)
    assert value.get() == 2


def test_a_failure_beside_the_page_is_raised_to_whoever_asks_next(always_old: pytest.MonkeyPatch) -> None:
    always_old.setattr(background, "AT_ONCE", -1.0)
    broken = False

    def make(before: str | None) -> str:
        if broken:
            raise OSError("the disk is gone")
        return "there"

    value = Refreshed(make)
    assert value.get() == "there"
    broken = True
    assert value.get() == "there"
    for thread in [t for t in threading.enumerate() if t.name == background.REFRESHING]:
        thread.join(10)
    with pytest.raises(OSError, match="the disk is gone"):
        value.get()
    broken = False
    assert value.get() == "there"


def test_a_first_value_is_made_beside_and_waited_for() -> None:
    go_on, calls = threading.Event(), []

    def make(before: int | None) -> int:
        calls.append(before)
        assert go_on.wait(10)
        return 7

    value = Refreshed(make)
    assert value.prepare()
    assert value.prepare()  # still, and not a second time
    assert not value.ready
    given: list[int] = []
    asks = threading.Thread(target=lambda: given.append(value.get()))
    asks.start()
    go_on.set()
    asks.join(10)
    assert given == [7]
    assert calls == [None]
    assert value.ready
    assert not value.prepare()


def test_a_first_value_that_fails_beside_fails_for_whoever_asks() -> None:
    def make(_: int | None) -> int:
        raise OSError("the disk is gone")

    value = Refreshed(make)
    while value.prepare():  # it ends: the page that waits for it asks then
        time.sleep(0.01)
    assert not value.ready
    with pytest.raises(OSError, match="the disk is gone"):
        value.get()


def test_very_many_scores_are_shown_before_their_recordings_are_looked_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recordings = tmp_path / "recordings"
    write_models(tmp_path / "models" / "own", recordings, 16, ["control_rms", "pca_kde"])
    monkeypatch.setenv("ASD_MODELS_DIR", str(tmp_path / "models"))
    get_settings.cache_clear()
    monkeypatch.setattr("pages.shared.stored_scores.MANY", 32)
    (source,) = sources()
    first = stored_scores(source, AS_RECORDED)
    assert (len(first.table), first.checked) == (32, False)
    assert stored_scores(source, AS_RECORDED) is first
    assert unscored_detectors(source, AS_RECORDED, first) == []
    while check_beside(source, AS_RECORDED):
        time.sleep(0.01)
    now = stored_scores(source, AS_RECORDED)
    assert now.checked
    assert now.digest == first.digest, "what was computed of them is not computed again"


def test_of_changed_recordings_very_many_scores_go_when_they_were_looked_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recordings = tmp_path / "recordings"
    write_models(tmp_path / "models" / "own", recordings, 16, ["control_rms", "pca_kde"])
    (recordings / "test" / "normal_id_00_00000099.wav").touch()
    monkeypatch.setenv("ASD_MODELS_DIR", str(tmp_path / "models"))
    get_settings.cache_clear()
    monkeypatch.setattr("pages.shared.stored_scores.MANY", 32)
    (source,) = sources()
    assert len(stored_scores(source, AS_RECORDED).table) == 32
    while check_beside(source, AS_RECORDED):
        time.sleep(0.01)
    assert stored_scores(source, AS_RECORDED).table.empty


def test_a_recording_that_is_added_is_noticed(tmp_path: Path, always_old: pytest.MonkeyPatch) -> None:
    recordings = tmp_path / "recordings"
    write_models(tmp_path / "models" / "own", recordings, 16, ["control_rms"])
    always_old.setenv("ASD_MODELS_DIR", str(tmp_path / "models"))
    get_settings.cache_clear()
    (source,) = sources()
    before = dataset_of(source)
    assert dataset_of(source) is before  # looked at again, and the same
    assert len(clips_of(source, "test", None)) == 16
    (recordings / "test" / "normal_id_00_00000099.wav").touch()
    assert len(clips_of(source, "test", None)) == 17
    assert stored_scores(source, AS_RECORDED).table.empty  # of other clips than there are now


def test_a_recording_that_is_replaced_is_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recordings = tmp_path / "recordings"
    write_models(tmp_path / "models" / "own", recordings, 16, ["control_rms"])
    monkeypatch.setenv("ASD_MODELS_DIR", str(tmp_path / "models"))
    get_settings.cache_clear()
    (source,) = sources()
    clip_id = dataset_of(source).catalogue["clip_id"].iloc[0]
    noise = np.random.default_rng(0).normal(0, 0.1, 16000)
    write_wav(recordings / clip_id, noise)
    first = catalogue_clip(source, clip_id)
    assert catalogue_clip(source, clip_id) is first  # shared, not copied
    write_wav(recordings / clip_id, np.repeat(noise, 2))
    assert catalogue_clip(source, clip_id).duration == 2.0


def test_the_same_sound_keeps_its_own_name() -> None:
    """Two sessions may drop one recording under two names: neither sees the other's."""
    samples = np.random.default_rng(0).normal(0, 0.1, (1, 16000)).astype(np.float32)
    one, other = (signal_of(Clip(samples.copy(), 16000, "same", name)) for name in ("one.wav", "other.wav"))
    assert (one.clip.name, other.clip.name) == ("one.wav", "other.wav")
    assert one.clip.samples is other.clip.samples


def test_sessions_denoise_one_after_the_other(monkeypatch: pytest.MonkeyPatch) -> None:
    """Side by side they are slower and need as many times the memory."""
    now, most = [], []

    def denoised(samples: np.ndarray, rate: int, **_: object) -> DenoiseMix:
        now.append(1)
        most.append(len(now))
        time.sleep(0.05)
        now.pop()
        return DenoiseMix(samples, samples, samples)

    monkeypatch.setattr("pages.shared.signals.denoise_mix", denoised)
    noise = np.random.default_rng(0).normal(0, 0.1, (4, 1, 16000)).astype(np.float32)
    clips = [Clip(samples, 16000, f"one of four, {n}", "a.wav") for n, samples in enumerate(noise)]
    with ThreadPoolExecutor(4) as sessions:
        mixes = list(sessions.map(lambda clip: signal_of(clip, denoiser=True).mix, clips))
    assert len({id(mix) for mix in mixes}) == len(most) == 4
    assert max(most) == 1


# Small arrays between larger ones: what is free lies in the middle of the heap, which glibc keeps without being told.
FREED = """
import time
from pathlib import Path
from pages.shared import background

def megabytes():
    return int(Path("/proc/self/status").read_text().split("VmRSS:")[1].split()[0]) / 1024

background.GIVEN_BACK = 0.1
background.configure_malloc()
arrays = [bytes([1]) * 100_000 for _ in range(2000)]
largest = megabytes()
arrays = arrays[::50]
late = time.monotonic() + 10
while largest - megabytes() < 150 and time.monotonic() < late:
    time.sleep(0.1)
print(largest - megabytes())
"""


@pytest.mark.skipif(not hasattr(ctypes.CDLL(None), "malloc_trim"), reason="the C library is not glibc")
def test_memory_that_is_free_between_what_is_used_goes_back_to_the_system() -> None:
    ran = subprocess.run(
        [sys.executable, "-c", FREED], cwd=Path(__file__).parents[2], capture_output=True, text=True, check=True
    )
    assert float(ran.stdout) > 150


@pytest.mark.skipif(not hasattr(ctypes.CDLL(None), "malloc_trim"), reason="the C library is not glibc")
@pytest.mark.parametrize(("chosen", "used"), [(None, "system"), ("mimalloc", "mimalloc")])
def test_arrow_takes_its_memory_where_it_is_given_back(chosen: str | None, used: str) -> None:
    """As the server starts; unless whoever runs it has chosen another allocator."""
    environment = {name: value for name, value in os.environ.items() if name != "ARROW_DEFAULT_MEMORY_POOL"}
    if chosen:
        environment["ARROW_DEFAULT_MEMORY_POOL"] = chosen
    asked = "import app, pandas, pyarrow; print(pyarrow.default_memory_pool().backend_name)"
    ran = subprocess.run(
        [sys.executable, "-c", asked],
        cwd=Path(__file__).parents[2],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert ran.stdout.split() == [used]
