"""What the server remembers: the sizes of all caches, and the one cache that is bound by bytes.

Small values are in ``st.cache_data`` and what is shared as it is in ``st.cache_resource``, both bound by entries. Signals, maps
and tables are as long as a recording: all of them share one store of :data:`BYTES`, the least recently used go first.
"""

import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import fields, is_dataclass
from inspect import signature
from typing import Any, ParamSpec, TypeVar

import cachetools
import numpy as np

from asd_core.sound import Signal
from pages.shared.sources import Source

FOLDERS = 4  # folders of detectors, datasets, and their tables: a server shows few
SELECTIONS = 16  # what is computed from the tables of chosen clips and detectors
ANSWERS = 512  # what is a few kilobytes
BYTES = 256e6  # signals, maps and tables of all sessions: a hundred clips of 10 s, or ten minutes of sound, denoised
FETCHED_BYTES = 512e6  # the three sounds of ten minutes at 48 kHz are 345 MB
UPLOAD_BYTES = 256e6  # uploaded files of one session: hundreds of clips of 10 s; ten minutes at 48 kHz are 58 MB
# How caches tell apart what holds arrays or names a folder.
BY_KEY: dict[str | type, Callable[[Any], Any]] = {
    Source: lambda source: (*source.key(), source.location),
    Signal: Signal.key,
}

Arguments = ParamSpec("Arguments")
Value = TypeVar("Value")


def _parts(value: Any) -> Iterator[np.ndarray[Any, Any] | bytes]:
    """The arrays and files in a value: in dataclasses, dicts and sequences, at any depth."""
    if isinstance(value, np.ndarray | bytes):
        yield value
    elif is_dataclass(value):
        for field in fields(value):
            yield from _parts(getattr(value, field.name))
    elif isinstance(value, dict):
        for one in value.values():
            yield from _parts(one)
    elif isinstance(value, (list, tuple)):
        for one in value:
            yield from _parts(one)


def n_bytes(value: Any) -> int:
    """What a value takes, about: its arrays and files, and what Python says of anything else (pandas says it of its tables)."""
    return sys.getsizeof(value) + sum(
        part.nbytes if isinstance(part, np.ndarray) else len(part) for part in _parts(value)
    )


_store: "cachetools.LRUCache[tuple[Any, ...], Any]" = cachetools.LRUCache(BYTES, getsizeof=n_bytes)
_turn = threading.Condition()  # whoever reads or writes the store


def _frozen(value: Value) -> Value:
    """The value, whose arrays can no longer be written to: all sessions share them."""
    for part in _parts(value):
        if isinstance(part, np.ndarray):
            part.setflags(write=False)
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
    with _turn:
        _frozen(value)
        if n_bytes(value) <= _store.maxsize:
            _store[key] = value


def recall(key: tuple[Any, ...]) -> Any:
    """What :func:`remember` was given for a key; ``None`` when it is gone."""
    with _turn:
        return _store.get(key)


# What browsers fetch, by name: bytes and their type.
FETCHED: "cachetools.LRUCache[str, tuple[bytes, str]]" = cachetools.LRUCache(FETCHED_BYTES, lambda held: len(held[0]))


def drop_oldest(values: dict[str, Any], limit: float = UPLOAD_BYTES) -> list[str]:
    """Take from a dict what came into it first until its values are within a limit in bytes; the last one stays. What went."""
    gone = []
    sizes = {key: n_bytes(value) for key, value in values.items()}
    while len(values) > 1 and sum(sizes.values()) > limit:
        oldest = next(iter(values))
        del values[oldest], sizes[oldest]
        gone.append(oldest)
    return gone
