"""The noise floor of a machine id's training normals, band by band, and how far the normals spread around it.

The floor of a band is its log-mel's mean over time less one standard deviation: bursts raise both. Residuals of
a Gaussian by its precision matrix: Lauritzen, Graphical Models (1996), 5.1.3; units by the median absolute deviation: Huber,
Robust Statistics (1981), 5.1. Units and limit come from normals that the Gaussian was not fitted on (ten-fold).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from asd_core.features import LogMel

Values = NDArray[np.float64]

# Chosen on the demo's normals and anomalies, and checked on real recordings: see `python -m benchmarks.applicability`.
MARGIN = 1.5  # times what 98% of normal clips keep below: the demo's farthest anomaly reaches 1.3
LEAST_CLIPS = 10  # normals that a spread can be taken from
ENOUGH_CLIPS = 50  # fewer do not show what 98% of them keep below: the limit is wider for them
FOLDS = 10
USUAL = 0.9  # of a machine id's normals count as its usual ones, by spectrum and by level
SHRINKAGE = (
    0.05  # towards equal variances: fewer clips than bands have no covariance of full rank (Ledoit & Wolf, 2004)
)
FRAMES = 313  # of a clip of 10 s, where the number is not known
CORRELATED = 1.5  # frames that overlap by half tell as much as two thirds of them would


@dataclass(frozen=True, eq=False)
class MachineNormals:
    """What the guard knows of a machine id's training normals: arrays ``(n_bands,)``, levels in dB."""

    machine_id: str
    n_clips: int
    frequencies: Values  # centres in Hz
    centre: Values  # mean floor
    precision: Values  # (n_bands, n_bands) of the floors
    unit: Values  # of the residuals, in dB
    limit: float  # on the median residual
    quiet: Values  # lowest floor
    low: Values  # lowest and highest floor, each clip's own level put aside
    high: Values
    faintest: Values  # lowest mean level, each clip's own level put aside
    level: float  # median floor over bands and clips
    quietest: float
    loudest: float


def floor(pooled: Values) -> Values:
    """Level in dB that each band hardly falls below, ``(n, n_bands)``: mean less one standard deviation over time.

    Args:
        pooled: see :func:`asd_core.features.pool`, ``(n, 3 * n_bands)``.
    """
    n = pooled.shape[-1] // 3
    return pooled[..., :n] - pooled[..., n : 2 * n]


def machine_normals(pooled: Values, machine_id: str) -> MachineNormals | None:
    """The reference of a machine id; ``None`` where there are too few clips to take a spread from.

    Args:
        pooled: of its training normals, ``(n_clips, 3 * n_bands)``.
    """
    values = np.asarray(pooled, dtype=np.float64)
    if len(values) < LEAST_CLIPS:
        return None
    floors, n_bands = floor(values), values.shape[1] // 3
    unit, typical = _distances(values)
    centre, precision = _gaussian(floors)
    levels = np.median(floors, axis=1)
    return MachineNormals(
        machine_id=machine_id,
        n_clips=len(values),
        frequencies=LogMel(n_mels=n_bands).frequencies(),
        centre=centre,
        precision=precision,
        unit=unit,
        limit=MARGIN * float(np.quantile(typical, 0.98)) * max(1.0, np.sqrt(ENOUGH_CLIPS / len(values))),
        quiet=floors.min(axis=0),
        low=(floors - levels[:, None]).min(axis=0),
        high=(floors - levels[:, None]).max(axis=0),
        faintest=(values[:, :n_bands] - levels[:, None]).min(axis=0),
        level=float(np.median(levels)),
        quietest=float(levels.min()),
        loudest=float(levels.max()),
    )


def usual_clips(pooled: Values) -> Values:
    """Those of a machine id's training normals that are not among its most unusual, in their spectrum or their level.

    One odd recording widens the range of a machine's normals until most sounds fit: enough to doubt that something is
    foreign, not enough to say that it is this machine's.

    Args:
        pooled: of its training normals, ``(n_clips, 3 * n_bands)``, at least `LEAST_CLIPS`.
    """
    values = np.asarray(pooled, dtype=np.float64)
    levels = np.median(floor(values), axis=1)
    far = np.abs(levels - np.median(levels))
    _, typical = _distances(values)
    return np.asarray(values[(typical <= np.quantile(typical, USUAL)) & (far <= np.quantile(far, USUAL))])


def _distances(values: Values) -> tuple[Values, Values]:
    """Units of the bands' residuals ``(n_bands,)`` and each clip's median distance in them ``(n_clips,)``, each clip predicted
    by a Gaussian that it was not fitted on."""
    floors = floor(values)
    residuals = np.empty_like(floors)
    turn = np.arange(len(floors)) % FOLDS
    for fold in range(FOLDS):
        residuals[turn == fold] = conditional_residual(floors[turn == fold], *_gaussian(floors[turn != fold]))
    unit = np.maximum(np.median(np.abs(residuals), axis=0) / 0.6745, 1e-3)
    return unit, np.median(np.abs(residuals) / residual_units(unit, values, FRAMES), axis=1)


def _gaussian(floors: Values) -> tuple[Values, Values]:
    """Mean and precision, the covariance shrunk towards equal variances."""
    covariance = np.cov(floors.T)
    equal = np.trace(covariance) / len(covariance) + 1e-9
    return floors.mean(axis=0), np.linalg.inv(
        (1.0 - SHRINKAGE) * covariance + SHRINKAGE * equal * np.eye(len(covariance))
    )


def conditional_residual(floors: Values, centre: Values, precision: Values) -> Values:
    """Each band less what the others predict for it, in dB."""
    return np.asarray((floors - centre) @ precision / np.diag(precision))


def residual_units(unit: Values, pooled: Values, n_frames: int) -> Values:
    """Units of residuals: never finer than a clip of its length can show a mean."""
    n = pooled.shape[-1] // 3
    return np.asarray(np.maximum(unit, pooled[..., n : 2 * n] * np.sqrt(CORRELATED / n_frames)))
