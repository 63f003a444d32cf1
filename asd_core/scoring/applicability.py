"""Whether a recording belongs to a machine at all: checked before any verdict, since one on a foreign recording means
nothing.

A fault adds sound, and most faults add it in bursts. It does not silence a factory, cut off a microphone's upper half, or
reshape the quiet moments between its bursts in most bands. So a recording is compared by what a fault does not change,
in five checks against the machine's training normals (those stored by training, none read again):

- **level**: of the floor, over all bands, far outside all normal clips;
- **bandwidth**: bands at either end that hold nothing where every normal clip holds something (a file resampled from
  8 kHz, squeezed by MP3, sent through a telephone);
- **missing sound**: many bands quieter than every normal clip, which no added sound makes them;
- **broad shape**: most bands outside all that the normal clips have there, level put aside;
- **fine shape**: each band's floor against what the clip's other bands predict for it (its conditional mean under the
  normals' Gaussian), in units of the normals' own residuals. A room, a microphone and a machine leave their ripples in
  every band. The median over bands counts, so that a fault may change almost half of them.

The floor of a band is its log-mel's mean over time less one standard deviation: bursts raise both. Residuals of
a Gaussian by its precision matrix: Lauritzen, Graphical Models (1996), 5.1.3; units by the median absolute deviation: Huber,
Robust Statistics (1981), 5.1. Units and limit come from normals that the Gaussian was not fitted on (ten-fold).
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from asd_core.artifacts import POOLED, pooled_columns, read_pooled
from asd_core.features import LogMel, features_of, pool
from asd_core.lazy import pd
from asd_core.sound import Clip

FOREIGN = (
    "Not like any recording of this machine: check machine id, microphone and rate; the verdicts below mean little"
)
Values = NDArray[np.float64]

# Chosen on the demo's normals and anomalies, and checked on real recordings: see `python -m benchmarks.applicability`.
MARGIN = 1.5  # times what 98% of normal clips keep below: the demo's farthest anomaly reaches 1.3
QUIETER = 10.0  # dB below the quietest normal clip: a third of its amplitude, which no fault leaves of room and machine
LOUDER = 20.0  # dB above the loudest one: ten times its amplitude, in the quiet moments too
CUT = 15.0  # dB below the lowest normal clip, level put aside: hardly a thirtieth of its power
CUT_BANDS = 3  # side by side: a notch is no edge, and the last band may end with a filter of another rate
MISSING_DB = 3.0  # below the quietest normal clip
MISSING = 0.25  # of the bands: a part of the machine that stands still makes fewer of them quieter
OUTSIDE_DB = 1.0  # beyond the range of the normal clips
OUTSIDE = 0.5  # of the bands: a fault may change the others
UNUSUAL = 2.0  # units, for counting bands: 5% of a normal clip's are farther
LEAST_CLIPS = 10  # normals that a spread can be taken from
ENOUGH_CLIPS = 50  # fewer do not show what 98% of them keep below: the limit is wider for them
FOLDS = 10
USUAL = 0.9  # of a machine id's normals count as its usual ones, by spectrum and by level
SHRINKAGE = (
    0.05  # towards equal variances: fewer clips than bands have no covariance of full rank (Ledoit & Wolf, 2004)
)
FRAMES = 313  # of a clip of 10 s, where the number is not known
CORRELATED = 1.5  # frames that overlap by half tell as much as two thirds of them would


@dataclass(frozen=True)
class Applicability:
    """What one recording has to do with a machine.

    Attributes:
        applicable: False where verdicts on the recording mean little.
        reason: what differs, in one sentence without a full stop; empty where it belongs.
        level: of its floor above the normal clips' median, in dB.
        highest, lowest: Hz above or below which it holds nothing where normal clips do; None where they reach as far.
        n_missing: bands that are quieter than every normal clip.
        n_outside: bands outside the range of the normal clips, level put aside.
        unlike: median over bands of the distance from what the other bands predict; 1 is the limit.
        n_unusual: bands farther than 95% of a normal clip's.
        n_bands: in all.
        nearer: a machine id of the same detectors to which it does belong, where it does not belong to this one.
    """

    applicable: bool
    reason: str
    level: float
    highest: float | None
    lowest: float | None
    n_missing: int
    n_outside: int
    unlike: float
    n_unusual: int
    n_bands: int
    nearer: str | None = None


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
        residuals[turn == fold] = _residual(floors[turn == fold], *_gaussian(floors[turn != fold]))
    unit = np.maximum(np.median(np.abs(residuals), axis=0) / 0.6745, 1e-3)
    return unit, np.median(np.abs(residuals) / _units(unit, values, FRAMES), axis=1)


def _gaussian(floors: Values) -> tuple[Values, Values]:
    """Mean and precision, the covariance shrunk towards equal variances."""
    covariance = np.cov(floors.T)
    equal = np.trace(covariance) / len(covariance) + 1e-9
    return floors.mean(axis=0), np.linalg.inv(
        (1.0 - SHRINKAGE) * covariance + SHRINKAGE * equal * np.eye(len(covariance))
    )


def _residual(floors: Values, centre: Values, precision: Values) -> Values:
    """Each band less what the others predict for it, in dB."""
    return np.asarray((floors - centre) @ precision / np.diag(precision))


def _units(unit: Values, pooled: Values, n_frames: int) -> Values:
    """Units of residuals: never finer than a clip of its length can show a mean."""
    n = pooled.shape[-1] // 3
    return np.asarray(np.maximum(unit, pooled[..., n : 2 * n] * np.sqrt(CORRELATED / n_frames)))


def check_clips(pooled: Values, normals: MachineNormals, *, n_frames: int = FRAMES) -> list[Applicability]:
    """Whether each of some recordings may be one of this machine.

    Args:
        pooled: of their log-mels as recorded, ``(n_clips, 3 * n_bands)``: no denoising, no other gain.
        n_frames: that each log-mel has.
    """
    values = np.asarray(pooled, dtype=np.float64)
    n_bands, floors = values.shape[1] // 3, floor(values)
    level = np.median(floors, axis=1)
    shape = floors - level[:, None]
    nothing = values[:, :n_bands] - level[:, None] < normals.faintest - CUT
    above, below = _from_the_start(nothing[:, ::-1]), _from_the_start(nothing)
    missing = (floors < normals.quiet - MISSING_DB).sum(axis=1)
    outside = (np.maximum(normals.low - shape, shape - normals.high) > OUTSIDE_DB).sum(axis=1)
    residual = np.abs(_residual(floors, normals.centre, normals.precision)) / _units(normals.unit, values, n_frames)
    unlike, unusual = np.median(residual, axis=1) / normals.limit, (residual > UNUSUAL).sum(axis=1)
    hertz = normals.frequencies
    results = []
    for i in range(len(values)):
        result = Applicability(
            applicable=True,
            reason="",
            level=float(level[i]) - normals.level,
            highest=float(hertz[n_bands - above[i] - 1]) if CUT_BANDS <= above[i] < n_bands else None,
            lowest=float(hertz[below[i]]) if CUT_BANDS <= below[i] < n_bands else None,
            n_missing=int(missing[i]),
            n_outside=int(outside[i]),
            unlike=float(unlike[i]),
            n_unusual=int(unusual[i]),
            n_bands=n_bands,
        )
        far = not normals.quietest - QUIETER <= level[i] <= normals.loudest + LOUDER
        reason = _reason(result, far)
        results.append(replace(result, applicable=False, reason=reason) if reason else result)
    return results


def _reason(result: Applicability, far: bool) -> str:
    """What differs, the plainest first: what explains the rest stands alone."""
    reasons = []
    if far:
        side = "below" if result.level < 0 else "above"
        reasons.append(f"its level in quiet moments is {abs(result.level):.0f} dB {side} the normal clips")
    for frequency, side in ((result.highest, "above"), (result.lowest, "below")):
        if frequency is not None:
            reasons.append(f"no energy {side} {_hertz(frequency)}, where normal clips have it")
    bands = f"of {result.n_bands} bands"
    if not reasons and result.n_missing > MISSING * result.n_bands:
        reasons.append(f"it is quieter than every normal clip in {result.n_missing} {bands}")
    if not reasons and result.n_outside > OUTSIDE * result.n_bands:
        reasons.append(f"its spectrum is outside that of all normal clips in {result.n_outside} {bands}")
    if not reasons and result.unlike > 1.0:
        usual = round(0.0455 * result.n_bands)  # of a Gaussian beyond two units
        reasons.append(
            f"the spectrum of its quiet moments is unlike in {result.n_unusual} {bands}, where a normal clip has about {usual}"
        )
    return "; ".join(reasons)


def _from_the_start(mask: NDArray[np.bool_]) -> NDArray[np.intp]:
    """How many of each row are true from its start on."""
    return np.asarray(np.where(mask.all(axis=1), mask.shape[1], np.argmin(mask, axis=1)))


def _hertz(frequency: float) -> str:
    return f"{frequency / 1000.0:.1f} kHz" if frequency >= 1000.0 else f"{frequency:.0f} Hz"


def known_normals(folder: Path) -> Mapping[str, MachineNormals]:
    """The references of a models folder by machine id, from the pooled log-mels that training stored; empty where it stored
    none. Kept until that file changes."""
    path = folder / POOLED
    return _known(folder, path.stat().st_mtime_ns, only_usual=False) if path.is_file() else {}


def _known_usual(folder: Path) -> Mapping[str, MachineNormals]:
    """The same of each machine id's usual normals alone."""
    return _known(folder, (folder / POOLED).stat().st_mtime_ns, only_usual=True)


