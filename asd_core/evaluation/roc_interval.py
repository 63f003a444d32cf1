"""How far a ROC curve would move with other test clips: its 95 % band over the bootstrap's resamples."""

from collections.abc import Sequence

import numpy as np

from asd_core.evaluation.comparison import MEAN, resampled_steps, resamples_for, taken
from asd_core.evaluation.roc_auc import Floats
from asd_core.lazy import pd


def roc_bands(
    scores: "pd.DataFrame", detectors: Sequence[str], machine_id: str, grid: Floats, *, seed: int = 0
) -> dict[str, tuple[Floats, Floats]]:
    """Pointwise 95 % bands of the detection rate at given false-alarm rates.

    The resamples are those of ``comparison.bootstrap``. The band holds at each rate alone; a whole curve leaves it more
    often than 5 % of the time.

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


def resampled_roc(normal: Floats, anomaly: Floats, taken_normal: Floats, taken_anomaly: Floats, grid: Floats) -> Floats:
    """Detection rates at the false-alarm rates ``grid`` of many resamples at once, ``(len(grid), resamples)``.

    Where the curve is vertical its highest point counts.

    Args:
        taken_normal: ``(n, resamples)``, how often each normal clip is taken. taken_anomaly: the same for the anomalies.
    """
    width, before, reached = resampled_steps(normal, anomaly, taken_normal, taken_anomaly)
    passed = np.cumsum(width, axis=0)
    # Down the distinct normal scores: up to the anomalies above one, then over the normals that share it.
    n_points, resamples = 2 * len(width) + 1, width.shape[1]
    x, y = np.zeros((n_points, resamples)), np.zeros((n_points, resamples))
    x[2:-1:2], x[1::2] = passed[:-1], passed
    y[0:-1:2], y[1::2] = before, reached
    x[-1], y[-1] = passed[-1], taken_anomaly.sum(axis=0)
    x, y = x / x[-1], y / y[-1]
    # One interpolation for all resamples: each is moved to another stretch.
    shift = 2.0 * np.arange(resamples)
    at = np.interp((grid[:, None] + shift).T.ravel(), (x + shift).T.ravel(), y.T.ravel())
    return np.asarray(at.reshape(resamples, len(grid)).T)
