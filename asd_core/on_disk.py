"""Large arrays in a temporary file instead of in memory, used as if they were there.

The features of three hours of sound are 200 MB for each representation, and a network keeps them standardised besides. Mapped from
a file, they are the system's to keep or drop. The file has no name, and is gone with the last array. What was looked at stays in a
process's memory as far as the system is concerned, so :class:`Arrays` gives it back as it goes.
"""

import mmap
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import IO, Any, ClassVar, NamedTuple, overload
from weakref import WeakSet

import numpy as np
from numpy.typing import NDArray

from asd_core.errors import DatasetError, reason_of

_ALIGNED = 64  # bytes, as processors like to load them
_ROWS_AT_ONCE = 256  # arrays whose rows are written together
AROUND = 64 << 10  # bytes around a place that the system maps with it
_MOST = 64e6  # bytes looked at, after which those of all files are given back


class ArrayPlace(NamedTuple):
    """Where an array lies in a file, and what it is."""

    offset: int
    shape: tuple[int, ...]
    kind: str  # numpy's name of its type

    @property
    def size(self) -> int:
        """In bytes."""
        return int(np.prod(self.shape)) * np.dtype(self.kind).itemsize

    def moved(self, by: int) -> "ArrayPlace":
        return self._replace(offset=self.offset + by)


class _Mapped:
    """A file in memory that nobody writes to. Sent to another machine, its bytes go along, and are looked at where they arrive: Ray copies
    neither them nor what it has received."""

    _every: ClassVar["WeakSet[mmap.mmap]"] = WeakSet()  # also of whoever keeps an array alone
    _looked_at: ClassVar[float] = 0.0

    def __init__(self, file: IO[bytes]) -> None:
        memory = mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ)  # it stays when the file is closed
        self._bytes = np.frombuffer(memory, np.uint8)
        _Mapped._every.add(memory)

    def __reduce__(self) -> tuple[Any, ...]:
        _Mapped._looked_at += self._bytes.size  # from now on: given back when something is looked at next
        return _received, (self._bytes,)

    def at(self, place: ArrayPlace) -> NDArray[Any]:
        looked_at(place.size + 2 * AROUND)  # at either end
        array = self._bytes[place.offset : place.offset + place.size].view(place.kind).reshape(place.shape)
        if place.size < AROUND:  # or each would keep what lies around it
            array = array.copy()
            array.flags.writeable = False
        return array


def _received(memory: NDArray[np.uint8]) -> _Mapped:
    """A file of another machine."""
    mapped = _Mapped.__new__(_Mapped)
    mapped._bytes = memory
    return mapped


def looked_at(size: float) -> None:
    """Count bytes of mapped arrays that somebody looks at or has looked at; after many, the memory of all is given back. They
    are read again from their files where somebody still looks."""
    _Mapped._looked_at += size
    if _Mapped._looked_at > _MOST:
        _Mapped._looked_at = 0.0
        for one in list(_Mapped._every):
            one.madvise(mmap.MADV_DONTNEED)


class Arrays(Sequence[NDArray[Any]]):
    """Arrays that lie in files, as a sequence: one is mapped when it is asked for, and nobody can write to it. Keep this rather
    than a list of them: then memory does not grow with what was looked at."""

    def __init__(self, places: "list[tuple[_Mapped, ArrayPlace]]") -> None:
        self._places = places

    def __len__(self) -> int:
        return len(self._places)

    @overload
    def __getitem__(self, index: int) -> NDArray[Any]: ...

    @overload
    def __getitem__(self, index: slice) -> "Arrays": ...

    def __getitem__(self, index: "int | slice") -> "NDArray[Any] | Arrays":
        if isinstance(index, slice):
            return Arrays(self._places[index])
        file, place = self._places[index]
        return file.at(place)

    def shapes(self) -> list[tuple[int, ...]]:
        """Of each, without looking at it."""
        return [place.shape for _, place in self._places]

    def taken(self, indices: Iterable[int]) -> "Arrays":
        """Those at some places."""
        return Arrays([self._places[int(index)] for index in indices])

    def __add__(self, others: "Arrays") -> "Arrays":
        return Arrays(self._places + others._places)


def taken(values: Sequence[NDArray[Any]], indices: Iterable[int]) -> Sequence[NDArray[Any]]:
    """Those at some places of a sequence; of :class:`Arrays` none is looked at."""
    if isinstance(values, Arrays):
        return values.taken(indices)
    return [values[int(index)] for index in indices]


