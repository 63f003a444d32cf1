"""The contract of every engine, and the simplest one."""

from collections.abc import Callable, Iterable, Iterator
from typing import Protocol, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


class Engine(Protocol):
    """Does the same work on many items.

    Attributes:
        shares_files: whether its workers see this machine's files, so that large results can travel by one.
    """

    shares_files: bool

    def map(self, function: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[Result]:
        """The function's results in the order of the items, as they come.

        Only a bounded number of items is taken ahead of what the caller has taken, so that endless ones are fine.

        Args:
            function: a top-level function, or an object of a top-level class: other processes find it by its name.
            items: plain data that can be sent to another process; large arrays travel by files that both sides can read.

        Raises:
            WorkerError: when the process or machine that had an item was lost again and again. Whatever the function raises.
        """
        ...

    def close(self) -> None:
        """Give back what the engine holds. It may be used again."""
        ...


class Here:
    """Does everything in this process, an item when it is asked for."""

    shares_files = True

    def map(self, function: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[Result]:
        return map(function, items)

    def close(self) -> None:
        pass
