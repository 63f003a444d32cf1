"""How often the 95 % intervals of AUC and pAUC hold the true value, on two Gaussian classes: ``make coverage``.

The truth of two Gaussian classes is known in closed form (AUC) or by quadrature (pAUC). Every case draws new clips, takes
the intervals that the pages show, and counts. Slow on purpose: it is run when the intervals change, and recorded.
"""

import argparse
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.special import ndtr, ndtri

from asd_core.evaluation import MEAN, bootstrap

SHIFTS = (0.3, 0.8, 1.7, 2.5)  # distance of the classes in standard deviations: AUC 0.58 to 0.96
SIZES = ((20, 1), (60, 1), (250, 1), (60, 4))  # clips of each class, machine ids
RESAMPLES = 500
RATES = np.linspace(0.0, 0.1, 20_001)[1:]


def truth(shift: float) -> dict[str, float]:
    """AUC and McClish-standardised pAUC at 10 % false alarms."""
    area = float(np.trapezoid(ndtr(shift + ndtri(RATES)), RATES))
    return {"auc": float(ndtr(shift / np.sqrt(2))), "pauc": 0.5 * (1 + (area - 0.005) / (0.1 - 0.005))}


def held(shift: float, n: int, ids: int, cases: int) -> dict[str, tuple[float, float]]:
    """Share of cases whose interval holds the truth, and the mean width, of each metric."""
    true, hits, widths = truth(shift), {"auc": 0, "pauc": 0}, {"auc": 0.0, "pauc": 0.0}
    names = [f"{i:02d}" for i in range(ids)]
    about = pd.DataFrame(
        [(i, label, f"{i}{label}{k}") for i in names for label in ("normal", "anomaly") for k in range(n)],
        columns=["machine_id", "label", "clip_id"],
    ).assign(detector="d")
    rng = np.random.default_rng([int(100 * shift), n, ids])
    for case in range(cases):
        raw = rng.normal(size=len(about)) + shift * (about["label"] == "anomaly")
        draws = bootstrap(about.assign(raw=raw), RESAMPLES, seed=case)
        for metric in hits:
            low, high = draws.interval(MEAN, metric)[0]
            hits[metric] += low <= true[metric] <= high
            widths[metric] += (high - low) / cases
    return {metric: (hits[metric] / cases, widths[metric]) for metric in hits}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=2000)
    parser.add_argument("--markdown", type=Path, required=True)
    options = parser.parse_args()
    lines = [
        "# How often the intervals hold the truth",
        "",
        f"Written by `make coverage`: {options.cases} cases a row, {RESAMPLES} resamples each, two Gaussian classes whose",
        "AUC and pAUC are known. Nominal: 95 %. A share of cases is itself uncertain by one percentage point.",
        "",
        "| true AUC | true pAUC | normal + anomalous clips | machine ids | AUC held (width) | pAUC held (width) |",
        "|---|---|---|---|---|---|",
    ]
    shares = []
    for n, ids in SIZES:
        for shift in SHIFTS:
            found, true = held(shift, n, ids, options.cases), truth(shift)
            shares += [share for share, _ in found.values()]
            cells = " | ".join(f"{share:.1%} ({width:.3f})" for share, width in found.values())
            lines.append(f"| {true['auc']:.3f} | {true['pauc']:.3f} | {n} + {n} | {ids} | {cells} |")
            print(lines[-1], flush=True)
    lines += ["", f"Lowest {min(shares):.1%}, highest {max(shares):.1%}."]
    options.markdown.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