def joined(parts: Sequence[Sequence[NDArray[Any]]]) -> Sequence[NDArray[Any]]:
    """Sequences end to end; of :class:`Arrays` none is looked at."""
    mapped = [part for part in parts if isinstance(part, Arrays)]
    if len(mapped) == len(parts):
        return sum(mapped, Arrays([]))
    return [value for part in parts for value in part]


def shapes(values: Sequence[NDArray[Any]]) -> list[tuple[int, ...]]:
    """Of each array; of :class:`Arrays` none is looked at."""
    return values.shapes() if isinstance(values, Arrays) else [value.shape for value in values]


def long_rows(parts: Iterable[NDArray[np.float32]], length: int) -> Iterator[NDArray[np.float32]]:
    """The rows ``(length,)`` of arrays ``(n_rows, n)`` that stand end to end, one row after the other: what does not fit into memory
    as a whole."""
    n_rows, first, waiting = 0, 0, list[NDArray[np.float32]]()
    with tempfile.TemporaryFile() as file:

        def write() -> int:
            block = np.concatenate(waiting, axis=1)
            for row, values in enumerate(block):
                file.seek((row * length + first) * block.itemsize)
                file.write(values.tobytes())
            waiting.clear()
            return first + int(block.shape[1])

        try:
            for part in parts:
                n_rows = len(part)
                waiting.append(part.copy())
                if len(waiting) == _ROWS_AT_ONCE:
                    first = write()
            if waiting:
                first = write()
            file.flush()
        except OSError as error:
            raise _full(error) from error
        for row in range(n_rows):
            yield np.fromfile(file, np.float32, length, offset=row * length * 4 - file.tell())


class DiskArrays:
    """Takes arrays one by one, and gives them back mapped.

    Args:
        path: a file for another process to take over; one without a name for ``None``.
    """

    def __init__(self, path: Path | None = None) -> None:
        self._file: IO[bytes] = tempfile.TemporaryFile() if path is None else open(path, "wb")  # noqa: SIM115  # until mapped

    def add(self, array: NDArray[Any]) -> ArrayPlace:
        """Write an array behind the others: where it lies.

        Raises:
            DatasetError: when the disk of temporary files is full.
        """
        try:
            self._file.write(bytes(-self._file.tell() % _ALIGNED))
            place = ArrayPlace(self._file.tell(), array.shape, array.dtype.str)
            self._file.write(np.ascontiguousarray(array).reshape(-1).view(np.uint8).data)
        except OSError as error:
            raise _full(error) from error
        return place

    def take_over(self, path: Path) -> int:
        """Write what another process put into a file behind the others, and delete that: how far its places move.

        Raises:
            DatasetError: as :meth:`add`.
        """
        try:
            self._file.write(bytes(-self._file.tell() % _ALIGNED))
            first = self._file.tell()
            with open(path, "rb") as theirs:
                while data := theirs.read(1 << 20):
                    self._file.write(data)
            path.unlink()
        except OSError as error:
            raise _full(error) from error
        return first

    def close(self) -> None:
        """Have all written that was added.

        Raises:
            DatasetError: as :meth:`add`.
        """
        try:
            self._file.close()
        except OSError as error:
            raise _full(error) from error

    def arrays(self, *places: Iterable[ArrayPlace]) -> list[Arrays]:
        """Those at some places, a sequence for each list of places, once: nothing can be added then."""
        with self._file:
            try:
                if not self._file.tell():  # nothing, or arrays without a value
                    self._file.write(bytes(_ALIGNED))
                self._file.flush()
            except OSError as error:
                raise _full(error) from error
            mapped = _Mapped(self._file)
        return [Arrays([(mapped, place) for place in some]) for some in places]


def _full(error: OSError) -> DatasetError:
    return DatasetError(
        f"Features cannot be put into {tempfile.gettempdir()} ({reason_of(error)}): free space there, or name another folder in "
        "TMPDIR."
    )


def on_disk(arrays: Iterable[NDArray[Any]]) -> Arrays:
    """Arrays, each of which is written to disk before the next one is made."""
    kept = DiskArrays()
    return kept.arrays([kept.add(array) for array in arrays])[0]


def end_to_end(arrays: Iterable[NDArray[Any]]) -> NDArray[Any]:
    """Arrays ``(n, d)``, d times their size a multiple of 64 bytes, as one mapped array ``(all n, d)``. Who looks at it says so to
    :func:`looked_at`."""
    kept = DiskArrays()
    places = [kept.add(array) for array in arrays]
    first, last = places[0], places[-1]
    n = sum(place.shape[0] for place in places)
    assert last.offset + last.size == first.offset + n * first.size // first.shape[0], "a gap between arrays"
    return kept.arrays([first._replace(shape=(n, *first.shape[1:]))])[0][0]