@lru_cache(maxsize=8)
def _known(folder: Path, stamp: int, only_usual: bool) -> Mapping[str, MachineNormals]:
    table = read_pooled(folder)
    normal = table[(table["split"] == "train") & (table["label"] == "normal")]
    columns = pooled_columns(table)
    result = {}
    for machine_id, rows in normal.groupby("machine_id", sort=True):
        values = rows[columns].to_numpy(dtype=np.float64)
        if only_usual and len(values) >= LEAST_CLIPS:
            values = usual_clips(values)
        result[str(machine_id)] = machine_normals(values, str(machine_id))
    return {machine_id: normals for machine_id, normals in result.items() if normals is not None}


def applicability_of(clip: Clip, folder: Path, machine_id: str) -> Applicability | None:
    """Whether a recording may be one of a machine; ``None`` where too little is known of its normal clips to say.

    Args:
        clip: prepared, as recorded: neither denoised nor at another gain.
        folder: of the trained detectors.
    """
    known = known_normals(folder)
    if machine_id not in known:
        return None
    log_mel = features_of(clip, LogMel())
    pooled, n_frames = pool(log_mel)[None].astype(np.float64), log_mel.shape[1]
    (result,) = check_clips(pooled, known[machine_id], n_frames=n_frames)
    return result if result.applicable else _nearer(result, pooled, _known_usual(folder), n_frames)


