"""Our detectors of vectors beside PyOD's, on the same arrays: ``python -m benchmarks.peers`` (or ``make peers``).

Every clip of the demo catalogue becomes one vector (mean, spread and maximum over time of each mel band); per machine
id, both sides get the same vectors, standardised on the training normals. PyOD runs with its defaults, ours with ours:
nothing is tuned here, and test labels only measure. PyOD is a development dependency.
"""

import argparse
import hashlib
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

from asd_core.datasets import build_catalogue, render_demo_clip
from asd_core.evaluation import auc, pauc
from asd_core.features import LogMel, pool
from asd_core.lazy import torch
from asd_core.settings import PROJECT_ROOT, get_settings
from asd_core.sound import Clip

TOLERANCE = 0.01  # of mean AUC: what 60 normal clips an id cannot tell apart
SINGLES = 30  # clips scored one at a time, for the median
Vectors = NDArray[np.float64]
Fitted = Callable[[Vectors], NDArray[np.float64]]
Fit = Callable[[Vectors], Fitted]  # training vectors -> a function that scores

SEEDED = {"random_state": 0, "verbose": 0}
# method: PyOD's module:class and its parameters, ours and its parameters.
METHODS: dict[str, tuple[str, dict[str, Any], str, dict[str, Any]]] = {
    "KDE": ("kde:KDE", {}, "pca_kde:Kde", {}),
    "LOF": ("lof:LOF", {}, "pca_lof:Lof", {}),
    "GMM": ("gmm:GMM", {}, "gmm:Gmm", {}),
    "kNN": ("knn:KNN", {}, "knn_bands:BandNeighbours", {"n_subbands": 1}),
    "kNN, sub-bands": ("knn:KNN", {}, "knn_bands:BandNeighbours", {"n_statistics": 3}),
    "Deep SVDD": ("deep_svdd:DeepSVDD", {"n_features": 384} | SEEDED, "deep_svdd:DeepSvddVectors", {}),
    "VAE": ("vae:VAE", SEEDED, "vae:VaeVectors", {}),
}


@dataclass
class Row:
    """One method of one library: figures per machine id, medians of times over ids."""

    method: str
    library: str
    auc: dict[str, float] = field(default_factory=dict)
    pauc: dict[str, float] = field(default_factory=dict)
    mean_auc: float = float("nan")
    mean_pauc: float = float("nan")
    fit_seconds: float = float("nan")
    score_one_ms: float = float("nan")  # a call with one clip
    score_many_ms: float = float("nan")  # a clip, in one call with all test clips of an id
    skipped: str = ""


def demo_vectors(cache: Path) -> tuple[NDArray[np.float32], NDArray[Any], NDArray[Any], NDArray[Any]]:
    """Pooled log-mels ``(n_clips, 384)`` of the demo catalogue, machine ids, is-train and is-anomaly, ``(n_clips,)``.

    Cached under a hash of the catalogue and of the code that renders it: a changed simulator gives new ones.
    """
    table = build_catalogue()
    sources = [
        *sorted((PROJECT_ROOT / "asd_core/datasets/slide_rail").glob("*.py")),
        PROJECT_ROOT / "asd_core/features/log_mel.py",
    ]
    content = table.to_csv(index=False).encode() + b"".join(path.read_bytes() for path in sources)
    path = cache / f"peers-{hashlib.sha256(content).hexdigest()[:12]}.npz"
    if not path.exists():
        print(f"rendering {len(table)} clips (once)", file=sys.stderr)
        log_mel, vectors = LogMel(), []
        for _, row in table.iterrows():
            sound = render_demo_clip(row)
            clip = Clip(sound.samples[None], sound.sample_rate, row["clip_id"], row["clip_id"])
            vectors.append(pool(log_mel.transform(clip)))
        cache.mkdir(parents=True, exist_ok=True)
        np.savez(path, vectors=np.stack(vectors))
    with np.load(path, allow_pickle=False) as stored:
        vectors_ = stored["vectors"]
    is_train, is_anomaly = (table["split"] == "train").to_numpy(), (table["label"] == "anomaly").to_numpy()
    return vectors_, table["machine_id"].to_numpy(dtype=str), is_train, is_anomaly


def fitting(package: str, path: str, parameters: dict[str, Any]) -> Fit:
    """A detector of a package with its defaults, apart from some parameters."""
    module, name = path.split(":")
    cls = getattr(import_module(f"{package}.{module}"), name)

    def fit(vectors: Vectors) -> Fitted:
        model = cls(**parameters).fit(vectors)
        return model.decision_function if package == "pyod.models" else model.score  # type: ignore[no-any-return]

    return fit


def measure(row: Row, fit: Fit, data: dict[str, tuple[Vectors, Vectors, NDArray[Any]]]) -> None:
    """Fill a row: ``data`` holds training vectors, test vectors and is-anomaly for each machine id."""
    fits, ones, many = [], [], []
    for machine_id, (train, test, is_anomaly) in data.items():
        start = time.perf_counter()
        score = fit(train)
        fits.append(time.perf_counter() - start)
        score(test[:1])
        start = time.perf_counter()
        scores = np.asarray(score(test), dtype=np.float64)
        many.append((time.perf_counter() - start) / len(test))
        for index in range(SINGLES):
            start = time.perf_counter()
            score(test[index : index + 1])
            ones.append(time.perf_counter() - start)
        row.auc[machine_id] = auc(scores[~is_anomaly], scores[is_anomaly])
        row.pauc[machine_id] = pauc(scores[~is_anomaly], scores[is_anomaly])
    row.mean_auc, row.mean_pauc = float(np.mean(list(row.auc.values()))), float(np.mean(list(row.pauc.values())))
    row.fit_seconds = float(np.median(fits))
    row.score_one_ms, row.score_many_ms = 1e3 * float(np.median(ones)), 1e3 * float(np.median(many))


