"""How long work reports how far it is: a callback that takes a fraction and a message, and may raise ``Cancelled``; and the
losses of the network that is training."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar

Progress = Callable[[float, str], None]
Losses = Callable[[Sequence[float], Sequence[float]], None]


def silent(fraction: float, message: str) -> None:
    """A progress callback that says nothing. A callback may raise ``Cancelled`` to stop the work."""


def stage(progress: Progress, first: float, last: float, name: str) -> Progress:
    """``progress`` for one stage of several: its fractions run from ``first`` to ``last``."""
    return lambda fraction, message: progress(first + fraction * (last - first), f"{name}: {message}")


_listener: ContextVar[Losses | None] = ContextVar("losses", default=None)


@contextmanager
def losses_to(listener: Losses) -> Iterator[None]:
    """Have :func:`report_losses` call a listener inside the block: a progress callback has no room for curves."""
    token = _listener.set(listener)
    try:
        yield
    finally:
        _listener.reset(token)


def report_losses(training: Sequence[float], held_out: Sequence[float]) -> None:
    """The losses of a network so far, one a step or epoch of what it does now, on the clips it learns from and on those held
    out to stop in time (none where they are not measured). Both empty: no network is training."""
    if listener := _listener.get():
        listener(training, held_out)
