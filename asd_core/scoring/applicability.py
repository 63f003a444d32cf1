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
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from asd_core.scoring.noise_floor import FRAMES, MachineNormals, Values, conditional_residual, floor, residual_units

FOREIGN = (
    "Not like any recording of this machine: check machine id, microphone and rate; the verdicts below mean little"
)
# Chosen on the demo's normals and anomalies, and checked on real recordings: see `python -m benchmarks.applicability`.
QUIETER = 10.0  # dB below the quietest normal clip: a third of its amplitude, which no fault leaves of room and machine
LOUDER = 20.0  # dB above the loudest one: ten times its amplitude, in the quiet moments too
CUT = 15.0  # dB below the lowest normal clip, level put aside: hardly a thirtieth of its power
CUT_BANDS = 3  # side by side: a notch is no edge, and the last band may end with a filter of another rate
MISSING_DB = 3.0  # below the quietest normal clip
MISSING = 0.25  # of the bands: a part of the machine that stands still makes fewer of them quieter
OUTSIDE_DB = 1.0  # beyond the range of the normal clips
OUTSIDE = 0.5  # of the bands: a fault may change the others
UNUSUAL = 2.0  # units, for counting bands: 5% of a normal clip's are farther


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
    residual = np.abs(conditional_residual(floors, normals.centre, normals.precision)) / residual_units(
        normals.unit, values, n_frames
    )
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
