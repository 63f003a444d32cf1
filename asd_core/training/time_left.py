"""The time that a training still takes, by how long its detectors took so far, told again while one of them says nothing."""

import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress

from asd_core.progress import Progress
from asd_core.training.budget import Budget, duration

AGAIN = 2.0  # s between two sentences about work that reports nothing meanwhile
LATE_SECONDS, LATE_SHARE = 5.0, 0.25  # how far beyond its expected end a detector takes longer than estimated


class TimeLeft:
    """The time until a detector that is training, and those after it, are trained.

    Args:
        budget: with what was trained before it.
        waiting: it and those after it.
    """

    def __init__(self, budget: Budget, waiting: Sequence[str]) -> None:
        self._budget, self._key, self._later = budget, waiting[0], waiting[1:]
        self._expected = self._whole = budget.expects(waiting[0])

    def reached(self, fraction: float, elapsed: float) -> None:
        """The detector says how far it is after so many seconds: its own pace counts from then on."""
        if fraction > 0:
            self._whole = elapsed / fraction

    def words(self, elapsed: float) -> str:
        """What is said after so many seconds of the detector: ``about 3 min left``, or that it takes longer."""
        end = max(self._whole, self._expected)
        if elapsed > end + max(LATE_SECONDS, LATE_SHARE * end):
            return "takes longer than estimated"
        # A little beyond its end it may go on for as long as it is over.
        own = abs(self._whole - elapsed)
        return f"about {duration(own + self._budget.left_after(self._key, elapsed + own, self._later))} left"


@contextmanager
def retold(progress: Progress, first: float, last: float, title: str, place: str, left: TimeLeft) -> Iterator[Progress]:
    """A stage, see :func:`asd_core.progress.stage`, whose name tells the time left: anew at each report of the work, and every
    few seconds between two of them.

    Args:
        title, place: of the stage, which is told as ``title (place, about 3 min left)``.
    """
    began, one, ended = time.monotonic(), threading.Lock(), threading.Event()
    reported = (0.0, "")

    def tell() -> None:
        fraction, message = reported
        name = f"{title} ({place}, {left.words(time.monotonic() - began)})"
        progress(first + fraction * (last - first), f"{name}: {message}" if message else name)

    def report(fraction: float, message: str) -> None:
        nonlocal reported
        with one:
            reported = fraction, message
            left.reached(fraction, time.monotonic() - began)
            tell()

    def tell_again() -> None:
        with suppress(Exception):  # the work's own next report raises it where it can be caught
            while not ended.wait(AGAIN):
                with one:
                    tell()

    report(0.0, "")
    teller = threading.Thread(target=tell_again, name="time left", daemon=True)
    teller.start()
    try:
        yield report
    finally:
        ended.set()
        teller.join()
