"""One Gaussian of plain vectors whose shrinkage held-out vectors choose."""

from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from asd_core.detectors.common.gaussian import Mahalanobis
from asd_core.detectors.common.shrinkage import shrunk_whitening


class Gaussian(Mahalanobis):
    """Squared Mahalanobis distance, each dimension standardised first, with the shrinkage of
    :func:`asd_core.detectors.common.shrinkage.shrinkage_intensity`.

    The sound detectors have Ledoit and Wolf's, which their vectors were chosen with.
    """

    mean_: NDArray[np.float64]  # (d,)
    precision_: NDArray[np.float64]  # (d, d)

    def fit(self, vectors: NDArray[Any], *, seed: int = 0) -> Self:
        whitening = shrunk_whitening(vectors, seed=seed)
        self.mean_, axes = whitening.mean, whitening.axes.astype(np.float64)
        self.precision_ = axes.T @ axes
        return self