def _nearer(
    result: Applicability, pooled: Values, usual: Mapping[str, MachineNormals], n_frames: int = FRAMES
) -> Applicability:
    """A recording that does not belong, with the machine id whose usual recordings it is most like, if it is like any."""
    found = {machine_id: check_clips(pooled, normals, n_frames=n_frames)[0] for machine_id, normals in usual.items()}
    alike = [machine_id for machine_id, one in found.items() if one.applicable]
    if not alike:
        return result
    machine_id = min(alike, key=lambda each: found[each].unlike)
    reason = f"{result.reason}; it is like the recordings of machine id {machine_id}"
    return replace(result, nearer=machine_id, reason=reason)


def sentence(result: Applicability) -> str:
    """The head line of a recording that does not belong, with what differs, and whether a fault can be the reason."""
    fault = (
        " Where these are right, a strong and steady fault can be the reason: listen." if may_be_a_fault(result) else ""
    )
    return f"{FOREIGN}. What differs: {result.reason}.{fault}"


def may_be_a_fault(result: Applicability) -> bool:
    """Is there sound of its own, and none missing: one that never pauses raises the floor of most bands, as another room does."""
    missing = result.n_missing > MISSING * result.n_bands or result.level < -QUIETER
    return not missing and (result.highest, result.lowest, result.nearer) == (None, None, None)


def with_applicability(scores: "pd.DataFrame", folder: Path) -> "pd.DataFrame":
    """A score table with the columns ``applicable`` (missing where nothing is known of the clip) and ``applicability_reason``
    (empty where it belongs), from the pooled log-mels that training stored of its dataset's clips.

    Args:
        scores: with ``machine_id`` and ``sha256``.
    """
    path = folder / POOLED
    results = _stored(folder, path.stat().st_mtime_ns) if path.is_file() and "sha256" in scores else {}
    keys = zip(scores["sha256"], scores["machine_id"], strict=True) if results else [("", "")] * len(scores)
    by_row = [results.get(key) for key in keys]
    applicable = pd.array([None if one is None else one.applicable for one in by_row], dtype="boolean")
    return scores.assign(
        applicable=applicable, applicability_reason=["" if one is None else one.reason for one in by_row]
    )


@lru_cache(maxsize=4)
def _stored(folder: Path, stamp: int) -> Mapping[tuple[str, str], Applicability]:
    """The stored clips, by hash and machine id."""
    table, known = read_pooled(folder), known_normals(folder)
    columns = pooled_columns(table)
    results = {}
    for machine_id, rows in table.groupby("machine_id"):
        if machine_id not in known:
            continue
        pooled = rows[columns].to_numpy(dtype=np.float64)
        checked = check_clips(pooled, known[str(machine_id)])
        for index, (sha256, one) in enumerate(zip(rows["sha256"], checked, strict=True)):
            full = one if one.applicable else _nearer(one, pooled[index][None], _known_usual(folder))
            results[str(sha256), str(machine_id)] = full
    return results
