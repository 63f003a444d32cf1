"""How often the 95% intervals of AUC, pAUC and their differences hold the true value: ``make coverage``.

The truth of two Gaussian classes is known in closed form (AUC) or by quadrature (pAUC). Every case draws new clips, takes
the intervals that the pages show, and counts. Slow on purpose: it is run when the intervals change, and recorded.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.special import ndtr, ndtri

from asd_core.evaluation import MEAN, Draws, Metric, bootstrap, paired_difference

SHIFTS = (0.3, 0.8, 1.7, 2.5)  # distance of the classes in standard deviations: AUC 0.58 to 0.96
PAIRS = ((0.8, 0.8), (1.7, 1.7), (2.5, 1.7), (2.5, 2.5), (3.3, 2.5), (3.3, 3.3))  # of two detectors: AUC 0.71 to 0.99
SIZES = ((20, 1), (60, 1), (250, 1), (60, 4))  # clips of each class, machine ids
PAIR_SIZES = ((10, 1), (20, 1), (60, 1))
SHARED = 0.7  # correlation of two detectors' scores of one clip within a class
RESAMPLES = 500
RATES = np.linspace(0.0, 0.1, 20_001)[1:]
METRICS: tuple[Metric, ...] = ("auc", "pauc")


class Coverage(NamedTuple):
    """Of one kind of interval: share of cases that contain the true value, and mean width."""

    share: float
    width: float


def truth(shift: float) -> dict[Metric, float]:
    """AUC and McClish-standardised pAUC at 10% false alarms."""
    area = float(np.trapezoid(ndtr(shift + ndtri(RATES)), RATES))
    return {"auc": float(ndtr(shift / np.sqrt(2))), "pauc": 0.5 * (1 + (area - 0.005) / (0.1 - 0.005))}


def sample(shifts: Sequence[float], n: int, ids: int, rng: np.random.Generator) -> pd.DataFrame:
    """A score table of ``n`` clips of each class and machine id, by one detector for each shift: "0", "1", ..."""
    rows = [
        (f"{i:02d}", label, f"{i}{label}{k}") for i in range(ids) for label in ("normal", "anomaly") for k in range(n)
    ]
    about = pd.DataFrame(rows, columns=["machine_id", "label", "clip_id"])
    clip, anomalous = rng.normal(size=len(about)), about["label"] == "anomaly"
    frames = []
    for d, shift in enumerate(shifts):
        raw = np.sqrt(SHARED) * clip + np.sqrt(1.0 - SHARED) * rng.normal(size=len(about)) + shift * anomalous
        frames.append(about.assign(detector=str(d), raw=raw))
    return pd.concat(frames, ignore_index=True)


def measure(intervals: np.ndarray, true: float) -> Coverage:
    """Coverage of ``(cases, 2)`` intervals."""
    low, high = intervals.T
    return Coverage(float(np.mean((low <= true) & (true <= high))), float(np.mean(high - low)))


def coverage(shift: float, n: int, ids: int, cases: int) -> dict[Metric, Coverage]:
    """Coverage of each metric's interval."""
    rng = np.random.default_rng([int(100 * shift), n, ids])
    results: dict[Metric, list[np.ndarray]] = {metric: [] for metric in METRICS}
    for case in range(cases):
        draws = bootstrap(sample([shift], n, ids, rng), RESAMPLES, seed=case)
        for metric in METRICS:
            results[metric].append(draws.interval(MEAN, metric)[0])
    return {metric: measure(np.array(results[metric]), truth(shift)[metric]) for metric in METRICS}


def difference_coverage(
    shifts: tuple[float, float], n: int, ids: int, cases: int
) -> dict[Metric, tuple[Coverage, Coverage]]:
    """Coverage of the paired difference's interval, and of the quantiles of resampled differences."""
    rng = np.random.default_rng([*(int(100 * s) for s in shifts), n, ids])
    results: dict[Metric, list[np.ndarray]] = {metric: [] for metric in METRICS}
    for case in range(cases):
        draws = bootstrap(sample(shifts, n, ids, rng), RESAMPLES, seed=case)
        for metric in METRICS:
            pair = paired_difference(draws, "0", "1", metric=metric)
            results[metric].append(np.array([[pair.low, pair.high], quantiles(draws, metric)]))
    figures: dict[Metric, tuple[Coverage, Coverage]] = {}
    for metric in METRICS:
        true = truth(shifts[0])[metric] - truth(shifts[1])[metric]
        ours, percentile = np.array(results[metric]).transpose(1, 0, 2)
        figures[metric] = measure(ours, true), measure(percentile, true)
    return figures


