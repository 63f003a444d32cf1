"""The store that all sessions share: bound by bytes, read-only, one computation at a time."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from asd_core.sound import Clip, DenoiseMix
from pages.shared import caching


@pytest.fixture(autouse=True)
def small_store(monkeypatch: pytest.MonkeyPatch) -> Iterator[caching.Held]:
    """A store of a million bytes, and another million for values from 300 kB on, empty."""
    store = caching.Held(1e6, 1e6, long=300e3)
    monkeypatch.setattr(caching, "_store", store)
    return store


def clip(name: str, seconds: float = 1.0) -> Clip:
    return Clip(np.zeros((1, int(16000 * seconds)), np.float32), 16000, name, name)


def test_bytes_are_counted_wherever_arrays_are() -> None:
    samples = np.zeros(1000, np.float32)
    assert caching.n_bytes(DenoiseMix(samples, samples.copy(), samples.copy())) >= 12000
    assert caching.n_bytes({"a": [clip("x", 1.0)], "b": (samples,)}) >= 68000
    assert caching.n_bytes({"a": 1.0}) < 1000


def test_the_store_is_bound_by_bytes_and_keeps_what_was_used_last(small_store: caching.Held) -> None:
    made = []

    @caching.cache_bytes
    def read(name: str, _ignored: object) -> Clip:
        made.append(name)
        return clip(name)  # 64 kB

    for number in range(100):
        read(str(number), object())
        read("0", object())
        assert small_store._short.currsize <= 1e6
    assert made == [str(number) for number in range(100)]
    assert 10 <= len(small_store) <= 15


def test_what_is_longer_than_the_store_is_given_and_not_kept(small_store: caching.Held) -> None:
    @caching.cache_bytes
    def read(name: str) -> Clip:
        return clip(name, 20.0)

    assert read("long").duration == 20.0
    caching.remember(("scan", "long"), clip("long", 20.0))
    assert caching.recall(("scan", "long")) is None
    assert len(small_store) == 0


def test_one_long_recording_and_many_short_ones_leave_each_other_room(small_store: caching.Held) -> None:
    caching.remember(("long", 1), clip("long 1", 10.0))  # 640 kB
    for number in range(100):
        caching.remember(("short", number), clip(str(number)))
    assert caching.recall(("long", 1)) is not None
    caching.remember(("long", 2), clip("long 2", 10.0))
    assert caching.recall(("long", 1)) is None
    assert caching.recall(("short", 99)) is not None
    del small_store["short", 99], small_store["long", 2]
    assert len(small_store) == len(list(small_store)) == 14


def test_a_figure_is_counted_by_what_it_holds() -> None:
    import plotly.graph_objects as go

    assert caching.n_bytes(go.Figure()) < 60_000 < 80_000 < caching.n_bytes(go.Figure(go.Scatter(y=np.zeros(10_000))))


def test_a_value_is_shared_and_cannot_be_changed() -> None:
    @caching.cache_bytes
    def read(name: str) -> Clip:
        return clip(name)

    first = read("a")
    assert read(name="a") is first
    with pytest.raises(ValueError, match="read-only"):
        first.samples[0, 0] = 1.0
    caching.remember(("curve", "a"), {"map": np.ones(3)})
    with pytest.raises(ValueError, match="read-only"):
        caching.recall(("curve", "a"))["map"][0] = 0.0


def test_functions_of_other_names_and_arguments_do_not_meet() -> None:
    @caching.cache_bytes
    def one(name: str, channel: int = 0) -> str:
        return f"one {name} {channel}"

    @caching.cache_bytes
    def other(name: str, channel: int = 0) -> str:
        return f"other {name} {channel}"

    assert (one("a"), one("a", 1), other("a"), one("b")) == ("one a 0", "one a 1", "other a 0", "one b 0")


def test_two_sessions_wait_for_one_computation() -> None:
    begun, go_on, made = threading.Event(), threading.Event(), []

    @caching.cache_bytes
    def read(name: str) -> Clip:
        made.append(name)
        begun.set()
        assert go_on.wait(10)
        return clip(name)

    with ThreadPoolExecutor() as pool:
        first = pool.submit(read, "a")
        assert begun.wait(10)
        others = [pool.submit(read, "a") for _ in range(4)]
        go_on.set()
        assert {id(one.result(10)) for one in others} == {id(first.result(10))}
    assert made == ["a"]


def test_what_fails_is_tried_again() -> None:
    answers = iter([OSError("the disk is gone"), "there"])

    @caching.cache_bytes
    def read(name: str) -> str:
        answer = next(answers)
        if isinstance(answer, OSError):
            raise answer
        return answer

    with pytest.raises(OSError, match="the disk is gone"):
        read("a")
    assert read("a") == "there"


def test_uploads_are_dropped_from_the_oldest_on_and_the_last_one_stays() -> None:
    kept = {name: clip(name) for name in "abcde"}  # 64 kB each
    caching.drop_oldest(kept, limit=200e3)
    assert list(kept) == ["c", "d", "e"]
    caching.drop_oldest(kept, limit=1.0)
    assert list(kept) == ["e"]
