"""How many false alarms thresholds give, of those promised: ``make coverage``.

Normal clips are drawn as vectors again and again; detectors of the product are fitted on four fifths of them and calibrated in both
ways, and the share of many new normal vectors above each threshold is its rate. Written in place of one part of a Markdown file.
"""

import argparse
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from asd_core.artifacts import Calibration
from asd_core.datasets import folds
from asd_core.detectors import Density, DensityPerId, Scores
from asd_core.detectors.common.gaussian import Mahalanobis
from asd_core.detectors.common.kde import Kde
from asd_core.detectors.knn_bands import BandNeighbours
from asd_core.detectors.pca_dbscan import Dbscan
from asd_core.detectors.pca_lof import Lof
from asd_core.evaluation import false_alarm_range
from asd_core.training.cross_conformal import cross_calibration

SIZES = (20, 50, 100, 300)  # normal clips of a machine
MANY = 75  # of fewer there are more draws
RATE = 0.05
DIMENSIONS, NEW = 16, 2000  # figures of a vector; new normal vectors a case
NOT_CROSSED = "PCA + DBSCAN"  # not cross-calibrated by the product; the table shows why
HEADING = "## False alarms of thresholds"
WITHIN, SPREAD = 0.005, 2 / 3  # what is wanted: of the mean rate; of the held-out fifth's spread
MODELS: dict[str, Callable[[], Density]] = {
    "PCA + KDE": lambda: Kde(8, residual=False),
    "nearest neighbour": lambda: BandNeighbours(1),
    "Mahalanobis": Mahalanobis,
    "PCA + LOF": Lof,
    "PCA + DBSCAN": Dbscan,
}


@dataclass
class OfVectors(DensityPerId):
    """A density of the product on vectors as they are."""

    name: str = "PCA + KDE"

    def new_model(self) -> Density:
        return MODELS[self.name]()

    def suited(self, n_clips: int) -> dict[str, Any]:
        return {}  # the densities' own parameters, whatever the number


class Rates(NamedTuple):
    """Results of one way of calibrating: false-alarm rates ``(cases,)``, whether their range held them, and what was
    promised."""

    rate: NDArray[np.float64]
    held: NDArray[np.bool_]
    promised: float


def normals(n: int, kind: str, rng: np.random.Generator) -> NDArray[np.float64]:
    """``(n, DIMENSIONS)``: one Gaussian of unequal axes, or two states of a machine."""
    vectors = rng.normal(size=(n, DIMENSIONS)) * np.geomspace(3.0, 0.3, DIMENSIONS)
    if kind == "two states":
        vectors[:, :4] += 4.0 * rng.choice([-1.0, 1.0], size=(n, 1))
    return vectors


def case(name: str, kind: str, n: int, rng: np.random.Generator) -> tuple[Calibration, Calibration, Scores]:
    """Calibration by the held-out fifth, cross-conformal calibration, and scores of new normal vectors."""
    vectors, ids = normals(n, kind, rng), ["00"] * n
    fold = folds([f"{i:06d}" for i in range(n)], ids)
    rest = np.flatnonzero(fold)
    detector = OfVectors(name).fit(list(vectors[rest]), ["00"] * len(rest))
    fifth = detector.score(list(vectors[fold == 0]), ["00"] * int(np.sum(fold == 0)))
    crossed = cross_calibration(detector, list(vectors), ids, fold)
    new = detector.score(list(normals(NEW, kind, rng)), ["00"] * NEW)
    return Calibration.from_scores(fifth, ["00"] * len(fifth)), crossed, new


