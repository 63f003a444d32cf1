"""How far a clip's levels lie from the normal reference: by time and band, by band alone, and which frequencies leave the band."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from asd_core.counting import counted
from asd_core.explain.reference import HIGH, LOW, NormalReference
from asd_core.features import Array

MERGED = 2  # bins inside the band that do not end a run: one bin inside by chance does not make two faults of one
LISTED = 3  # runs that a sentence names
EXPECTED = (LOW + 100.0 - HIGH) / 100.0  # of the frequencies of normal clips lie outside, on average


@dataclass(frozen=True)
class Run:
    """Neighbouring frequencies that lie outside the band of normal clips, all on one side of it."""

    f0: float  # Hz, centre of the first bin
    f1: float  # Hz, centre of the last bin
    peak: float  # Hz, where it is farthest outside
    beyond: float  # dB from the edge of the band at the peak; below 0: too quiet
    n_bins: int


def outside(levels: Array, low: Array, high: Array) -> NDArray[np.float64]:
    """How far each level is outside its band in dB: above 0 too loud, below 0 too quiet, 0 inside. All ``(n,)``."""
    values = np.asarray(levels, dtype=np.float64)
    return np.maximum(values - high, 0.0) + np.minimum(values - low, 0.0)


def runs(levels: Array, low: Array, high: Array, frequencies: NDArray[Any]) -> list[Run]:
    """Stretches of frequencies that leave the band, the farthest first.

    Args:
        levels, low, high: in dB, ``(n,)``.
        frequencies: centres in Hz, ``(n,)``.
    """
    beyond = outside(levels, low, high)
    results = []
    for sign in (1.0, -1.0):
        places = np.flatnonzero(sign * beyond > 0.0)
        for subset in np.split(places, np.flatnonzero(np.diff(places) > MERGED + 1) + 1) if len(places) else []:
            peak = int(subset[np.argmax(sign * beyond[subset])])
            edges = float(frequencies[subset[0]]), float(frequencies[subset[-1]])
            results.append(Run(*edges, float(frequencies[peak]), float(beyond[peak]), len(subset)))
    return sorted(results, key=lambda run: -abs(run.beyond))


def in_words(levels: Array, reference: NormalReference) -> str:
    """Which frequencies of a Welch spectrum leave the band of normal clips, and how far, in a sentence or two.

    Args:
        levels: of the clip, as the reference's Welch spectra are.
    """
    band = reference.welch_low, reference.welch_high
    result = runs(levels, *band, reference.welch_frequencies)
    share = float(np.mean(outside(levels, *band) != 0.0))
    whole = (
        f"{share:.0%} of the frequencies lie outside the band of {counted(reference.n_clips, 'normal clip')} "
        f"(about {EXPECTED:.0%} on average over normal clips; a louder one has more)"
    )
    if not result:
        return f"{whole}."
    named = "; ".join(_named(run) for run in result[:LISTED])
    return f"{whole}. Farthest outside: {named}."


def _named(run: Run) -> str:
    where = f"{_hertz(run.peak)} Hz" if run.n_bins == 1 else f"{_hertz(run.f0)}–{_hertz(run.f1)} Hz"
    side = "above" if run.beyond > 0 else "below"
    at = "" if run.n_bins == 1 else f" at {_hertz(run.peak)} Hz"
    return f"{where}, {abs(run.beyond):.1f} dB {side} it{at}"


def _hertz(frequency: float) -> str:
    return f"{frequency:,.0f}"


def from_mean(log_mel: Array, reference: NormalReference) -> Array:
    """A log-mel against the mean level of the normal clips at each band: ``(n_mels, n_frames)`` in dB."""
    return np.asarray(log_mel - reference.mel_mean[:, None], dtype=np.float32)


def level_difference(one: Array, other: Array) -> NDArray[np.float64]:
    """Level of one clip above another at each band, both averaged over time: ``(n_mels,)`` in dB.

    Args:
        one, other: log-mels ``(n_mels, n_frames)``; their lengths may differ.
    """
    return np.asarray(one.mean(axis=1, dtype=np.float64) - other.mean(axis=1, dtype=np.float64))


def largest(values: Sequence[float] | NDArray[Any], percentile: float = 99.5, least: float = 6.0) -> float:
    """A limit for symmetric colours in dB: nearly the largest distance from 0, so that one point does not pale the rest."""
    sizes = np.abs(np.asarray(values, dtype=np.float64))
    return max(least, float(np.percentile(sizes[np.isfinite(sizes)], percentile)) if sizes.size else least)
