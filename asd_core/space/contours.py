"""Where most of the normal clips lie in a plane."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from asd_core.features import Array

CELLS = 120  # of the grid, each way
MARGIN = 3.0  # bandwidths around the outermost point
MIN_SPREAD = 1e-9
FEWEST = 10  # clips that a density can be drawn of


@dataclass(frozen=True, eq=False)
class DensityRegions:
    """A grid over the plane: at every cell the share of the clips that lie where they are denser."""

    x: Array  # (CELLS,)
    y: Array  # (CELLS,)
    enclosed: Array  # (CELLS, CELLS): rows are y; the line at 0.9 holds the densest 90% of the clips


def density_regions(xy: NDArray[Any]) -> DensityRegions | None:
    """Kernel density of ``(n, 2)`` points; ``None`` for fewer than ten, or points on a line.

    Gaussian kernels of Scott's bandwidth for each axis (Scott, 1992), computed on a grid: points are counted in cells
    and the counts blurred, which takes milliseconds however many points there are.
    """
    from scipy.ndimage import gaussian_filter

    n = len(xy)
    if n < FEWEST:
        return None
    low, high = np.percentile(xy, [25, 75], axis=0)
    # A few clips far out must not blur the crowd (Silverman, 1986, 3.4.2).
    spread = np.minimum(xy.std(axis=0), (high - low) / 1.34)
    if float(spread.min()) < MIN_SPREAD:
        return None
    bandwidth = spread * n ** (-1.0 / 6.0)
    low, high = xy.min(axis=0) - MARGIN * bandwidth, xy.max(axis=0) + MARGIN * bandwidth
    edges = [np.linspace(low[i], high[i], CELLS + 1) for i in (0, 1)]
    counts, _, _ = np.histogram2d(xy[:, 1], xy[:, 0], bins=[edges[1], edges[0]])
    cell = (high - low) / CELLS
    grid = gaussian_filter(counts, sigma=[bandwidth[1] / cell[1], bandwidth[0] / cell[0]], mode="constant")
    column = np.clip(((xy[:, 0] - low[0]) / cell[0]).astype(int), 0, CELLS - 1)
    row = np.clip(((xy[:, 1] - low[1]) / cell[1]).astype(int), 0, CELLS - 1)
    at_clips = np.sort(grid[row, column])
    enclosed = 1.0 - np.searchsorted(at_clips, grid.ravel(), side="left").reshape(grid.shape) / n
    x, y = ((edge[:-1] + edge[1:]) / 2.0 for edge in edges)
    return DensityRegions(x.astype(np.float32), y.astype(np.float32), enclosed.astype(np.float32))
