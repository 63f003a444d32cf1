"""How long work reports how far it is: a callback that takes a fraction and a message, and may raise ``Cancelled``."""

from __future__ import annotations

from collections.abc import Callable

Progress = Callable[[float, str], None]


def silent(fraction: float, message: str) -> None:
    """A progress callback that says nothing. A callback may raise ``Cancelled`` to stop the work."""


def stage(progress: Progress, first: float, last: float, name: str) -> Progress:
    """``progress`` for one stage of several: its fractions run from ``first`` to ``last``."""
    return lambda fraction, message: progress(first + fraction * (last - first), f"{name}: {message}")
