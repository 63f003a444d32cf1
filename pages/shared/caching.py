"""What the server remembers: the sizes of all caches, and the one cache that is bound by bytes.

Small values are in ``st.cache_data`` and what is shared as it is in ``st.cache_resource``, both bound by entries. Signals, maps,
tables and figures are as long as a recording or a dataset: all of them share one store of :data:`BYTES`, the least recently
used go first. What is of a long recording has a store of its own: else one such recording would need room that a hundred short
ones then fill.
"""

import sys
import threading
from collections.abc import Callable, Iterable, Iterator, MutableMapping
from contextlib import suppress
from dataclasses import fields, is_dataclass
from inspect import signature
from itertools import chain
from typing import Any, ParamSpec, TypeVar

import cachetools
import numpy as np

from asd_core.sound import Signal
from pages.shared.sources import Source

FOLDERS = 4  # folders of detectors, datasets, and their tables: a server shows few
SELECTIONS = 16  # what is computed from the tables of chosen clips and detectors
ANSWERS = 512  # what is a few kilobytes
BYTES = 72e6  # signals, maps, tables and figures of all sessions: the last dozens of clips of 10 s
LONG = 6e6  # a value from which on it is of a long recording
LONG_BYTES = 256e6  # values of such: ten minutes of sound, denoised
FETCHED_BYTES, LONG_FETCHED_BYTES = 64e6, 384e6  # sounds that browsers fetch; three of ten minutes at 48 kHz are 345 MB
UPLOAD_BYTES = 256e6  # uploaded files of one session: hundreds of clips of 10 s; ten minutes at 48 kHz are 58 MB
# How caches tell apart what holds arrays or names a folder.
BY_KEY: dict[str | type, Callable[[Any], Any]] = {
    Source: lambda source: (*source.key(), source.location),
    Signal: Signal.key,
}

Arguments = ParamSpec("Arguments")
Value = TypeVar("Value")


def _inside(value: Any) -> Iterable[Any] | None:
    """What a value is made of; ``None`` of one that is not taken apart."""
    if is_dataclass(value):
        return [getattr(value, field.name) for field in fields(value)]
    if isinstance(value, dict):
        return value.values()
    if isinstance(value, (list, tuple)):
        return value
    # A figure of plotly's, known by what it can do: its library is imported where one is drawn.
    return value.to_plotly_json().values() if hasattr(value, "to_plotly_json") else None


def n_bytes(value: Any) -> int:
    """What a value takes, about: its arrays and files, and what Python says of anything else (pandas says it of its tables)."""
    if isinstance(value, np.ndarray | memoryview):
        return value.nbytes
    return sys.getsizeof(value) + sum(map(n_bytes, _inside(value) or ()))


class Held(MutableMapping[Any, Any]):
    """Values within a limit in bytes, the least recently used go first; long ones within a limit of their own."""

    def __init__(self, limit: float, long_limit: float, long: float = LONG) -> None:
        """
        Args:
            long: bytes of a value from which on it is a long one.
        """
        self._short: cachetools.LRUCache[Any, Any] = cachetools.LRUCache(limit, getsizeof=n_bytes)
        self._long: cachetools.LRUCache[Any, Any] = cachetools.LRUCache(long_limit, getsizeof=n_bytes)
        self._from = long

    def __getitem__(self, key: Any) -> Any:
        return self._long[key] if key in self._long else self._short[key]

    def __setitem__(self, key: Any, value: Any) -> None:
        """
        Raises:
            ValueError: for a value beyond the limit: it is not held.
        """
        (self._long if n_bytes(value) >= self._from else self._short)[key] = value

    def __delitem__(self, key: Any) -> None:
        del (self._long if key in self._long else self._short)[key]

    def __iter__(self) -> Iterator[Any]:
        return chain(self._short, self._long)

    def __len__(self) -> int:
        return len(self._short) + len(self._long)


_store = Held(BYTES, LONG_BYTES)
_turn = threading.Condition()  # whoever reads or writes the store


def _frozen(value: Value) -> Value:
    """The value, whose arrays can no longer be written to: all sessions share them."""
    if isinstance(value, np.ndarray):
        value.setflags(write=False)
    for part in _inside(value) or ():
        _frozen(part)
    return value


def cache_bytes(function: Callable[Arguments, Value]) -> Callable[Arguments, Value]:
    """Remember what a function gives, by its arguments (see :data:`BY_KEY`) but those whose name begins with ``_``.

    The value is shared, not copied, and its arrays are made read-only. Two sessions that ask at a time wait for one
    computation. What is longer than the whole store is not kept.
    """
    parameters = signature(function)

    def key(*args: Any, **kwargs: Any) -> tuple[Any, ...]:
        bound = parameters.bind(*args, **kwargs).arguments
        telling = (value for name, value in bound.items() if not name.startswith("_"))
        keys = (BY_KEY[type(value)](value) if type(value) in BY_KEY else value for value in telling)
        return (function.__module__, function.__qualname__, *keys)

    def compute(*args: Arguments.args, **kwargs: Arguments.kwargs) -> Value:
        return _frozen(function(*args, **kwargs))

    cached: Callable[Arguments, Value] = cachetools.cached(_store, key=key, condition=_turn)(compute)
    return cached


def remember(key: tuple[Any, ...], value: Any) -> None:
    """Put a value into the store that was computed elsewhere."""
    with _turn, suppress(ValueError):  # too long to be kept
        _store[key] = _frozen(value)


def recall(key: tuple[Any, ...]) -> Any:
    """What :func:`remember` was given for a key; ``None`` when it is gone."""
    with _turn:
        return _store.get(key)


# What browsers fetch, by name: bytes and their type.
FETCHED = Held(FETCHED_BYTES, LONG_FETCHED_BYTES)


def drop_oldest(values: dict[str, Any], limit: float = UPLOAD_BYTES) -> list[str]:
    """Take from a dict what came into it first until its values are within a limit in bytes; the last one stays.
    Returns the keys of what was removed."""
    gone = []
    sizes = {key: n_bytes(value) for key, value in values.items()}
    while len(values) > 1 and sum(sizes.values()) > limit:
        oldest = next(iter(values))
        del values[oldest], sizes[oldest]
        gone.append(oldest)
    return gone