def compare(methods: list[str]) -> list[Row]:
    """A row of PyOD's and one of ours for each method."""
    vectors, ids, is_train, is_anomaly = demo_vectors(get_settings().cache_dir)
    data = {}
    for machine_id in np.unique(ids):
        subset = ids == machine_id
        train, test = (vectors[subset & part].astype(np.float64) for part in (is_train, ~is_train))
        mean, scale = train.mean(axis=0), np.maximum(train.std(axis=0), 1e-9)
        data[str(machine_id)] = ((train - mean) / scale, (test - mean) / scale, is_anomaly[subset & ~is_train])
    torch.set_num_threads(1)
    rows: list[Row] = []
    for method in methods:
        theirs, their_parameters, ours, our_parameters = METHODS[method]
        for library, package, path, parameters in (
            ("PyOD", "pyod.models", theirs, their_parameters),
            ("asd_core", "asd_core.detectors", ours, our_parameters),
        ):
            row = Row(method, library)
            rows.append(row)
            try:
                fit = fitting(package, path, parameters)
            except (ImportError, AttributeError) as error:
                row.skipped = str(error)
                continue
            print(f"{method}: {library}", file=sys.stderr)
            with threadpool_limits(1):  # one thread for both: times that a busy machine and tiny networks do not blur
                measure(row, fit, data)
    return rows


def outcomes(rows: list[Row]) -> dict[str, str]:
    """For each method that ran on both sides: is ours as accurate (within `TOLERANCE`) and as fast to score?"""
    result = {}
    for theirs, ours in zip(rows[::2], rows[1::2], strict=True):
        if not (theirs.skipped or ours.skipped):
            accurate = ours.mean_auc >= theirs.mean_auc - TOLERANCE
            fast = ours.score_one_ms <= theirs.score_one_ms
            result[ours.method] = f"{'ok' if accurate else 'WORSE'}, {'ok' if fast else 'SLOWER'}"
    return result


def table(rows: list[Row]) -> str:
    """The comparison as Markdown."""
    ids = next((list(row.auc) for row in rows if row.auc), [])
    names = ["method", "library", *ids, "mean AUC", "mean pAUC", "fit s", "score ms (one)", "ms a clip (many)"]
    lines = ["| " + " | ".join(names) + " |", "|" + "---|" * len(names)]
    for row in rows:
        if row.skipped:
            lines.append(f"| {row.method} | {row.library} | skipped: {row.skipped} |")
            continue
        figures = [*(f"{row.auc[i]:.3f}" for i in ids), f"{row.mean_auc:.3f}", f"{row.mean_pauc:.3f}"]
        times = [f"{row.fit_seconds:.3f}", f"{row.score_one_ms:.3f}", f"{row.score_many_ms:.3f}"]
        lines.append(f"| {' | '.join([row.method, row.library, *figures, *times])} |")
    return "\n".join(lines)


def page(rows: list[Row], outcome: dict[str, str], pyod: str) -> str:
    """``docs/peers.md``."""
    return (
        "# Beside PyOD\n\nWritten by `make peers`; do not edit. PyOD "
        f"{pyod} with its defaults and ours with ours, on the same arrays in one run: the pooled log-mel of every demo clip "
        "(384 figures), standardised on the training normals of its machine id. One thread. AUC per machine id; times are "
        "medians. Test labels only measure.\n\n"
        f"{table(rows)}\n\nAccuracy counts as equal within {TOLERANCE} of mean AUC. "
        + " ".join(
            f"{method}: accuracy {v.split(', ')[0]}, scoring time {v.split(', ')[1]}." for method, v in outcome.items()
        )
        + "\n\nPyOD's KDE and kNN work on all 384 figures as they are; ours reduce or weigh them first, which is part of the "
        "method compared. One seed for Deep SVDD and VAE.\n"
    )


def main() -> int:
    """Print the table; 1 when one of ours is less accurate or slower to score, 2 when PyOD is missing."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--methods", nargs="+", default=list(METHODS), choices=list(METHODS))
    parser.add_argument("--out", type=Path, help="also write the rows as JSON to this file")
    parser.add_argument("--markdown", type=Path, help="also write the table as a page of the docs")
    arguments = parser.parse_args()
    try:
        pyod = version("pyod")
    except ImportError:
        print("PyOD is missing: python -m pip install -r requirements-dev.txt", file=sys.stderr)
        return 2
    warnings.filterwarnings("ignore", module="pyod")
    rows = compare(arguments.methods)
    result = outcomes(rows)
    print(f"Demo catalogue, pooled log-mel, per machine id; PyOD {pyod} with its defaults.\n\n{table(rows)}\n")
    for method, outcome in result.items():
        print(f"{method}: accuracy {outcome.split(', ')[0]}, scoring time {outcome.split(', ')[1]}")
    if arguments.markdown:
        arguments.markdown.write_text(page(rows, result, pyod), encoding="utf-8")
    if arguments.out:
        report = {"pyod": pyod, "tolerance": TOLERANCE, "rows": [asdict(row) for row in rows], "outcomes": result}
        arguments.out.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    return int(any("WORSE" in outcome or "SLOWER" in outcome for outcome in result.values()))


if __name__ == "__main__":
    sys.exit(main())
