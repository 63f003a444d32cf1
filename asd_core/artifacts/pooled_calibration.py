"""One threshold from the held-out clips of all machine ids together, where these behave alike.

Held-out scores become standard scores within their id, and the threshold is the conformal quantile of all of them. Their
percentiles would not do: within its own id a held-out score's percentile is its rank, whatever the detector, and a quantile
of ranks gives each id its own threshold back. Each clip is standardised by the mean and spread of the *others* of its id, as
a new clip is; so the rate is right on average though both are estimated (within 0.2 points at 5%, tests/unit).
"""

import warnings
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from asd_core.artifacts.calibration import Calibration, Threshold, conformal_threshold
from asd_core.evaluation import conformal_rank
from asd_core.lazy import scipy

Floats = NDArray[np.float64]
FEWEST = 8  # held-out clips of an id: fewer give no spread to standardise by
LEVEL = 2  # of scipy's critical values (25%, 10%, 5%, …): the test's level of 5%


def why_not_pooled(calibration: Calibration) -> str:
    """Why one threshold for all machine ids cannot be used, a clause; empty where the ids behave alike.

    Alike: the k-sample Anderson-Darling test (Scholz and Stephens, 1987) of the standard scores finds no difference in
    shape at the 5% level. Held-out normal clips alone are looked at.
    """
    samples = [calibration.sorted_scores(i) for i in calibration.scores]
    if len(samples) < 2:
        return "it knows one machine id alone"
    if min(map(len, samples)) < FEWEST:
        return f"a machine id has fewer than {FEWEST} held-out clips"
    if any(np.ptp(sample) <= 1e-12 * np.abs(sample).max() for sample in samples):
        return "its scores of a machine id are all the same"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that the p value lies outside its table
        test = scipy.stats.anderson_ksamp([(s - s.mean()) / s.std(ddof=1) for s in samples])
    alike = test.statistic <= test.critical_values[LEVEL]
    return "" if alike else "its held-out scores spread differently from one machine id to another"


def pooled_threshold(calibration: Calibration, machine_id: str, rate: float) -> Threshold:
    """The pooled threshold on the raw score of one machine id. Only for use where :func:`why_not_pooled` is empty.

    Raises:
        UnknownMachineError: for an id without held-out scores.
    """
    of_id = calibration.sorted_scores(machine_id)
    pooled = np.sort(np.concatenate([_standardised(calibration.sorted_scores(i)) for i in calibration.scores]))
    limit = conformal_threshold(pooled, rate, crossed=bool(calibration.crossed))
    return replace(limit, value=float(of_id.mean() + of_id.std(ddof=1) * limit.value))


def pooled_rates(calibration: Calibration, rate: float, draws: int = 400, seed: int = 0) -> dict[str, Floats]:
    """False-alarm rates of the pooled threshold on each machine id over other draws of the held-out clips, ``(draws,)``.

    Simulated: for each id as many clips as it has, drawn from the standardised scores of all ids together. Nothing is
    assumed but that the ids behave alike.
    """
    rng = np.random.default_rng(seed)
    shape = np.concatenate([(s - s.mean()) / s.std(ddof=1) for s in map(calibration.sorted_scores, calibration.scores)])
    shape.sort()
    sizes = {i: max(FEWEST, round(calibration.n(i) * calibration.clip_weight(i))) for i in calibration.scores}
    drawn = [rng.choice(shape, size=(draws, n)) for n in sizes.values()]
    pooled = np.sort(np.concatenate([_standardised(s) for s in drawn], axis=1), axis=1)
    limit = pooled[:, conformal_rank(pooled.shape[1], rate) - 1]
    levels = 1.0 - (np.arange(len(shape)) + 0.5) / len(shape)
    return {
        i: np.interp(s.mean(axis=1) + s.std(axis=1, ddof=1) * limit, shape, levels)
        for i, s in zip(calibration.scores, drawn, strict=True)
    }


def _standardised(scores: Floats) -> Floats:
    """Each score less the mean of the others, in units of their standard deviation; along the last axis."""
    n = scores.shape[-1]
    mean = (scores.sum(axis=-1, keepdims=True) - scores) / (n - 1)
    squares = ((scores**2).sum(axis=-1, keepdims=True) - scores**2) / (n - 1)
    spread = np.sqrt(np.maximum(squares - mean**2, 0.0) * (n - 1) / (n - 2))
    return np.asarray((scores - mean) / spread)
