"""Work of some seconds beside the page: in a thread, with a bar and a Stop button; its result is cached.

The page answers meanwhile: Streamlit runs one script of a session at a time, and a fragment's run waits for its end.
Work of minutes on files is a job (:mod:`pages.shared.job_panel`); an uploaded recording is in no file.
"""

import logging
import threading
from collections.abc import Callable
from typing import Any, TypeVar

import streamlit as st

from asd_core.errors import AsdError, Cancelled
from asd_core.progress import Progress
from pages.shared.background import start
from pages.shared.caching import recall, remember
from pages.shared.job_panel import progress_bar

T = TypeVar("T")
Key = tuple[Any, ...]
AT_ONCE = 0.3  # s that are waited for before a bar is shown
EVERY = 0.5  # s between two looks at a thread
_log = logging.getLogger(__name__)


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

    def _progress(self, fraction: float, message: str) -> None:
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
        key: hashes and parameters that tell this result from all others; the first is the clip's.
        title: what it does, for people.
        do: is called with a function for its progress, which raises ``Cancelled``; it must not draw anything. Never ``None``.
    """
    result: T | None = recall((slot, *key))
    if result is not None:
        return result
    works = _works()
    now = works.get(slot)
    if now is None or now.key != key:
        if now is not None:
            now.stop()
        now = works[slot] = Work(slot, key, title, do)
        now.wait(AT_ONCE)
    if now.running:
        _watch(slot)
        return None
    if now.result is None:
        _over(now)
    result = now.result
    return result


def stop_others(sha256: str) -> None:
    """Stop what is still being computed for other clips."""
    for one in _works().values():
        if one.key[0] != sha256:
            one.stop()


@st.fragment(run_every=EVERY)
def _watch(slot: str) -> None:
    now = _works().get(slot)
    if now is None or not now.running:
        st.rerun()
    progress_bar(now.title, now.fraction, now.message or "begins", slot, now.stop)


def _over(now: Work) -> None:
    """Why there is no result, and a way to have one after all."""
    if now.problem:
        st.error(now.problem, icon=":material/error:")
        return
    st.info(f"{now.title} was stopped.", icon=":material/pause:")
    st.button("Start again", key=f"again_{now.slot}", on_click=_forget, args=(now.slot,))


def _forget(slot: str) -> None:
    _works().pop(slot, None)
