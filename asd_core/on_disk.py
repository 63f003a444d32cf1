"""Large arrays in a temporary file instead of in memory, used as if they were there.

The features of three hours of sound are 200 MB for each representation, and a network keeps them standardised besides. Mapped from
a file, they are the system's to keep or drop. The file has no name, and is gone with the last array.
"""

import tempfile
from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from asd_core.errors import DatasetError

_ALIGNED = 64  # bytes, as processors like to load them


class DiskArrays:
    """Takes arrays one by one, and gives them back mapped."""

    def __init__(self) -> None:
        self._file = tempfile.TemporaryFile()  # noqa: SIM115  # it is open for as long as an array is mapped
        self._places: list[tuple[int, tuple[int, ...], np.dtype[Any]]] = []

    def add(self, array: NDArray[Any]) -> None:
        """Write an array behind the others.

        Raises:
            DatasetError: when the disk of temporary files is full.
        """
        try:
            self._file.write(bytes(-self._file.tell() % _ALIGNED))
            self._places.append((self._file.tell(), array.shape, array.dtype))
            self._file.write(np.ascontiguousarray(array).reshape(-1).view(np.uint8).data)
        except OSError as error:
            raise DatasetError(
                f"Features cannot be put into {tempfile.gettempdir()} ({error.strerror}): free space there, or name another "
                "folder in TMPDIR."
            ) from error

    def arrays(self) -> list[NDArray[Any]]:
        """All of them, in order, once: nothing can be added then. What is written to them stays in memory."""
        with self._file:  # mapped, it stays until the last array is gone
            if not self._places:
                return []
            self._file.flush()
            mapped = np.asarray(np.memmap(self._file, dtype=np.uint8, mode="c"))
        sizes = [int(np.prod(shape)) * kind.itemsize for _, shape, kind in self._places]
        return [
            mapped[first : first + size].view(kind).reshape(shape)
            for (first, shape, kind), size in zip(self._places, sizes, strict=True)
        ]


def on_disk(arrays: Iterable[NDArray[Any]]) -> list[NDArray[Any]]:
    """Arrays, each of which is written to disk before the next one is made."""
    kept = DiskArrays()
    for array in arrays:
        kept.add(array)
    return kept.arrays()
