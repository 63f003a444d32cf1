"""Speeds of the comparison: its statistics against a loop over scikit-learn, and its page with many clips."""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

from asd_core.detectors import detector_keys
from asd_core.evaluation import bootstrap
from asd_core.lazy import sklearn
from benchmarks.browser import APP, Figure, figure
from benchmarks.library import seconds
from benchmarks.synthetic import made_up_scores, write_models

MANY, VERY_MANY = 2_000, 100_000  # clips
FEW_DETECTORS = 5  # of the very many clips


def statistics_speed(n: int = 5) -> dict[str, Figure]:
    """All figures of 20 detectors on 2,000 clips with 1,000 resamples: seconds, and the ratio to ``roc_auc_score`` called
    for AUC and pAUC of every resample (timed over 2 resamples: all of them would take minutes)."""
    scores = made_up_scores(MANY, [f"detector {k}" for k in range(20)])
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
    """Seconds in which a warm server runs the Compare page for a dataset it has not seen: 2,000 clips by all detectors,
    and 100,000 clips by five."""
    with tempfile.TemporaryDirectory() as folder:
        root, keys = Path(folder), detector_keys()
        plans = {"a warm-up": (200, keys), "very-many": (VERY_MANY, keys[:FEW_DETECTORS])}
        plans |= {f"many-{k}": (MANY, keys) for k in range(n)}
        for index, (name, (n_clips, detectors)) in enumerate(plans.items()):
            write_models(root / "models" / name, root / "recordings" / name, n_clips, detectors, seed=index)
        shown = subprocess.run(
            [sys.executable, "-m", "benchmarks.apps.compare_page", *plans],
            cwd=APP.parent,
            env={**os.environ, "ASD_MODELS_DIR": str(root / "models")},
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
        took = json.loads(shown.stdout.splitlines()[-1])
    many = [s for name, s in took.items() if name.startswith("many-")]
    return {
        f"compare_page_2000x{len(keys)}_s": figure(many, "s"),
        "compare_page_100k_s": figure([took["very-many"]], "s"),
    }
