"""What a threshold does: precision, recall, false alarms and misses, and what they mean for an alarm list a day long."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import NamedTuple

import numpy as np

from asd_core.evaluation.intervals import wilson
from asd_core.evaluation.margins import margin, normal_spread
from asd_core.evaluation.roc_auc import Floats, roc
from asd_core.lazy import pd, scipy, sklearn

POOLED = "pooled"


def precision_recall(normal: Floats, anomaly: Floats, prevalence: float | None = None) -> tuple[Floats, Floats]:
    """Precision and recall at every threshold, from the strictest (no alarm: precision 1 by convention) to the laxest:
    scikit-learn's ``precision_recall_curve`` of clips weighted to a prevalence.

    Args:
        normal, anomaly: scores ``(n,)`` and ``(m,)``, neither empty.
        prevalence: share of anomalies among the clips of the plant, for the precision one would see there:
            ``p d / (p d + (1 - p) f)`` with detection rate d and false-alarm rate f. ``None`` takes the test set's own
            share, which is the curator's choice: over half of DCASE's test clips are anomalies.
    """
    n, m = len(normal), len(anomaly)
    share = m / (n + m) if prevalence is None else prevalence
    weights = np.r_[np.full(n, (1.0 - share) / n), np.full(m, share / m)]
    labels = np.r_[np.zeros(n), np.ones(m)]
    precision, recall, _ = sklearn.metrics.precision_recall_curve(labels, np.r_[normal, anomaly], sample_weight=weights)
    return precision[::-1], recall[::-1]


def det(normal: Floats, anomaly: Floats) -> tuple[Floats, Floats]:
    """False-alarm and miss rates at every threshold (Martin et al., 1997), of scores ``(n,)`` and ``(m,)``, neither empty.

    Not scikit-learn's ``det_curve``, which leaves out the points before the first false alarm and after the last miss:
    the curves of several machine ids are averaged here, and must all reach both ends.
    """
    false_alarms, detections, _ = roc(normal, anomaly)
    return false_alarms, 1.0 - detections


def probit(rates: Floats, n: int | None = None) -> Floats:
    """Standard normal quantiles of rates: the axis on which the DET curve of two Gaussians is a straight line.

    0 and 1 lie at infinity. With ``n``, the clips behind the rates, they are drawn half a clip inside.
    """
    inside = rates if n is None else np.clip(rates, 0.5 / n, 1.0 - 0.5 / n)
    return np.asarray(scipy.special.ndtri(inside), dtype=np.float64)


@dataclass(frozen=True)
class OperatingPoint:
    """A detector at its thresholds, on one machine id or pooled. Rates are from 0 to 1; ``nan``: not computable."""

    n_normal: int
    n_anomaly: int
    false_alarms: int
    detections: int
    false_alarm_rate: float
    false_alarm_interval: tuple[float, float]  # Wilson, 95%
    detection_rate: float
    detection_interval: tuple[float, float]
    precision: float  # share of alerts that are true, at the assumed prevalence
    alerts_per_day: float
    false_alerts_per_day: float

    def columns(self) -> dict[str, float]:
        """Of a table for programs: plain numbers, an end of an interval a column."""
        columns = asdict(self)
        for name in ("false_alarm", "detection"):
            columns[f"{name}_rate_low"], columns[f"{name}_rate_high"] = columns.pop(f"{name}_interval")
        return columns


def operating_point(
    scores: "pd.DataFrame", thresholds: Mapping[str, float | None], *, prevalence: float, clips_per_day: float
) -> dict[str, OperatingPoint]:
    """What one detector's thresholds do on labelled clips, and what that means at the plant.

    Args:
        scores: one detector's rows, columns ``machine_id, label, raw``.
        thresholds: of each machine id, on the raw score; a clip *above* it is an alarm (as in ``calibration``). Clips of
            an id without one are not counted.
        prevalence: assumed share of anomalous clips at the plant, 0 to 1; the test set's own share says nothing of it.
        clips_per_day: clips scored a day, of all machines together.

    Returns:
        An entry per machine id, and ``"pooled"``: all clips of these ids together. Pooled intervals take clips as
        independent; few ids that differ much make them too narrow.

    Raises:
        ValueError: for a prevalence outside 0 to 1 or a negative number of clips.
    """
    if not 0.0 <= prevalence <= 1.0 or clips_per_day < 0:
        raise ValueError(f"Prevalence {prevalence} must be from 0 to 1, and clips a day {clips_per_day} not below 0.")
    counts: dict[str, tuple[int, ...]] = {}
    for machine_id, subset in scores.groupby("machine_id", sort=True):
        threshold = thresholds.get(str(machine_id))
        if threshold is None:
            continue
        alarm = subset["raw"].to_numpy(dtype=np.float64) > threshold
        normal, anomaly = ((subset["label"] == label).to_numpy() for label in ("normal", "anomaly"))
        sets = (normal, anomaly, alarm & normal, alarm & anomaly)
        counts[str(machine_id)] = tuple(int(clips.sum()) for clips in sets)
    counts[POOLED] = tuple(sum(c[k] for c in counts.values()) for k in range(4))
    return {key: _operating_point(*c, prevalence=prevalence, clips_per_day=clips_per_day) for key, c in counts.items()}


def _operating_point(
    n: int, m: int, false_alarms: int, detections: int, *, prevalence: float, clips_per_day: float
) -> OperatingPoint:
    false_rate = false_alarms / n if n else float("nan")
    detection_rate = detections / m if m else float("nan")
    # A class that cannot occur needs no measured rate.
    hits = prevalence * detection_rate if prevalence > 0 else 0.0
    false = (1.0 - prevalence) * false_rate if prevalence < 1 else 0.0
    return OperatingPoint(
        n,
        m,
        false_alarms,
        detections,
        false_rate,
        wilson(false_alarms, n),
        detection_rate,
        wilson(detections, m),
        float("nan") if hits + false == 0 else hits / (hits + false),  # no alert, no precision
        clips_per_day * (hits + false),
        clips_per_day * false,
    )


class Mark(NamedTuple):
    """Where a detector's thresholds put it on its curves; ``nan``: not computable."""

    false_alarm_rate: float
    detection_rate: float
    precision: float  # among the test clips themselves


