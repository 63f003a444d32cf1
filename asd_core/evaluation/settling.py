"""How many more anomalies would about tell two detectors apart."""

import numpy as np

from asd_core.evaluation.comparison import paired_difference
from asd_core.evaluation.stratified_bootstrap import Draws


def anomalies_to_settle(draws: Draws, a: str, b: str) -> int | None:
    """About how many more anomalous clips, with normal clips in proportion, would take 0 out of the 95% interval of the paired
    difference of two detectors' mean AUC, if the difference stayed as it is: an interval is about as wide as 1/sqrt(clips).

    Returns:
        Rounded up to two digits; 0 where the interval is clear of 0 already, ``None`` where the difference is 0 or not
        computable: no number of clips would settle that.
    """
    pair = paired_difference(draws, a, b)
    difference = abs(pair.difference)
    if not difference > 1e-9:  # nan, too
        return None
    reach = difference - pair.low if pair.difference > 0 else pair.high + difference
    both = np.isfinite(draws.observed["auc"][:, [draws.detectors.index(key) for key in (a, b)]]).all(axis=1)
    now = sum(draws.clips[draws.machine_ids[row]][1] for row in np.flatnonzero(both))
    more = now * ((reach / difference) ** 2 - 1.0)
    if more <= 0:
        return 0
    digits = 10.0 ** max(0, int(np.floor(np.log10(more))) - 1)
    return int(np.ceil(more / digits) * digits)
