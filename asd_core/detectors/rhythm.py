"""Rhythm: how fast each band rises and falls, and when the strokes come back. What rank and average pooling forget.

Levels sorted over time or averaged are the same whatever the order of the strokes, so no detector on them can tell a machine
that drops every fourth stroke, speeds up or slows down, as long as its levels stay. Here nothing but time counts: a gain of
the clip, or of any of its bands, changes no score.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from asd_core.detectors.base import Density, DensityPerId, DetectorInfo, Scores
from asd_core.detectors.common.crops import at_least, fixed_crops
from asd_core.detectors.common.modulation import (
    CROP,
    HOP,
    MODULATIONS,
    autocorrelation,
    modulation_power,
    modulation_spectrum,
)
from asd_core.detectors.common.network import to_tensor
from asd_core.detectors.common.whitening import standardisation
from asd_core.features import Array
from asd_core.lazy import sklearn
from asd_core.progress import Progress, silent

BANDS = 16  # of neighbouring mel bands
GROUPS = 4  # of neighbouring sub-bands whose strokes may come back at other times than those of the others
LONGEST = 128  # frames: periods up to 4 s
SHORTEST = 2 * LONGEST  # frames, so that the longest lag is averaged over as many; shorter clips are mirrored


def _geometric(n: int) -> tuple[int, ...]:
    """``n`` edges of lags from 1 to the longest in equal ratios, those less than a frame apart once."""
    return tuple(dict.fromkeys(round(float(edge)) for edge in np.geomspace(1, LONGEST + 1, n)))


# Autocorrelations are averaged between two edges: 7% apart for the overall envelope, so that a period that changes by a tenth
# moves to other values.
OVERALL_LAGS, GROUP_LAGS = _geometric(72), _geometric(14)
N_MODULATIONS = BANDS * (len(MODULATIONS) - 1)
N_LAGS = len(OVERALL_LAGS) - 1 + GROUPS * (len(GROUP_LAGS) - 1)
# Against the leakage of slow swings into fast modulations, which a crop's ends cause (Harris, Proc. IEEE 66, 1978).
HANN = np.hanning(CROP + 1)[:-1].astype(np.float32)


def envelopes(log_mel: Array) -> Array:
    """Level of each sub-band in dB: ``(n_mels, n_frames) -> (BANDS, n_frames)``."""
    return np.asarray(log_mel.reshape(BANDS, -1, log_mel.shape[1]).mean(axis=1), dtype=np.float32)


def lag_profile(bands: Array) -> NDArray[np.float64]:
    """Autocorrelation by lag of the overall envelope and of each group's, of ``(BANDS, n_frames)``: ``(N_LAGS,)``.

    Its peaks lie at the period and its multiples, and are the higher the more regular the strokes are. Fisher's z of it, which
    spreads alike at all heights.
    """
    groups = bands.reshape(GROUPS, -1, bands.shape[1]).mean(axis=1)
    means: list[float] = []
    for envelope, edges in [(bands.mean(axis=0), OVERALL_LAGS), *((group, GROUP_LAGS) for group in groups)]:
        correlation = autocorrelation(envelope, LONGEST)
        means += [float(correlation[first:last].mean()) for first, last in pairwise(edges)]
    return np.asarray(np.arctanh(np.clip(means, -0.999, 0.999)), dtype=np.float64)


def period(overall: NDArray[Any]) -> tuple[float, float]:
    """Lag in frames of the first high peak of the autocorrelation, and its height (regularity, up to 1).

    High: four fifths of the highest one behind the first zero. The highest itself is often at a multiple of the period.
    """
    correlation = autocorrelation(overall, LONGEST)
    first = int(np.argmax(correlation < 0.0)) or 1
    rest = correlation[first:]
    inner = rest[1:-1]
    peaks = np.flatnonzero((inner >= rest[:-2]) & (inner >= rest[2:]) & (inner >= 0.8 * rest.max())) + 1
    lag = first + int(peaks[0] if len(peaks) else rest.argmax())
    return float(lag), float(correlation[lag])


def rhythm(log_mel: Array) -> Array:
    """A clip's rhythm, ``(N_MODULATIONS + N_LAGS,)``: its sub-bands' modulation spectra in dB, then its :func:`lag_profile`."""
    bands = envelopes(at_least(log_mel, SHORTEST))
    crops = fixed_crops(bands, CROP, HOP)
    crops = (crops - crops.mean(axis=2, keepdims=True)) * HANN
    modulations = modulation_spectrum(to_tensor(crops), pool=1).numpy()
    return np.concatenate([modulations, lag_profile(bands)]).astype(np.float32)


class RhythmGaussian(Density):
    """Squared Mahalanobis distance of the modulations plus that of the lags, each with Ledoit and Wolf's shrinkage (2004).

    Values are standardised first: decibels and correlations have no common unit, and shrinkage towards one variance for all
    would let the decibels decide.
    """

    centre_: NDArray[np.float64]  # (d,)
    spread_: NDArray[np.float64]  # (d,)
    modulations_: NDArray[np.float32]  # (N_MODULATIONS, N_MODULATIONS): precision of standardised values
    lags_: NDArray[np.float32]  # (N_LAGS, N_LAGS): the same

    def fit(self, vectors: NDArray[Any], *, seed: int = 0) -> Self:
        self.centre_, self.spread_ = standardisation(vectors)
        values = (vectors - self.centre_) / self.spread_
        self.modulations_, self.lags_ = (
            sklearn.covariance.LedoitWolf(assume_centered=True).fit(part).precision_.astype(np.float32)
            for part in np.split(values, [N_MODULATIONS], axis=1)
        )
        return self

    def shares(self, vectors: NDArray[Any]) -> NDArray[np.float64]:
        """What each value adds to its vector's score, ``(n, d)``; where values are correlated it may take some off."""
        values = (vectors - self.centre_) / self.spread_
        modulations, lags = np.split(values, [N_MODULATIONS], axis=1)
        return np.asarray(np.hstack([modulations @ self.modulations_, lags @ self.lags_]) * values, dtype=np.float64)

    def score(self, vectors: NDArray[Any]) -> Scores:
        return np.asarray(self.shares(vectors).sum(axis=1))


