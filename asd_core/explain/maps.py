"""Anomaly maps, ready to be laid over a spectrogram."""

from collections.abc import Iterable

import numpy as np

from asd_core.detectors import Detector, detector_class
from asd_core.features import Array

STRONGEST = 99.5  # percentile of the map that is drawn full: a single point does not make the rest invisible


def drawable(anomaly_map: Array) -> Array:
    """A detector's map ``(n_mels, n_frames)`` from 0 (nothing, or below) to 1 (its strongest half percent)."""
    rest = np.maximum(np.nan_to_num(anomaly_map), 0.0)
    top = float(np.percentile(rest, STRONGEST)) or float(rest.max())
    return np.asarray(np.minimum(rest / top, 1.0) if top > 0 else rest, dtype=np.float32)


def with_map(keys: Iterable[str]) -> list[str]:
    """Those detectors that say where their score comes from."""
    return [key for key in keys if detector_class(key).explain is not Detector.explain]
