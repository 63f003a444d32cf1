"""Our detectors of vectors beside PyOD's, on the same arrays: ``python -m benchmarks.peers`` (or ``make peers``).

PyOD runs with its defaults, ours with ours, on every family of arrays in `benchmarks.peer_families`, each standardised on
its training normals: nothing is tuned here, and test labels only measure. PyOD is a development dependency.
"""

import argparse
import json
import sys
import time
import warnings
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from asd_core.evaluation import auc, pauc
from asd_core.lazy import torch
from asd_core.settings import get_settings
from benchmarks.peer_families import FAMILIES, DemoVectors, Problems, Vectors

TOLERANCE = 0.005  # of mean AUC
AS_FAST = 1.05  # times as long: medians of the same call differ by as much from run to run
SEEDS = (0, 1, 2)  # of methods that draw weights
SINGLES = 30  # vectors scored one at a time in each problem, for the median

Fitted = Callable[[Vectors], NDArray[np.float64]]


@dataclass(frozen=True)
class Method:
    """PyOD's ``module:class`` (nothing where it has no such method) and ours."""

    theirs: str
    ours: str
    seeded: bool = False  # draws its weights
    parameters: dict[str, Any] = field(default_factory=dict)  # of ours
    families: tuple[str, ...] = tuple(FAMILIES)  # for which it means something


BANDED = ("modulation spectra", "few clips", "mixed machines")  # neighbours in the vector are neighbours in the sound
METHODS: dict[str, Method] = {
    "Gaussian": Method("pca:PCA", "gaussian:Gaussian"),
    "GMM": Method("gmm:GMM", "gmm:Gmm"),
    "KDE": Method("kde:KDE", "pca_kde:Kde"),
    "kNN": Method("knn:KNN", "knn_bands:BandNeighbours"),
    "kNN, sub-bands": Method("knn:KNN", "knn_bands:BandNeighbours", parameters={"n_subbands": 16}, families=BANDED),
    "LOF": Method("lof:LOF", "pca_lof:Lof"),
    "DBSCAN": Method("cblof:CBLOF", "pca_dbscan:Dbscan"),
    "Deep SVDD": Method("deep_svdd:DeepSVDD", "deep_svdd:DeepSvddVectors", seeded=True),
    "VAE": Method("vae:VAE", "vae:VaeVectors", seeded=True),
}
# Where PyOD has another method than the name says, or ours is more than the name says.
NEAREST = {
    "Gaussian": "PyOD's PCA (distances along all principal components, each divided by its share of the variance)",
    "DBSCAN": "PyOD's CBLOF (distance to the nearest large cluster); it has no DBSCAN",
}


@dataclass
class Row:
    """One method of one library on one family: means over its problems, a figure per seed; medians of times."""

    family: str
    method: str
    library: str
    aucs: list[float] = field(default_factory=list)
    paucs: list[float] = field(default_factory=list)
    fit_seconds: float = float("nan")
    score_one_ms: float = float("nan")  # a call with one vector
    score_many_ms: float = float("nan")  # a vector, in one call with all test vectors of a problem
    failed: str = ""
    missing: bool = False  # there is no such class

    @property
    def mean_auc(self) -> float:
        return float(np.mean(self.aucs)) if self.aucs else float("nan")

    @property
    def mean_pauc(self) -> float:
        return float(np.mean(self.paucs)) if self.paucs else float("nan")


def fitter(method: Method, library: str) -> Callable[[Vectors, int], Fitted]:
    """``(training vectors, seed) -> a function that scores``, of one of the two libraries with its defaults.

    Raises:
        ImportError, AttributeError: where there is no such class.
    """
    theirs = library == "PyOD"
    module, name = (method.theirs if theirs else method.ours).split(":")
    cls = getattr(import_module(f"{'pyod.models' if theirs else 'asd_core.detectors'}.{module}"), name)

    def fit(vectors: Vectors, seed: int) -> Fitted:
        if not theirs:
            return cls(**method.parameters).fit(vectors, seed=seed).score  # type: ignore[no-any-return]
        parameters: dict[str, Any] = {"random_state": seed, "verbose": 0} if method.seeded else {}
        if method.theirs.endswith(":DeepSVDD"):
            parameters["n_features"] = vectors.shape[1]
        return cls(**parameters).fit(vectors).decision_function  # type: ignore[no-any-return]

    return fit


