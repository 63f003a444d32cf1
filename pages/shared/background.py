"""What runs beside the pages: every thread of the dashboard starts here.

A value that goes out of date is made anew every now and then, at once where that is quick, otherwise in a thread.
"""

import ctypes
import os
import sys
import threading
import time
from collections.abc import Callable
from functools import partial
from typing import Generic, TypeVar

NOTICED = 30.0  # s until a change among the recordings is looked for
SHARE = 1 / 30  # of the time, at most, that goes into looking: 100,000 files take a second or two
AT_ONCE = 0.2  # s that a page can wait for
REFRESHING = "refresh"  # name of the thread

_M_ARENA_MAX, _M_MMAP_THRESHOLD = -8, -3  # in glibc's malloc.h
HEAPS = 2
OWN_PAGES = 1 << 20  # bytes from which on an array has pages of its own, given back with it
GIVEN_BACK = 5.0  # s between two times that what is free in the heaps goes back to the system: some 4 ms each

Value = TypeVar("Value")


def configure_malloc() -> None:
    """Have threads share two of glibc's heaps, and keep large arrays out of them. Nothing where there is no glibc.

    By default each core has eight, and every run of a page is a new thread: what is freed in one heap is not used by the others,
    which takes a hundred megabytes of a server that runs detectors. And where arrays of megabytes come and go, glibc soon takes
    them from the heaps, too, up to 32 MB each: between them lie small ones that stay, and a third of all that it held was
    free and could not be given back. What is free in the middle of a heap glibc keeps for good, which after hundreds of clips is
    a fifth of the server: a thread gives it back. Arrow, which holds the texts of tables, takes memory from there, too: its own
    allocator kept 60 MB more. To be called before the first other thread starts, and before Arrow is imported.
    """
    libc = ctypes.CDLL(None) if sys.platform == "linux" else None
    if libc is not None and hasattr(libc, "mallopt"):
        libc.mallopt(_M_ARENA_MAX, HEAPS)
        libc.mallopt(_M_MMAP_THRESHOLD, OWN_PAGES)
        os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")
        start("give back memory", partial(_give_back, libc.malloc_trim))


def _give_back(trim: Callable[[int], int]) -> None:
    while True:
        time.sleep(GIVEN_BACK)
        trim(0)


def start(name: str, function: Callable[[], None]) -> threading.Thread:
    """Run a function beside the page. It must not draw anything, and ends with the server.

    Args:
        name: of the thread, for whoever looks at a stuck server.
        function: deals with its own errors: they are shown nowhere.
    """
    thread = threading.Thread(target=function, name=name, daemon=True)
    thread.start()
    return thread


class Refreshed(Generic[Value]):
    """The last value of a function, shared by all sessions. A value that takes long is given while the next one is made."""

    def __init__(self, make: Callable[[Value | None], Value]) -> None:
        """
        Args:
            make: gives the value, of the one before (``None``: there is none).
        """
        self._make = make
        self._lock = threading.Condition()
        self._making = self._failed = False  # in a thread
        self._value: Value | None = None
        self._made_at = self._took = 0.0

    @property
    def ready(self) -> bool:
        """Whether there is a value, which is given at once."""
        return self._value is not None

    def prepare(self) -> bool:
        """Begin to make the first value beside the page, unless it is there or being made, or could not be made.

        Returns:
            Whether it is being made. Where it could not, :meth:`get` tries again, and raises what is wrong.
        """
        with self._lock:
            if self._value is None and not self._making and not self._failed:
                self._making = True
                start(REFRESHING, partial(self._refresh, None))
            return self._making

    def get(self) -> Value:
        """The value.

        Raises:
            Exception: what ``make`` raised, when the last value could not be made.
        """
        with self._lock:
            while self._value is None and self._making:
                self._lock.wait()
            if self._value is not None:
                old = time.monotonic() - self._made_at > max(NOTICED, self._took / SHARE)
                if not old or self._making:
                    return self._value
                if self._took > AT_ONCE:
                    self._making = True
                    start(REFRESHING, partial(self._refresh, self._value))
                    return self._value
            return self._make_now(self._value)

    def _make_now(self, before: Value | None) -> Value:
        self._value, self._failed = None, False  # what fails is tried again
        made = self._timed(before)
        self._value, self._made_at, self._took = made
        return made[0]

    def _refresh(self, before: Value | None) -> None:
        try:
            made: tuple[Value | None, float, float] = self._timed(before)
        except Exception:  # whoever asks next gets it, in a place that can show it
            made = (None, 0.0, 0.0)
        with self._lock:
            self._value, self._made_at, self._took = made
            self._making, self._failed = False, made[0] is None
            self._lock.notify_all()

    def _timed(self, before: Value | None) -> tuple[Value, float, float]:
        """The value, when it was made, and how long that took."""
        began = time.monotonic()
        value, now = self._make(before), time.monotonic()
        return value, now, now - began
