"""Clips of any length for a network that takes one length: repeated where short, in windows where long."""

from collections.abc import Sequence

import numpy as np

from asd_core.detectors.common.crops import starts
from asd_core.features import Array
from asd_core.on_disk import shapes

GRID = 1600  # samples: a length of which this is a divisor has a quick FFT
LONGEST = 192_000  # samples, 12 s at 16 kHz: a spectrum and a network for longer ones would cost too much


def usual_length(clips: Sequence[Array]) -> int:
    """The median number of samples of training clips ``(n_samples,)``, rounded down to the grid, 12 s at most."""
    return int(np.clip(np.median([shape[0] for shape in shapes(clips)]) // GRID * GRID, GRID, LONGEST))


def at_length(samples: Array, length: int) -> Array:
    """A clip repeated from its start until it has ``length`` samples, if it has fewer; float32."""
    return np.resize(samples, max(length, len(samples))).astype(np.float32)


def random_window(samples: Array, length: int, rng: np.random.Generator) -> Array:
    """``(length,)`` from a random place of a clip, repeated first where it is short."""
    long_enough = at_length(samples, length)
    first = rng.integers(len(long_enough) - length + 1)
    return long_enough[first : first + length]


def fixed_windows(samples: Array, length: int) -> tuple[Array, list[int]]:
    """Windows ``(n, length)`` that cover a clip, the same ones every time, and the first sample of each.

    They overlap only as needed: the last one ends where the clip does.
    """
    long_enough = at_length(samples, length)
    firsts = starts(len(long_enough), length, length)
    return np.stack([long_enough[first : first + length] for first in firsts]), firsts
