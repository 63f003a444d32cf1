"""The tables of the report and the exports, from a score table."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from asd_core.artifacts import Calibration, Manifest
from asd_core.evaluation import (
    MEAN,
    Draws,
    breach,
    breakdown,
    false_alarm_range,
    mean_false_alarm_range,
    misses_and_false_alarms,
    not_better_than_control,
    operating_point,
    ranking,
    tied_with_best,
)
from asd_core.scoring import score_attributes, with_margins

if TYPE_CHECKING:
    import pandas as pd

TEST, NOT_DENOISED = "test", 0.0  # what a score table without these columns is of
WORST = 10  # misses and false alarms of each detector
APPLICABILITY = ("applicable", "applicability_reason")
MANY_NAMES = 24  # a text attribute of more values than this names clips rather than groups of them


@dataclass(frozen=True)
class Assumptions:
    """What the figures of thresholds assume of the plant; chosen by the reader, not by the data."""

    rate: float = 0.05  # false-alarm rate that thresholds are set to
    prevalence: float = 0.01  # share of anomalous clips
    clips_per_day: float = 1000.0  # of all machines together


def one_view(scores: "pd.DataFrame") -> "pd.DataFrame":
    """Scores of one split and denoising strength, with columns ``split`` and ``denoise``.

    Of a table that holds several, the test split and each detector's weakest denoising are taken (0, but for one that was
    trained on denoised sound): figures over a mixture would be of no clip set in particular.
    """
    view = scores.assign(
        split=scores.get("split", TEST),
        denoise=scores["denoise"].astype(float) if "denoise" in scores else NOT_DENOISED,
    )
    splits = sorted(view["split"].unique(), key=lambda split: (split != TEST, split))
    view = view[view["split"] == splits[0]] if splits else view
    weakest = view.groupby("detector")["denoise"].transform("min")
    return view[view["denoise"] == weakest].reset_index(drop=True)


def attributes(scores: "pd.DataFrame") -> list[str]:
    """Columns that sort clips into groups: text of few values, or measurements (which are cut into thirds)."""
    import pandas as pd

    names = score_attributes(scores)
    return [n for n in names if pd.api.types.is_numeric_dtype(scores[n]) or scores[n].nunique() <= MANY_NAMES]


def ranking_table(draws: Draws, worst: Mapping[str, tuple[str, float]], controls: list[str]) -> "pd.DataFrame":
    """The table of the Compare page, the best detector first (see :meth:`Draws.order`), with what each figure is worth."""
    table = ranking(draws)
    tied: dict[tuple[str, str], bool] = {}
    against: dict[tuple[str, str], str] = {}
    for machine_id in (MEAN, *draws.machine_ids):
        tied |= dict.fromkeys(((key, machine_id) for key in tied_with_best(draws, machine_id=machine_id)), True)
        for result in not_better_than_control(draws, controls, machine_id=machine_id):
            against[result.detector, machine_id] = "below" if result.by_point else "near"
    rows = list(zip(table["detector"], table["machine_id"], strict=True))
    table = table.assign(
        tied_with_best=[tied.get(row, False) for row in rows],
        control=[key in controls for key, _ in rows],
        against_control=[against.get(row, "") for row in rows],
        worst_id=[worst[key][0] if key in worst else "" for key, _ in rows],
    )
    order = draws.order()
    return table.sort_values("detector", key=lambda k: k.map(order.index), kind="stable")


def threshold_table(scores: "pd.DataFrame", manifests: Mapping[str, Manifest], assumed: Assumptions) -> "pd.DataFrame":
    """A row per detector and machine id at its conformal threshold, and one for all ids together (no single
    threshold)."""
    import pandas as pd

    rows: list[dict[str, Any]] = []
    for key, subset in scores.groupby("detector", sort=False):
        calibration = manifests[str(key)].calibrated()
        limits = {i: calibration.threshold(i, assumed.rate) for i in calibration.scores}
        points = operating_point(
            subset,
            {i: limit.value for i, limit in limits.items()},
            prevalence=assumed.prevalence,
            clips_per_day=assumed.clips_per_day,
        )
        for machine_id, point in points.items():
            limit = limits.get(machine_id)
            # What is promised of the rate: on average, and between which rates thresholds of so few held-out clips lie.
            if limit is None:
                of = [i for i in limits if i in points]
                clips = tuple(points[i].n_normal for i in of)
                weighted = sum(limits[i].rate * n for i, n in zip(of, clips, strict=True))
                promised = weighted / sum(clips) if sum(clips) else float("nan")
                low, high = mean_false_alarm_range(
                    tuple(map(calibration.n, of)), clips, assumed.rate, tuple(map(calibration.clip_weight, of))
                )
            else:
                promised = limit.rate
                low, high = false_alarm_range(
                    calibration.n(machine_id), assumed.rate, clip_weight=calibration.clip_weight(machine_id)
                )
            rows.append(
                {
                    "detector": key,
                    "machine_id": machine_id,
                    "rule": "conformal",
                    "rate_asked": assumed.rate,
                    "rate_promised": promised,
                    "rate_range_low": low,
                    "rate_range_high": high,
                    "breach": breach(point.false_alarm_interval[0], promised, high),
                    "threshold": float("nan") if limit is None else limit.value,
                    "n_held_out": sum(map(calibration.n, limits)) if limit is None else calibration.n(machine_id),
                    **point.columns(),
                    "prevalence": assumed.prevalence,
                    "clips_per_day": assumed.clips_per_day,
                }
            )
    return pd.DataFrame(rows)


def breakdown_table(scores: "pd.DataFrame") -> "pd.DataFrame":
    import pandas as pd

    columns = ["detector", "attribute", "value", "auc", "n_normal", "n_anomaly", "n_ids"]
    tables = [
        breakdown(scores, name).assign(attribute=name, value=lambda t: t["value"].astype(str))
        for name in attributes(scores)
    ]
    return pd.concat(tables, ignore_index=True)[columns] if tables else pd.DataFrame(columns=columns)


def failure_table(scores: "pd.DataFrame", calibrations: Mapping[str, Calibration], rate: float) -> "pd.DataFrame":
    import pandas as pd

    tables = []
    for key, subset in scores.groupby("detector", sort=False):
        calibration = calibrations[str(key)]
        limits = {i: calibration.threshold(i, rate).value for i in calibration.scores}
        both = misses_and_false_alarms(subset, limits, calibration.scores, WORST)
        tables += [t.assign(error=error) for t, error in zip(both, ("miss", "false alarm"), strict=True)]
    columns = ["detector", "error", "clip_id", "machine_id", "label", *attributes(scores)]
    columns = list(dict.fromkeys([*columns, "calibrated", "raw", "threshold", "margin"]))
    more = [name for name in (*APPLICABILITY, "sha256") if name in scores]
    return pd.concat(tables, ignore_index=True)[[*columns, *more]].assign(false_alarm_rate=rate)


def clip_table(scores: "pd.DataFrame", calibrations: Mapping[str, Calibration], rate: float) -> "pd.DataFrame":
    names = ["detector", "clip_id", "machine_id", "label", *attributes(scores), "raw", "calibrated"]
    table = with_margins(scores[names], calibrations, rate)
    decision = np.where(table["raw"] > table["threshold"], "anomaly", "normal")
    table = table.assign(decision=np.where(table["threshold"].isna(), "", decision))
    return table.assign(**{name: scores[name] for name in (*APPLICABILITY, "sha256") if name in scores})
