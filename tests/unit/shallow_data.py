"""Normal vectors and log-mels for the tests of the shallow detectors, and a tone in one band."""

import numpy as np
from numpy.typing import NDArray

from asd_core.detectors import Detector

MELS, FRAMES, TONE = 32, 80, 20


def correlated(n: int, d: int = 12, seed: int = 0) -> NDArray[np.float64]:
    """Normal vectors ``(n, d)`` of two kinds, mostly in three dimensions."""
    rng = np.random.default_rng(seed)
    mixing = np.random.default_rng(99).standard_normal((3, d))
    kind = rng.integers(2, size=(n, 1))
    return np.asarray(rng.standard_normal((n, 3)) @ mixing + 6.0 * kind * mixing[0] + 0.2 * rng.standard_normal((n, d)))


def log_mels(n: int, seed: int = 0, frames: int = FRAMES) -> list[NDArray[np.float32]]:
    """Normal log-mels: a spectrum, a level of its own for each clip, noise."""
    rng = np.random.default_rng(seed)
    spectrum = -30.0 + 10.0 * np.cos(np.arange(MELS) / 5.0)[:, None]
    return [
        (spectrum + rng.normal(0.0, 1.0) + rng.normal(0.0, 2.0, (MELS, frames))).astype(np.float32) for _ in range(n)
    ]


def with_tone(log_mel: NDArray[np.float32], gain: float = 14.0) -> NDArray[np.float32]:
    """A burst in one band, frames 40 to 49."""
    changed = log_mel.copy()
    changed[TONE, 40:50] += gain
    return changed


def fitted(detector: Detector, n: int = 60) -> Detector:
    return detector.fit(log_mels(n), ["00", "02"] * (n // 2), seed=0)


def close_together(n: int, heavy: bool = False) -> NDArray[np.float64]:
    """Vectors ``(n, 30)`` whose neighbouring dimensions hang together; each with a scale of its own where tails are heavy."""
    rng, lag = np.random.default_rng(0), np.abs(np.subtract.outer(np.arange(30), np.arange(30)))
    vectors = rng.standard_normal((n, 30)) @ np.linalg.cholesky(np.exp(-lag / 20.0)).T
    return np.asarray(vectors / np.sqrt(rng.chisquare(4, (n, 1)) / 4) if heavy else vectors)
