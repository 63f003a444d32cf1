"""How often a bootstrap takes each clip, and how many resamples a score table gets."""

from collections.abc import Iterator
from functools import lru_cache
from zlib import crc32

import numpy as np

from asd_core.evaluation.linear_part import LARGE
from asd_core.evaluation.resampled_auc import Counts
from asd_core.evaluation.roc_auc import RESAMPLES

CHUNK_NUMBERS = 5_000_000  # counts held at once: 20 MB; the scores are sorted again for each chunk
WORK = 100_000_000  # scores drawn over all resamples: some 2 s on one core
FEWEST = 200  # resamples: only for so many clips that an interval is a few thousandths wide


def resamples_for(n_rows: int) -> int:
    """How many resamples a score table of so many rows gets: 1,000 up to 100,000 rows, then fewer, not below 200.

    The ends of a percentile interval from 200 resamples are off by about a tenth of its width (they are quantiles of 200
    draws), which is less than the figures show once clips come in tens of thousands.
    """
    return int(min(RESAMPLES, max(FEWEST, WORK // max(1, n_rows))))


def taken(machine_id: str, n: int, m: int, resamples: int, seed: int) -> Iterator[tuple[slice, Counts, Counts]]:
    """How often each of ``n`` normal and ``m`` anomalous clips of an id is taken, some resamples at a time.

    Yields:
        Which resamples, then counts ``(n, resamples)`` and ``(m, resamples)``. They depend on ``seed`` and the id alone.
    """
    chunk = max(16, CHUNK_NUMBERS // (n + m))
    if resamples <= chunk:
        yield slice(0, resamples), *_taken_at_once(machine_id, n, m, resamples, seed)
        return
    generators = _generators(machine_id, seed)
    for first in range(0, resamples, chunk):
        size = min(chunk, resamples - first)
        yield slice(first, first + size), *_draw(generators, n, m, size)


@lru_cache(maxsize=8)  # of 5 MB: the band of a curve takes the clips again that its intervals have taken
def _taken_at_once(machine_id: str, n: int, m: int, resamples: int, seed: int) -> tuple[Counts, Counts]:
    drawn = _draw(_generators(machine_id, seed), n, m, resamples)
    for counts in drawn:
        counts.setflags(write=False)
    return drawn


def _generators(machine_id: str, seed: int) -> list[np.random.Generator]:
    """One for normal clips and one for anomalies, so that the draws do not depend on how the resamples are cut into chunks."""
    return [np.random.default_rng([seed, crc32(machine_id.encode()), k]) for k in (0, 1)]


def _draw(generators: list[np.random.Generator], n: int, m: int, size: int) -> tuple[Counts, Counts]:
    normal, anomaly = (_counts(rng, k, size) for rng, k in zip(generators, (n, m), strict=True))
    return normal, anomaly


def _counts(rng: np.random.Generator, n: int, size: int) -> Counts:
    # A byte is enough: of more clips than that none is taken 256 times (once in 10^500 draws).
    if n < LARGE:
        return np.ascontiguousarray(rng.multinomial(n, np.full(n, 1.0 / n), size=size).T, dtype=np.uint8)
    counts = np.empty((size, n), dtype=np.uint8)  # the same distribution, in a seventh of the time
    for row in counts:
        row[:] = np.bincount(rng.integers(n, size=n, dtype=np.int32), minlength=n)
    return np.ascontiguousarray(counts.T)
