"""Work beside a page: its result is shared, Stop stops it, and so does the end of the session."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from threading import Event
from typing import Any

import numpy as np
import pytest
from streamlit.runtime.caching import clear_session_resource_cache
from streamlit.testing.v1 import AppTest

from asd_core.errors import Cancelled
from asd_core.progress import Progress
from asd_core.sound import Clip
from pages.clip_page import background_work, signal_scores
from pages.shared import signals
from pages.shared.choice import Choice
from pages.shared.sources import sources
from pages.shared.trained_models import machine_ids_of

BEGUN, STOPPED = Event(), Event()
SESSION = "test session id"  # of every AppTest


@pytest.fixture(autouse=True)
def fresh() -> Iterator[None]:
    BEGUN.clear()
    STOPPED.clear()
    yield
    STOPPED.set()
    clear_session_resource_cache(SESSION)


def program(key: str) -> None:
    """A page whose work goes on until it is stopped."""
    import streamlit as st

    from asd_core.errors import Cancelled
    from pages.clip_page.background_work import work
    from tests.app.test_background_work import BEGUN, STOPPED

    def endless(progress):  # type: ignore[no-untyped-def]
        try:
            while not STOPPED.wait(0.01):
                progress(0.5, "half")
                BEGUN.set()
        except Cancelled:
            STOPPED.set()
            raise

    result = work("endless", (key,), "Endless work", endless if key == "endless" else lambda progress: [key])
    st.write(f"result {result}")


def page(key: str) -> AppTest:
    return AppTest.from_function(program, args=(key,), default_timeout=20).run()


def test_a_result_is_given_at_once_and_kept_for_all() -> None:
    assert page("quick").markdown[0].value == "result ['quick']"
    assert background_work.recall(("endless", "quick")) == ["quick"]
    assert page("quick").markdown[0].value == "result ['quick']"


def test_stop_stops_it_and_says_so() -> None:
    app = page("endless")
    assert BEGUN.wait(10)
    assert app.markdown[0].value == "result None"
    app.button(key="stop_endless").click().run()
    assert STOPPED.wait(10)


def test_work_on_many_clips_goes_on_with_another_clip_and_waits_while_a_page_is_drawn(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    many, one, begun, steps = Event(), Event(), Event(), [0]

    def steady(stopped: Event, progress: Progress) -> None:
        try:
            while True:
                progress(0.5, "half")
                if stopped is many:
                    steps[0] += 1
                    begun.set()
        except Cancelled:
            stopped.set()
            raise

    works: dict[str, background_work.Work] = {}
    monkeypatch.setattr(background_work, "_works", lambda: works)
    works["many"] = background_work.Work("many", (background_work.MANY, "a"), "Many", partial(steady, many))
    works["one"] = background_work.Work("one", ("a",), "One", partial(steady, one))
    background_work.stop_others("b")
    assert one.wait(10)
    assert begun.wait(10)
    with background_work.before_many():
        before = steps[0]
        works["many"].wait(0.1)
        assert steps[0] <= before + 1, "the one that was going on"
        assert works["many"].running
        assert not many.is_set()
        works["many"].stop()
        assert many.wait(1), "Stop is obeyed while it waits"


def test_the_end_of_a_session_stops_its_work() -> None:
    """Streamlit releases what belongs to a session when its browser is gone."""
    page("endless")
    assert BEGUN.wait(10)
    clear_session_resource_cache(SESSION)  # what the server does when a browser leaves
    assert STOPPED.wait(10)


def test_two_sessions_that_open_a_clip_at_the_same_moment_score_it_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its sound, its denoising and its scores are made once for both."""
    made: list[str] = []

    def counted(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **kwargs: Any) -> Any:
            made.append(name)
            time.sleep(0.3)  # in which the other session asks for the same
            return function(*args, **kwargs)

        return call

    monkeypatch.setattr(signal_scores, "score_prepared", counted("score", signal_scores.score_prepared))
    monkeypatch.setattr(signals, "prepare", counted("prepare", signals.prepare))
    monkeypatch.setattr(signals, "denoise_mix", counted("denoise", signals.denoise_mix))
    source = sources()[0]
    selected = Choice(source, machine_ids_of(source)[0], ["pca_kde", "control_rms"], 0.05)
    samples = np.random.default_rng(17).normal(0, 0.1, (1, 160_000)).astype(np.float32)
    clip = Clip(samples, 16000, "two sessions at once", "noise.wav")

    def session(_: int) -> dict[str, float]:
        signal = signals.signal_of(clip, channel=0, denoiser=True)
        return signal_scores.raw_signal_scores(selected, signal)

    with ThreadPoolExecutor(4) as pool:
        one, *others = pool.map(session, range(4))
    assert all(other == one for other in others)
    assert sorted(made) == ["denoise", "prepare", "score"]
