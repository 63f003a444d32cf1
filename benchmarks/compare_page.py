"""Speeds of the comparison: its statistics against a loop over scikit-learn, and its page with many clips."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np

from asd_core.detectors import detector_keys
from asd_core.evaluation import bootstrap
from asd_core.lazy import sklearn
from benchmarks.browser import APP, Figure, figure
from benchmarks.library import seconds
from benchmarks.synthetic import made_up_scores, write_models

MANY, VERY_MANY = 2_000, 100_000  # clips


def statistics_speed(n: int = 5, n_clips: int = MANY) -> dict[str, Figure]:
    """All figures of 20 detectors on 2,000 clips with 1,000 resamples: seconds, and the ratio to ``roc_auc_score`` called
    for AUC and pAUC of every resample (timed over 2 resamples: all of them would take minutes)."""
    scores = made_up_scores(n_clips, [f"detector {k}" for k in range(20)])
    groups = [
        (group["raw"].to_numpy(), (group["label"] == "anomaly").to_numpy())
        for _, group in scores.groupby(["detector", "machine_id"])
    ]
    rng, timed = np.random.default_rng(0), 2

    def theirs() -> None:
        for raw, anomaly in groups:
            for _ in range(timed):
                drawn = np.concatenate([rng.choice(np.flatnonzero(c), c.sum()) for c in (anomaly, ~anomaly)])
                sklearn.metrics.roc_auc_score(anomaly[drawn], raw[drawn])
                sklearn.metrics.roc_auc_score(anomaly[drawn], raw[drawn], max_fpr=0.1)

    theirs()
    took, ratios = [], []
    for _ in range(n):
        took.append(seconds(lambda: bootstrap(scores, 1000)))
        ratios.append(took[-1] / (seconds(theirs) * 1000 / timed))
    return {"bootstrap_2000x20_s": figure(took, "s"), "bootstrap_2000x20_vs_sklearn": figure(ratios, "ratio")}


def page_speed(n: int = 3) -> dict[str, Figure]:
    """Seconds in which a warm server runs the Compare page for a dataset it has not seen, with scores of all detectors: of 2,000
    clips and of 100,000; whether the recordings of the latter have changed is looked at afterwards. And the memory of the
    server's process at its largest, once it has shown the latter."""
    many, very_many = [f"many-{k}" for k in range(n)], [f"very-many-{k}" for k in range(n)]
    opened = open_pages({"a warm-up": 200, **dict.fromkeys(many, MANY), **dict.fromkeys(very_many, VERY_MANY)})
    size = len(detector_keys())
    return {
        f"compare_page_{MANY}x{size}_s": figure([opened[name].seconds for name in many], "s"),
        f"compare_page_100k_x{size}_s": figure([opened[name].seconds for name in very_many], "s"),
        f"compare_page_100k_x{size}_mb": figure([opened[very_many[0]].megabytes], "MB"),
    }


class Opened(NamedTuple):
    """The page of a dataset: how long it took, and the most memory that its process has had until then."""

    seconds: float
    megabytes: float


def open_pages(n_clips: Mapping[str, int]) -> dict[str, Opened]:
    """The Compare page of some datasets, one after the other, in a process of its own.

    Args:
        n_clips: by name; the first name in the alphabet comes first: it is the dataset that a new server opens.

    Raises:
        RuntimeError: when a page shows an exception, with its text.
    """
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        for seed, (name, n) in enumerate(n_clips.items()):
            write_models(root / "models" / name, root / "recordings" / name, n, detector_keys(), seed=seed)
        shown = subprocess.run(
            [sys.executable, "-m", "benchmarks.apps.compare_page", *n_clips],
            cwd=APP.parent,
            env={**os.environ, "ASD_MODELS_DIR": str(root / "models")},
            capture_output=True,
            text=True,
            check=False,
        )
    if shown.returncode:
        raise RuntimeError(shown.stderr.strip().splitlines()[-1])
    return {name: Opened(*found) for name, found in json.loads(shown.stdout.splitlines()[-1]).items()}