def measure(row: Row, fit: Callable[[Vectors, int], Fitted], problems: Problems, seeds: tuple[int, ...]) -> None:
    """Fill in a row's figures."""
    fits, ones, many = [], [], []
    for seed in seeds:
        aucs, paucs = [], []
        for train, test, is_anomaly in problems.values():
            start = time.perf_counter()
            score = fit(train, seed)
            fits.append(time.perf_counter() - start)
            score(test[:1])
            start = time.perf_counter()
            scores = np.asarray(score(test), dtype=np.float64)
            many.append((time.perf_counter() - start) / len(test))
            for index in range(min(SINGLES, len(test))):
                start = time.perf_counter()
                score(test[index : index + 1])
                ones.append(time.perf_counter() - start)
            aucs.append(auc(scores[~is_anomaly], scores[is_anomaly]))
            paucs.append(pauc(scores[~is_anomaly], scores[is_anomaly]))
        row.aucs.append(float(np.mean(aucs)))
        row.paucs.append(float(np.mean(paucs)))
    row.fit_seconds = float(np.median(fits))
    row.score_one_ms, row.score_many_ms = 1e3 * float(np.median(ones)), 1e3 * float(np.median(many))


def compare(methods: list[str], families: list[str]) -> list[Row]:
    """A row of PyOD's and one of ours, for each method on each family.

    One that does not run is a row that says why: a comparison that was not made must not look like one that was won.
    """
    demo = DemoVectors(get_settings().cache_dir)
    torch.set_num_threads(1)
    rows: list[Row] = []
    for family in families:
        problems = FAMILIES[family][1](demo)
        for name in methods:
            method = METHODS[name]
            if family not in method.families:
                continue
            for library in ("PyOD", "asd_core"):
                row = Row(family, name, library)
                rows.append(row)
                print(f"{family}: {name}, {library}", file=sys.stderr)
                try:
                    with threadpool_limits(1):  # one thread for both: times that a busy machine does not blur
                        measure(row, fitter(method, library), problems, SEEDS if method.seeded else SEEDS[:1])
                except Exception as error:  # whatever a peer raises on an array it was not made for
                    row.failed = f"{type(error).__name__}: {error}"
                    row.missing = isinstance(error, ImportError | AttributeError)
    return rows


@dataclass(frozen=True)
class Outcome:
    """The verdict on one method and family, in words, and whether it is a failure."""

    family: str
    method: str
    outcome: str
    fails: bool


def outcomes(rows: list[Row]) -> list[Outcome]:
    """Is ours as accurate (within `TOLERANCE` of mean AUC) and as fast to score as PyOD's, for each pair of rows?"""
    result = []
    for theirs, ours in zip(rows[::2], rows[1::2], strict=True):
        faults = []
        if ours.failed or theirs.missing:
            faults += [f"{row.library} NOT COMPARED ({row.failed})" for row in (theirs, ours) if row.failed]
        elif theirs.failed:  # on an array that ours can take: nothing is lost
            result.append(Outcome(ours.family, ours.method, f"PyOD's does not run ({theirs.failed})", False))
            continue
        else:
            lead = ours.mean_auc - theirs.mean_auc
            if not lead >= -TOLERANCE:
                faults.append(f"BELOW by {-lead:.3f}")
            if not ours.score_one_ms <= AS_FAST * theirs.score_one_ms:
                faults.append(f"SLOWER ({ours.score_one_ms:.3f} for {theirs.score_one_ms:.3f} ms)")
        result.append(Outcome(ours.family, ours.method, ", ".join(faults) or "ok", bool(faults)))
    return result


def summary(found: list[Outcome]) -> str:
    """In one sentence or a line per failure: which of ours is below its peer or slower, and where."""
    failing = [outcome for outcome in found if outcome.fails]
    text = f"No method of ours is below PyOD's by more than {TOLERANCE} of mean AUC, or slower to score (beyond 5%), on any family."
    if failing:
        lines = [f"- {o.method} on {o.family}: {o.outcome}" for o in failing]
        slower = "" if any("SLOWER" in o.outcome for o in failing) else " No score is slower."
        text = f"{len(failing)} of {len(found)} comparisons fail.{slower}\n\n" + "\n".join(lines)
    notes = [f"{o.method} on {o.family}: {o.outcome}." for o in found if not o.fails and o.outcome != "ok"]
    return "\n\n".join([text, *notes])


