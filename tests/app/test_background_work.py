"""Work beside a page: its result is shared, Stop stops it, and so does the end of the session."""

from collections.abc import Iterator
from threading import Event

import pytest
from streamlit.runtime.caching import clear_session_resource_cache
from streamlit.testing.v1 import AppTest

from pages.clip_page import background_work

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


def test_the_end_of_a_session_stops_its_work() -> None:
    """Streamlit releases what belongs to a session when its browser is gone."""
    page("endless")
    assert BEGUN.wait(10)
    clear_session_resource_cache(SESSION)  # what the server does when a browser leaves
    assert STOPPED.wait(10)
