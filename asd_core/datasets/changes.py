"""A change made to a prepared clip before it is transformed: a plain value, so that it can be sent to other processes
and be part of the key of stored features."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from asd_core.sound import Clip


class ClipChange(Protocol):
    """Makes one or more versions of a prepared clip; an object of a top-level class that is plain data."""

    def keys(self, sha256: str) -> Sequence[str]:
        """A key for each version of a clip, in their order, that no other version and no other change has; empty for
        the clip as recorded."""
        ...

    def __call__(self, clip: Clip) -> Iterable[Clip]:
        """The versions, in the order of the keys; the same ones every time."""
        ...


@dataclass(frozen=True)
class AsRecorded:
    """Nothing is done."""

    def keys(self, sha256: str) -> Sequence[str]:
        return ("",)

    def __call__(self, clip: Clip) -> Iterable[Clip]:
        return (clip,)
