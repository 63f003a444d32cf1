"""The Gaussian mixture of plain vectors, under the name that docs/library.md gives beside the other densities."""

from asd_core.detectors.common.gmm import Gmm

__all__ = ["Gmm"]
