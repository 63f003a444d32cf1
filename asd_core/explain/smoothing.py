"""A map's strength over time without what is shorter than a listener tells apart."""

from typing import Literal

import numpy as np
from numpy.typing import NDArray


def moving_mean(
    values: NDArray[np.float64], seconds: float, hop_seconds: float, *, mode: Literal["same", "valid"] = "same"
) -> NDArray[np.float64]:
    """Means of as many neighbours of ``values (n_frames,)`` as last so long, one at least; see ``numpy.convolve`` for the ends."""
    width = max(1, round(seconds / hop_seconds))
    return np.convolve(np.asarray(values, dtype=np.float64), np.full(width, 1.0 / width), mode=mode)