def quantiles(draws: Draws, metric: Metric) -> np.ndarray:
    """The percentile interval of a difference, which the pages do not use."""
    first, second = draws.of(MEAN, metric)
    return np.asarray(np.quantile(first - second, [0.025, 0.975]))


def figures_table(cases: int) -> list[str]:
    lines = [
        "| true AUC | true pAUC | normal + anomalous clips | machine ids | AUC held (width) | pAUC held (width) |",
        "|---|---|---|---|---|---|",
    ]
    shares = []
    for n, ids in SIZES:
        for shift in SHIFTS:
            result, true = coverage(shift, n, ids, cases), truth(shift)
            shares += [figure.share for figure in result.values()]
            cells = " | ".join(f"{figure.share:.1%} ({figure.width:.3f})" for figure in result.values())
            lines.append(f"| {true['auc']:.3f} | {true['pauc']:.3f} | {n} + {n} | {ids} | {cells} |")
            print(lines[-1], flush=True)
    return [*lines, "", f"Lowest {min(shares):.1%}, highest {max(shares):.1%}."]


def differences_table(cases: int) -> list[str]:
    lines = [
        "| true AUCs | normal + anomalous clips | machine ids | AUC held (width) | by quantiles | pAUC held (width) | by "
        "quantiles |",
        "|---|---|---|---|---|---|---|",
    ]
    shares: list[tuple[float, float]] = []
    for n, ids in PAIR_SIZES:
        for pair in PAIRS:
            result = difference_coverage(pair, n, ids, cases)
            shares += [(ours.share, percentile.share) for ours, percentile in result.values()]
            cells = " | ".join(f"{f.share:.1%} ({f.width:.3f})" for both in result.values() for f in both)
            first, second = (truth(shift)["auc"] for shift in pair)
            lines.append(f"| {first:.3f}, {second:.3f} | {n} + {n} | {ids} | {cells} |")
            print(lines[-1], flush=True)
    ours, percentile = zip(*shares, strict=True)
    return [
        *lines,
        "",
        f"Lowest {min(ours):.1%}, highest {max(ours):.1%}; by quantiles lowest {min(percentile):.1%}, highest "
        f"{max(percentile):.1%}.",
    ]


def uncertainty(cases: int) -> float:
    """Two standard errors of a share of 95% in so many cases, in percentage points."""
    return 200.0 * float(np.sqrt(0.95 * 0.05 / cases))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=2000)
    parser.add_argument("--pair-cases", type=int, default=200)
    parser.add_argument("--markdown", type=Path, required=True)
    options = parser.parse_args()
    lines = [
        "# How often the intervals hold the truth",
        "",
        f"Written by `make coverage`: {options.cases} cases a row, {RESAMPLES} resamples each, two Gaussian classes whose",
        f"AUC and pAUC are known. Nominal: 95%. A share is itself uncertain by {uncertainty(options.cases):.1f} percentage points.",
        "",
        *figures_table(options.cases),
        "",
        "## Differences of two detectors on the same clips",
        "",
        f"{options.pair_cases} cases a row (a share is uncertain by {uncertainty(options.pair_cases):.1f} points). The two",
        f"detectors' scores of a clip correlate with {SHARED} within a class. Beside each interval the pages use",
        "(MOVER on the logit intervals, Zou and Donner, 2008) stands the one from quantiles of the resampled differences, which they do not: near 1, with a difference, it holds",
        "the truth too rarely. The price is width where two detectors near 1 have few clips: they are called tied.",
        "",
        *differences_table(options.pair_cases),
    ]
    options.markdown.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
