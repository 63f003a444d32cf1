"""How far a ROC curve would move with other test clips: its 95% band over the bootstrap's resamples."""

from collections.abc import Sequence

import numpy as np

from asd_core.evaluation.clip_resampling import resamples_for, taken
from asd_core.evaluation.resampled_auc import Counts, resampled_steps, running_sum
from asd_core.evaluation.roc_auc import Floats
from asd_core.evaluation.stratified_bootstrap import MEAN
from asd_core.lazy import pd


def roc_bands(
    scores: "pd.DataFrame", detectors: Sequence[str], machine_id: str, grid: Floats, *, seed: int = 0
) -> dict[str, tuple[Floats, Floats]]:
    """Pointwise 95% bands of the detection rate at given false-alarm rates.

    The resamples are those of ``stratified_bootstrap.bootstrap``. The band holds at each rate alone; a whole curve leaves it more
    often than 5% of the time.

    Args:
        scores: columns detector, machine_id, label, raw.
        machine_id: one id, or ``"mean"``: the mean over ids at equal false-alarm rate, resampled within each.
        grid: ``(n,)`` false-alarm rates from 0 to 1.

    Returns:
        Lower and upper ends, each ``(n,)``, of every detector for which both classes are there.
    """
    labelled = scores[scores["label"].isin(["normal", "anomaly"])]
    resamples = resamples_for(len(labelled))  # as many as the intervals of all detectors get
    bands = {}
    for key, subset in labelled[labelled["detector"].isin(detectors)].groupby("detector", sort=False):
        results = []
        for group_id, group in subset.groupby("machine_id"):
            raw, is_normal = group["raw"].to_numpy(dtype=np.float64), (group["label"] == "normal").to_numpy()
            normal, anomaly = raw[is_normal], raw[~is_normal]
            if machine_id not in (MEAN, group_id) or not len(normal) or not len(anomaly):
                continue
            rates = np.empty((len(grid), resamples))
            for which, taken_normal, taken_anomaly in taken(str(group_id), len(normal), len(anomaly), resamples, seed):
                rates[:, which] = resampled_roc(normal, anomaly, taken_normal, taken_anomaly, grid)
            results.append(rates)
        if results:
            low, high = np.quantile(np.mean(results, axis=0), [0.025, 0.975], axis=1)
            bands[str(key)] = (low, high)
    return bands


def resampled_roc(normal: Floats, anomaly: Floats, taken_normal: Counts, taken_anomaly: Counts, grid: Floats) -> Floats:
    """Detection rates at the false-alarm rates ``grid`` of many resamples at once, ``(len(grid), resamples)``.

    Where the curve is vertical its highest point counts.

    Args:
        taken_normal: ``(n, resamples)``, how often each normal clip is taken. taken_anomaly: the same for the anomalies.
    """
    width, before, reached = resampled_steps(normal, anomaly, taken_normal, taken_anomaly)
    passed = np.ascontiguousarray(running_sum(width).T)  # a resample a row: each is searched by itself
    n, last = passed[:, -1:], len(width) - 1
    # The first distinct normal score at which more are passed than a rate says; none for a rate of 1, where all anomalies count.
    steps = np.array([np.searchsorted(row, grid, side="right") for row in passed / n])
    beyond, resample = steps > last, np.arange(len(steps))[:, None]
    steps = np.minimum(steps, last)
    until = passed[resample, steps]
    since = np.where(steps > 0, passed[resample, steps - 1], 0)
    low, high = before[steps, resample], reached[steps, resample]
    share = np.divide(grid * n - since, until - since, out=np.zeros(steps.shape), where=until > since)
    m = taken_anomaly.sum(axis=0, dtype=np.float64)[:, None]
    rates = np.where(beyond, 1.0, (low + np.clip(share, 0.0, 1.0) * (high - low)) / m)
    return np.asarray(rates.T)