@dataclass(frozen=True, eq=False)
class Contributions:
    """What raises a clip's score, each at least 0: ``modulations`` is ``(BANDS, 8)``, ``lags (N_LAGS,)``.

    ``more`` says, in the shape of ``modulations``, where the band fluctuates more strongly than the normal clips do.
    """

    modulations: NDArray[np.float64]
    lags: NDArray[np.float64]
    more: NDArray[np.bool_]


@dataclass
class Rhythm(DensityPerId):
    """Shrinkage Gaussians a machine id: of sixteen sub-bands' modulation spectra, and of the envelopes' autocorrelations."""

    map_shows: ClassVar[str] = "what raises the score"
    info: ClassVar[DetectorInfo] = DetectorInfo(
        key="rhythm",
        title="Rhythm",
        origin="beyond",
        scope="machine id",
        paper="Modulation spectrum after Houtgast and Steeneken, The modulation transfer function in room acoustics as a "
        "predictor of speech intelligibility, Acustica 1973; covariance by Ledoit and Wolf, 2004. The combination is this "
        "project's.",
        decides="Compares how fast each band rises and falls, and when the strokes come back, with the normal clips.",
        catches="Catches missing, late, slower or additional strokes; misses a steady sound that is merely louder.",
        how_it_scores="Squared Mahalanobis distances (shrinkage covariance, standardised values), added: of the power of sixteen "
        "sub-bands' envelopes in eight modulation bands from 0.25 to 15 Hz, in dB, and of the autocorrelation, at lags of up to "
        "4 s, of the overall envelope and of four groups of sub-bands. Envelopes are levels in dB about their mean, so no gain, "
        "of the clip or of a band, counts.",
        when_not_to_use="For a steady machine whose faults change its level or its tones alone, or where normal recordings "
        "are of many speeds; with clips of less than about 8 s it knows little of slow rhythms. Its map shows where additional "
        "fluctuation is; what is missing, and a changed period, are at no moment and are spread over the clip.",
    )

    def new_model(self) -> RhythmGaussian:
        return RhythmGaussian()

    def vectors(self, features: Sequence[Array]) -> Array:
        return np.stack([rhythm(log_mel) for log_mel in features])

    def fit(
        self, features: Sequence[Array], machine_ids: Sequence[str], *, seed: int = 0, progress: Progress = silent
    ) -> Self:
        super().fit(features, machine_ids, seed=seed, progress=progress)
        periods = np.array([period(envelopes(at_least(log_mel, SHORTEST)).mean(axis=0)) for log_mel in features])
        for machine_id in self.machine_ids_:
            lag, height = np.median(periods[np.asarray(machine_ids) == machine_id], axis=0)
            self.diagnostics_[machine_id] = {
                "period_frames": round(float(lag), 1),
                "regularity": round(float(height), 4),
            }
        return self

    def contributions(self, features: Array, machine_id: str) -> Contributions:
        """Which band and which modulation, and which lags, raise the score of a clip's log-mel ``(n_mels, n_frames)``.

        Raises:
            UnknownMachineError: for a machine id that was not trained on.
        """
        self._known([machine_id])
        model = self.models_[machine_id]
        assert isinstance(model, RhythmGaussian)
        vector = rhythm(features)
        raising = np.maximum(model.shares(vector[None])[0], 0.0)
        more = (vector > model.centre_)[:N_MODULATIONS].reshape(BANDS, -1)
        return Contributions(raising[:N_MODULATIONS].reshape(BANDS, -1), raising[N_MODULATIONS:], more)

    def explain(self, features: Array, machine_id: str) -> Array | None:
        """What raises the score, laid back over the clip: where a band fluctuates more than normal, in proportion to when it
        does so; where it fluctuates less, and for the lags, evenly, since what is missing is at no moment. The sum over all
        points is that of :meth:`contributions`."""
        contributions = self.contributions(features, machine_id)
        n_mels, n_frames = features.shape
        power = modulation_power(envelopes(features)).transpose(1, 0, 2)  # (BANDS, 8, n_frames)
        total = power.sum(axis=2, keepdims=True)
        there = contributions.more[:, :, None] & (total > 1e-9)
        when = np.where(there, power / np.maximum(total, 1e-9), 1.0 / n_frames)
        bands = (contributions.modulations[:, :, None] * when).sum(axis=1) + contributions.lags.sum() / (
            BANDS * n_frames
        )
        height = n_mels // BANDS
        return np.repeat(bands / height, height, axis=0).astype(np.float32)
