"""Where most clips of a map are: a few far out would leave the others no room."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

FAR_OUT = 3.0  # interquartile ranges beyond the quartiles (Tukey, 1977)
MIN_SHRINKAGE = 1.5  # an axis must become shorter by this factor, or nothing is left out
AROUND = 0.05  # of the range, on each side


@dataclass(frozen=True, eq=False)
class Bulk:
    """The part of a map that holds all points but those far out."""

    low: NDArray[np.float64]  # (d,): ends of each axis
    high: NDArray[np.float64]

    def outside(self, places: NDArray[Any]) -> NDArray[np.bool_]:
        """Which of some points ``(n, d)`` are not in it: ``(n,)``."""
        return np.asarray(((places < self.low) | (places > self.high)).any(axis=1))


def bulk_of(places: NDArray[Any]) -> Bulk | None:
    """The bulk of points ``(n, d)``; ``None`` where all may be shown: none is far out, or leaving them out gains little."""
    first, third = np.percentile(places, [25, 75], axis=0)
    reach = FAR_OUT * (third - first)
    near = places[((places >= first - reach) & (places <= third + reach)).all(axis=1)]
    low, high = near.min(axis=0), near.max(axis=0)
    span = high - low
    if not (np.ptp(places, axis=0) > MIN_SHRINKAGE * span).any() or not (span > 0).all():
        return None
    return Bulk(low - AROUND * span, high + AROUND * span)