def operating_marks(
    scores: "pd.DataFrame", thresholds: Mapping[str, Mapping[str, float | None]], machine_id: str
) -> dict[str, Mark]:
    """The observed operating point of each detector on one machine id, or ``"mean"``: the mean of the ids' points.

    Args:
        scores: columns detector, machine_id, label, raw.
        thresholds: of each detector and machine id, on the raw score.
    """
    result = {}
    for key, subset in scores.groupby("detector", sort=False):
        points = operating_point(subset, thresholds.get(str(key), {}), prevalence=0.5, clips_per_day=0)
        of = [p for i, p in points.items() if i != POOLED and machine_id in ("mean", i) and p.n_normal and p.n_anomaly]
        if of:
            alarms = [p.false_alarms + p.detections for p in of]
            precisions = [p.detections / a for p, a in zip(of, alarms, strict=True) if a]
            result[str(key)] = Mark(
                float(np.mean([p.false_alarm_rate for p in of])),
                float(np.mean([p.detection_rate for p in of])),
                float(np.mean(precisions)) if precisions else float("nan"),
            )
    return result


def expected_false_alarms(scores: "pd.DataFrame", rates: Mapping[str, float]) -> float:
    """Normal clips times the false-alarm rate promised for their machine id, over the ids that have one.

    Args:
        scores: one detector's rows, columns machine_id, label.
    """
    normals = scores[scores["label"] == "normal"]["machine_id"].value_counts()
    return float(sum(rate * int(normals.get(machine_id, 0)) for machine_id, rate in rates.items()))


def gamma_threshold(calibration_scores: Floats, quantile: float = 0.9) -> float | None:
    """Quantile of a gamma fitted to scores of normal clips: the decision rule of the DCASE 2021+ baselines.

    Shape and scale are the maximum-likelihood ones. The baselines' ``scipy.stats.gamma.fit(scores)`` fits a location as
    well; that likelihood has no maximum for shapes below 1, and on some 60 scores its answer is where the optimiser
    happened to stop (for the demo's Mahalanobis control a fifth of the empirical quantile). So the location is fixed here: 0 for
    positive scores, as reconstruction errors are; otherwise one standard deviation below the smallest score.
    Unlike the conformal threshold it promises no rate where scores are not gamma.

    Returns:
        The threshold on the raw score; ``None`` for fewer than two distinct finite scores, or when the fit fails.
    """
    scores = calibration_scores[np.isfinite(calibration_scores)]
    if len(scores) < 2 or np.ptp(scores) <= 1e-12 * np.abs(scores).max():
        return None
    location = 0.0 if scores.min() > 0 else float(scores.min() - scores.std())
    try:
        shape, _, scale = scipy.stats.gamma.fit(scores - location, floc=0.0)
    except (ValueError, RuntimeError):  # scipy's FitError is a RuntimeError
        return None
    threshold = location + float(scipy.stats.gamma.ppf(quantile, shape, scale=scale))
    return threshold if np.isfinite(threshold) else None


def misses_and_false_alarms(
    scores: "pd.DataFrame",
    thresholds: Mapping[str, float | None],
    normals: Mapping[str, Sequence[float]],
    n: int = 10,
) -> tuple["pd.DataFrame", "pd.DataFrame"]:
    """One detector's worst errors: missed anomalies of lowest margin, and false alarms of highest.

    Args:
        scores: one detector's rows, columns ``machine_id, label, raw``.
        thresholds: of each machine id, on the raw score; clips of an id without one are left out.
        normals: raw scores of the held-out normal clips of each machine id: a calibration's ``scores``.

    Returns:
        Misses and false alarms, at most ``n`` rows each, the worst first, with the columns of ``scores``, ``threshold``
        and ``margin`` (normal spreads above the threshold, see :func:`margin`).
    """
    limits = {k: v for k, v in thresholds.items() if v is not None}
    ids, raw = scores["machine_id"].to_numpy(), scores["raw"].to_numpy(dtype=np.float64)
    margins = np.full(len(raw), np.nan)
    for machine_id, limit in limits.items():
        here = ids == machine_id
        if here.any():
            margins[here] = margin(raw[here], limit, normal_spread(np.asarray(normals[machine_id], dtype=np.float64)))
    table = scores.assign(threshold=scores["machine_id"].map(limits).astype(float), margin=margins)
    missed = table[(table["label"] == "anomaly") & (table["margin"] <= 0)]
    false = table[(table["label"] == "normal") & (table["margin"] > 0)]
    return (
        missed.sort_values("margin", kind="stable").head(n).reset_index(drop=True),
        false.sort_values("margin", ascending=False, kind="stable").head(n).reset_index(drop=True),
    )
