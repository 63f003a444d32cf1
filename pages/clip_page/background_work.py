"""Work of some seconds beside the page: in a thread, with a bar and a Stop button; its result is cached.

The page answers meanwhile: Streamlit runs one script of a session at a time, and a fragment's run waits for its end.
Work of minutes on files is a job (:mod:`pages.shared.job_panel`); an uploaded recording is in no file.
"""

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import streamlit as st

from asd_core.errors import AsdError, Cancelled
from asd_core.progress import Progress
from pages.shared.background import start
from pages.shared.caching import recall, remember
from pages.shared.job_panel import progress_bar

T = TypeVar("T")
Key = tuple[Any, ...]
MANY = "many clips"  # in a key, in the place of a clip's hash: this work goes on whatever clip is open
AT_ONCE = 0.3  # s that are waited for before a bar is shown
EVERY = 0.5  # s between two looks at a thread
PATIENCE = 5.0  # s that work on many clips waits for pages
_log = logging.getLogger(__name__)


_turn = threading.Condition()
_drawn = 0  # pages that are being drawn now


@contextmanager
def before_many() -> Iterator[None]:
    """While a page is drawn in the block, work on many clips waits at its next step: one core cannot do both at once."""
    global _drawn
    with _turn:
        _drawn += 1
    try:
        yield
    finally:
        with _turn:
            _drawn -= 1
            _turn.notify_all()


class Work:
    """One task in its thread."""

    def __init__(self, slot: str, key: Key, title: str, do: Callable[[Progress], Any]) -> None:
        self.slot, self.key, self.title, self._do = slot, key, title, do
        self.fraction, self.message, self.problem, self.stopped = 0.0, "", "", False
        self.result: Any = None
        self._stop = threading.Event()
        self._thread = start(f"work-{slot}", self._run)

    @property
    def running(self) -> bool:
        return self._thread.is_alive()

    def wait(self, seconds: float) -> None:
        self._thread.join(seconds)

    def stop(self) -> None:
        self._stop.set()
        with _turn:
            _turn.notify_all()

    def _progress(self, fraction: float, message: str) -> None:
        if self.key[0] == MANY:
            with _turn:
                _turn.wait_for(lambda: not _drawn or self._stop.is_set(), PATIENCE)
        if self._stop.is_set():
            raise Cancelled(f"{self.title} was stopped.")
        self.fraction, self.message = fraction, message

    def _run(self) -> None:
        try:
            self.result = self._do(self._progress)
            remember((self.slot, *self.key), self.result)
        except Cancelled:
            self.stopped = True
        except AsdError as error:
            self.problem = str(error)
        except Exception:  # a thread's traceback reaches nobody: it is logged, and the page says so
            _log.exception("%s failed", self.title)
            self.problem = f"{self.title} failed unexpectedly: the server's log says why."


def _stop_all(works: dict[str, Work]) -> None:
    for one in works.values():
        one.stop()


# The session's end releases it: nobody waits for the results any more.
@st.cache_resource(show_spinner=False, scope="session", on_release=_stop_all)
def _works() -> dict[str, Work]:
    """The latest work of each slot."""
    return {}


def work(slot: str, key: Key, title: str, do: Callable[[Progress], T]) -> T | None:
    """What ``do`` gives for a key; while it is computed, a bar with a Stop button is drawn and ``None`` is given.

    Another key in the same slot stops what went on there. The page is drawn anew when the work ends.

    Args:
        slot: what kind of work this is.
        key: hashes and parameters that tell this result from all others; the first is the clip's, or :data:`MANY`.
        title: what it does, for people.
        do: is told a function for its progress, which raises ``Cancelled``; it must not draw anything. Never ``None``.
    """
    result: T | None = recall((slot, *key))
    if result is not None:
        return result
    now = begun(slot, key, title, do)
    if now.running:
        _watch(slot)
        return None
    if now.result is None:
        over(now)
    result = now.result
    return result


def begun(slot: str, key: Key, title: str, do: Callable[[Progress], Any]) -> Work:
    """The work of a slot for a key: what goes on or ended, or it begins now. Another key stops what went on in the slot."""
    works = _works()
    now = works.get(slot)
    if now is None or now.key != key:
        if now is not None:
            now.stop()
        now = works[slot] = Work(slot, key, title, do)
        now.wait(AT_ONCE)
    return now


def stop_others(sha256: str) -> None:
    """Stop what is still being computed for other clips."""
    for one in _works().values():
        if one.key[0] not in (sha256, MANY):
            one.stop()


@st.fragment(run_every=EVERY)
def _watch(slot: str) -> None:
    now = _works().get(slot)
    if now is None or not now.running:
        st.rerun()
    progress_bar(now.title, now.fraction, now.message or "begins", slot, now.stop)


def over(now: Work) -> None:
    """Why there is no result, and a way to have one after all."""
    if now.problem:
        st.error(now.problem, icon=":material/error:")
        return
    st.info(f"{now.title} was stopped.", icon=":material/pause:")
    st.button("Start again", key=f"again_{now.slot}", on_click=forget, args=(now.slot,))


def forget(slot: str) -> None:
    """Have the work of a slot begin anew when it is next asked for."""
    _works().pop(slot, None)