def table(rows: list[Row]) -> str:
    """One family's comparison as Markdown: both libraries' figures side by side."""
    names = ["method", "PyOD AUC", "ours", "PyOD pAUC", "ours", "PyOD fit s", "ours", "PyOD ms (one)", "ours"]
    names += ["PyOD ms a vector (many)", "ours"]
    lines = ["| " + " | ".join(names) + " |", "|" + "---|" * len(names)]

    def figure(values: list[float]) -> str:
        if not values:
            return "–"
        spread = f" ± {np.std(values, ddof=1):.3f}" if len(values) > 1 else ""
        return f"{np.mean(values):.3f}{spread}"

    for theirs, ours in zip(rows[::2], rows[1::2], strict=True):
        cells = [ours.method]
        for a, b in ((theirs.aucs, ours.aucs), (theirs.paucs, ours.paucs)):
            cells += [figure(a), figure(b)]
        for name in ("fit_seconds", "score_one_ms", "score_many_ms"):
            cells += [f"{getattr(row, name):.3f}" for row in (theirs, ours)]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def tables(rows: list[Row]) -> str:
    """A heading and a table for each family."""
    parts = []
    for family in dict.fromkeys(row.family for row in rows):
        subset = [row for row in rows if row.family == family]
        parts.append(f"## {family.capitalize()}\n\n{FAMILIES[family][0].capitalize()}.\n\n{table(subset)}")
    return "\n\n".join(parts)


def page(rows: list[Row], found: list[Outcome], pyod: str) -> str:
    """``docs/peers.md``."""
    nearest = "; ".join(f"{name} has {what} beside it" for name, what in NEAREST.items())
    return (
        f"# Beside PyOD\n\nWritten by `make peers`; do not edit. PyOD {pyod} with its defaults and ours with ours, on the same "
        "arrays in one run, standardised on the training normals. One thread. AUC and pAUC are means over a family's problems "
        f"(machine ids, draws, classes); of networks, mean ± standard deviation over {len(SEEDS)} seeds. Times are medians. "
        f"Test labels only measure.\n\n{summary(found)}\n\n{nearest}. PyOD's KDE and kNN work on all figures as they are; ours "
        "reduce or weigh them first, which is part of the method compared. *kNN* takes all dimensions at once, *kNN, sub-bands* "
        f"sixteen runs of neighbouring ones, which means nothing where neighbours in a vector are not neighbours in the sound.\n\n{tables(rows)}\n"
    )


def main(arguments: list[str] | None = None) -> int:
    """Print the tables; 1 when one of ours is less accurate, slower to score or not compared, 2 when PyOD is missing."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--methods", nargs="+", default=list(METHODS), choices=list(METHODS))
    parser.add_argument("--families", nargs="+", default=list(FAMILIES), choices=list(FAMILIES))
    parser.add_argument("--out", type=Path, help="also write the rows as JSON to this file")
    parser.add_argument("--markdown", type=Path, help="also write the tables as a page of the docs")
    options = parser.parse_args(arguments)
    try:
        pyod = version("pyod")
    except ImportError:
        print("PyOD is missing: python -m pip install -r requirements-dev.txt", file=sys.stderr)
        return 2
    warnings.filterwarnings("ignore")  # PyOD's, and scikit-learn's on behalf of it
    rows = compare(options.methods, options.families)
    found = outcomes(rows)
    print(f"PyOD {pyod} with its defaults.\n\n{tables(rows)}\n\n{summary(found)}")
    if options.markdown:
        options.markdown.write_text(page(rows, found, pyod), encoding="utf-8")
    if options.out:
        report = {"pyod": pyod, "tolerance": TOLERANCE, "rows": [asdict(row) for row in rows]}
        report["outcomes"] = [asdict(outcome) for outcome in found]
        options.out.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    return int(any(outcome.fails for outcome in found))


if __name__ == "__main__":
    sys.exit(main())
