"""Work of some seconds beside the page: in a thread, with a bar and a Stop button; what it found is kept.

The page answers meanwhile: Streamlit runs one script of a session at a time, and a fragment's run waits for its end.
Work of minutes on files is a job (:mod:`pages.shared.job_panel`); an uploaded recording is in no file.
"""

import logging
import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import Any, TypeVar

import streamlit as st
from streamlit import runtime
from streamlit.runtime.scriptrunner import get_script_run_ctx

from asd_core.errors import AsdError, Cancelled
from asd_core.progress import Progress

T = TypeVar("T")
Key = tuple[Any, ...]
KEPT = 48  # results, of all sessions together
AT_ONCE = 0.3  # s that are waited for before a bar is shown
EVERY = 0.5  # s between two looks at a thread
WORKS = "works"  # in the session: the latest work of each slot
_log = logging.getLogger(__name__)


class Work:
    """One task in its thread."""

    def __init__(self, slot: str, key: Key, title: str, do: Callable[[Progress], Any]) -> None:
        self.slot, self.key, self.title, self._do = slot, key, title, do
        self.fraction, self.message, self.problem, self.stopped = 0.0, "", "", False
        self._stop, self._found = threading.Event(), _found()
        context = get_script_run_ctx(suppress_warning=True)
        self._session = context.session_id if context else ""
        self._thread = threading.Thread(target=self._run, name=f"work-{slot}", daemon=True)
        self._thread.start()

    @property
    def running(self) -> bool:
        return self._thread.is_alive()

    def wait(self, seconds: float) -> None:
        self._thread.join(seconds)

    def stop(self) -> None:
        self._stop.set()

    def _progress(self, fraction: float, message: str) -> None:
        gone = runtime.exists() and not runtime.get_instance().is_active_session(self._session)
        if self._stop.is_set() or gone:
            raise Cancelled(f"{self.title} was stopped.")
        self.fraction, self.message = fraction, message

    def _run(self) -> None:
        try:
            self._found.keep((self.slot, *self.key), self._do(self._progress))
        except Cancelled:
            self.stopped = True
        except AsdError as error:
            self.problem = str(error)
        except Exception:  # a thread's traceback reaches nobody: it is logged, and the page says so
            _log.exception("%s failed", self.title)
            self.problem = f"{self.title} failed unexpectedly: the server's log says why."


class _Results:
    """The latest results, whoever asked for them first: keys are hashes and parameters."""

    def __init__(self) -> None:
        self._kept: OrderedDict[Key, Any] = OrderedDict()
        self._lock = threading.Lock()

    def keep(self, key: Key, result: Any) -> None:
        with self._lock:
            self._kept[key] = result
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)

    def get(self, key: Key) -> Any:
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
            return self._kept.get(key)


@st.cache_resource(show_spinner=False)
def _found() -> _Results:
    return _Results()


def work(slot: str, key: Key, title: str, do: Callable[[Progress], T]) -> T | None:
    """What ``do`` gives for a key; while it is computed, a bar with a Stop button is drawn and ``None`` is given.

    Another key in the same slot stops what went on there. The page is drawn anew when the work ends.

    Args:
        slot: what kind of work this is.
        key: hashes and parameters that tell this result from all others; the first is the clip's.
        title: what it does, for people.
        do: is told a function for its progress, which raises ``Cancelled``; it must not draw anything. Never ``None``.
    """
    found: T | None = _found().get((slot, *key))
    if found is not None:
        return found
    works: dict[str, Work] = st.session_state.setdefault(WORKS, {})
    now = works.get(slot)
    if now is None or now.key != key:
        if now is not None:
            now.stop()
        now = works[slot] = Work(slot, key, title, do)
        now.wait(AT_ONCE)
    if now.running:
        _watch(slot)
        return None
    found = _found().get((slot, *key))
    if found is None:
        _over(now)
    return found


def stop_others(sha256: str) -> None:
    """Stop what is still being computed for other clips."""
    for one in st.session_state.get(WORKS, {}).values():
        if one.key[0] != sha256:
            one.stop()


@st.fragment(run_every=EVERY)
def _watch(slot: str) -> None:
    now: Work | None = st.session_state[WORKS].get(slot)
    if now is None or not now.running:
        st.rerun()
    with st.container(horizontal=True, vertical_alignment="center"):
        st.progress(min(1.0, now.fraction), text=f"{now.title}: {now.message or 'begins'} ({now.fraction:.0%})")
        st.button("Stop", key=f"stop_{slot}", icon=":material/stop:", on_click=now.stop)


def _over(now: Work) -> None:
    """Why there is no result, and a way to have one after all."""
    if now.problem:
        st.error(now.problem, icon=":material/error:")
        return
    st.info(f"{now.title} was stopped.", icon=":material/pause:")
    st.button("Start again", key=f"again_{now.slot}", on_click=lambda: st.session_state[WORKS].pop(now.slot, None))
