"""Thresholds, margins and decisions of scores that are there already: another false-alarm rate needs no new score."""

from collections.abc import Mapping

import numpy as np

from asd_core.artifacts import Calibration, ModelSet
from asd_core.evaluation import margin
from asd_core.lazy import pd


def with_margins(scores: "pd.DataFrame", calibrations: Mapping[str, Calibration], rate: float) -> "pd.DataFrame":
    """A score table with ``threshold`` (on the raw score), ``margin`` (normal spreads above it, unbounded: see
    :func:`asd_core.evaluation.margin`) and the ``false_alarm_rate`` that both are of; nan where a detector is not calibrated
    for a machine id.

    Args:
        scores: columns ``detector, machine_id, raw``; what else it has stays.
        rate: false-alarm rate that thresholds are set to.
    """
    raw = scores["raw"].to_numpy(dtype=np.float64)
    thresholds, margins = np.full((2, len(raw)), np.nan)
    for (key, machine_id), rows in scores.groupby(["detector", "machine_id"], sort=False).indices.items():
        calibration = calibrations.get(str(key))
        if calibration is None or machine_id not in calibration.scores:
            continue
        thresholds[rows] = value = calibration.threshold(machine_id, rate).value
        margins[rows] = margin(raw[rows], value, calibration.spread(machine_id))
    return scores.assign(threshold=thresholds, margin=margins, false_alarm_rate=rate)


def with_decisions(table: "pd.DataFrame", models: ModelSet, machine_id: str, false_alarm_rate: float) -> "pd.DataFrame":
    """Scores of one machine id with thresholds, margins and decisions; a score of nan has an empty decision.

    Args:
        table: columns ``detector, raw``: a scan, a curve over the strength; of these very models and this machine id.
    """
    calibrations = {key: models[key].calibration for key in table["detector"].unique()}
    result = with_margins(table.assign(machine_id=machine_id), calibrations, false_alarm_rate)
    decisions = np.where(
        result["margin"].isna(), "", np.where(result["raw"] > result["threshold"], "anomaly", "normal")
    )
    return result.assign(decision=decisions)
