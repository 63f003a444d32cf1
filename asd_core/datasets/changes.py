"""What is done to a prepared clip before it is transformed: a value, which other processes get and stored features are known by."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from asd_core.sound import Clip


class ClipChange(Protocol):
    """Makes one or more versions of a prepared clip; an object of a top-level class that is plain data."""

    def keys(self, sha256: str) -> Sequence[str]:
        """What tells the versions of a clip apart from each other and from what other changes give, in their order; empty for
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