def rates(name: str, kind: str, n: int, cases: int) -> tuple[Rates, Rates, float]:
    """Results of the held-out fifth, results of cross-conformal calibration, and the share of cases whose folds were
    not alike."""
    rng = np.random.default_rng([n, list(MODELS).index(name), len(kind)])
    found: list[list[tuple[float, bool]]] = [[], []]
    apart = 0
    promised = [0.0, 0.0]
    for _ in range(cases):
        *both, new = case(name, kind, n, rng)
        apart += not both[1].crossed
        for which, calibration in enumerate(both):
            size = calibration.n("00")
            threshold = calibration.threshold("00", RATE)
            rate = float(np.mean(new > threshold.value))
            low, high = false_alarm_range(size, RATE, clip_weight=calibration.clip_weight("00"))
            found[which].append((rate, low <= rate <= high))
            if which == 0 or calibration.crossed:
                promised[which] = threshold.rate
    fifth, crossed = (
        Rates(np.array([rate for rate, _ in f]), np.array([held for _, held in f]), p)
        for f, p in zip(found, promised, strict=True)
    )
    return fifth, crossed, apart / cases


def table(cases: int, kinds: Sequence[str] = ("one state", "two states")) -> list[str]:
    """The part's lines.

    Args:
        cases: the fewest draws; of the smallest sizes there are more, as the rate of a threshold varies more there.
    """
    lines = [
        "| detector | normal clips | fifth: promised | mean ± sd | range held | five-fold: promised | mean ± sd | range held | sd ÷ "
        "fifth's | folds unlike |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    off, ratios, held = [], [], []
    for name in MODELS:
        for kind in kinds:
            for n in SIZES:
                fifth, crossed, apart = rates(name, kind, n, max(cases, cases * MANY // n))
                ratio = crossed.rate.std() / fifth.rate.std()
                if name != NOT_CROSSED:
                    off.append(abs(crossed.rate.mean() - crossed.promised))
                    ratios.append(ratio)
                    held.append(crossed.held.mean())
                cells = " | ".join(
                    f"{r.promised:.1%} | {r.rate.mean():.1%} ± {r.rate.std():.1%} | {r.held.mean():.0%}"
                    for r in (fifth, crossed)
                )
                lines.append(f"| {name}, {kind} | {n} | {cells} | {ratio:.2f} | {apart:.1%} |")
                print(lines[-1], flush=True)
    met = sum(o <= WITHIN for o in off), sum(r <= SPREAD for r in ratios)
    return [
        *lines,
        "",
        f"Five-fold, without {NOT_CROSSED}: the mean rate is within {100 * WITHIN:g} points of the promised one in {met[0]} of {len(off)} rows (at most {100 * max(off):.1f} "
        f"points off), its spread at most two thirds of the held-out fifth's in {met[1]} of {len(ratios)} (at most {max(ratios):.2f} of it), "
        f"and the range shown for a threshold held its rate in {min(held):.0%} to {max(held):.0%} of cases.",
        "",
        f"{NOT_CROSSED} is calibrated by the held-out fifth alone: its eps jumps from fold to fold, so five folds gain nothing.",
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=800)
    parser.add_argument("--markdown", type=Path, required=True)
    options = parser.parse_args()
    before = options.markdown.read_text("utf-8").split(HEADING)[0].rstrip() if options.markdown.is_file() else ""
    lines = [
        HEADING,
        "",
        f"Also by `make coverage`: {options.cases} draws a row of normal clips as vectors of {DIMENSIONS} figures, more of fewer than {MANY} clips",
        f"(the mean is uncertain by about 0.1 points everywhere, a ratio of spreads by about .03), thresholds for {RATE:.0%}, the rate of",
        f"each counted on {NEW:,} new normal vectors. *Fifth*: the held-out fifth sets the threshold. *Five-fold*: all clips do,",
        "each scored by a detector fitted without its fifth (cross-conformal); where the folds' scores are not alike, the fifth",
        "does. The promised rate is the one that the application shows: the rank's that so few clips allow, less a share for five fits (see",
        "`CROSSED_MORE`). *Range held*: in how many cases the 95% range",
        "beside a threshold holds its rate; that of a five-fold threshold counts each clip for less, see `CROSSED_WEIGHT`.",
        "",
        *table(options.cases),
    ]
    options.markdown.write_text("\n".join([before, "", *lines]) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
