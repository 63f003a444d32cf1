"""What errors cost: misses and false alarms in one figure.

The detection cost function of NIST's speaker recognition evaluations (Martin and Przybocki, "The NIST 1999 Speaker
Recognition Evaluation", 2000), which is the expected loss of a decision between two classes:
``C_miss P_miss pi + C_fa P_fa (1 - pi)``, with pi the share of anomalies among the clips.
"""

from typing import NamedTuple

import numpy as np

from asd_core.evaluation.roc_auc import Floats, roc


def expected_cost(
    miss_rate: float, false_alarm_rate: float, *, prevalence: float, miss_cost: float, false_alarm_cost: float = 1.0
) -> float:
    """Expected cost of a clip, in the unit of the two costs: ``C_miss P_miss pi + C_fa P_fa (1 - pi)``.

    Args:
        miss_rate, false_alarm_rate: 0 to 1; ``nan`` where not computable.
        prevalence: share of anomalous clips, 0 to 1.
        miss_cost, false_alarm_cost: of one missed anomaly and of one false alarm.

    Returns:
        The cost; ``nan`` where a rate is needed and not computable: that of a class that cannot occur is not.

    Raises:
        ValueError: for a prevalence outside 0 to 1 or a negative cost.
    """
    if not 0.0 <= prevalence <= 1.0 or miss_cost < 0 or false_alarm_cost < 0:
        raise ValueError(
            f"Prevalence {prevalence} must be from 0 to 1, and costs {miss_cost}, {false_alarm_cost} not below 0."
        )
    misses = miss_cost * miss_rate * prevalence if prevalence > 0 else 0.0
    false_alarms = false_alarm_cost * false_alarm_rate * (1.0 - prevalence) if prevalence < 1 else 0.0
    return misses + false_alarms


class LeastCost(NamedTuple):
    """A threshold chosen by labels: an oracle."""

    threshold: float  # on the raw score; a clip above it is an alarm
    cost: float  # expected of a clip


def least_cost_threshold(
    normal: Floats, anomaly: Floats, *, prevalence: float, miss_cost: float, false_alarm_cost: float = 1.0
) -> LeastCost | None:
    """The threshold of least :func:`expected_cost` on labelled scores; of equal ones the highest, which alarms least.

    It is an **oracle**: it is measured on the clips that it was chosen on, so it does worse on new ones.

    Args:
        normal, anomaly: raw scores ``(n,)`` and ``(m,)``.

    Returns:
        The threshold, which is the highest score that raises no alarm, and its cost; ``None`` where a class is empty.
    """
    if not len(normal) or not len(anomaly):
        return None
    false_alarms, detections, scores = roc(normal, anomaly)  # alarms at or above a score
    costs = [
        expected_cost(1.0 - d, f, prevalence=prevalence, miss_cost=miss_cost, false_alarm_cost=false_alarm_cost)
        for f, d in zip(false_alarms.tolist(), detections.tolist(), strict=True)
    ]
    best = int(np.argmin(costs))
    below = np.r_[scores[1:], np.nextafter(scores[-1], -np.inf)]  # what is above the next lower score alarms
    return LeastCost(float(below[best]), costs[best])
