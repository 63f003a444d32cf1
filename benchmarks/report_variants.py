"""The report's own variants that are no detectors here, rerun on the demo: ``python -m benchmarks.report_variants``.

PCA + KDE in the time domain (two clips never line up, so it should lose), and PCA + DBSCAN as the report used it:
transductive and tuned on test labels, so that its figure is no estimate for new clips.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from asd_core.datasets import demo_dataset
from asd_core.detectors import Scores
from asd_core.detectors.common.whitening import Whitening
from asd_core.detectors.pca_kde import PcaKde
from asd_core.evaluation import auc
from asd_core.features import BandSpectrum, Waveform
from asd_core.lazy import sklearn
from asd_core.sound import Clip, prepare


def time_domain_scores(train: Sequence[Clip], test: Sequence[Clip]) -> Scores:
    """Scores ``(n_test,)`` by PCA + KDE of rescaled waveforms, fitted on prepared normal clips of one machine."""
    normals, waves = ([Waveform().transform(clip) for clip in clips] for clips in (train, test))
    return PcaKde().fit(normals, [""] * len(normals)).score(waves, [""] * len(waves))


def transductive_oracle(vectors: NDArray[Any], is_anomaly: NDArray[np.bool_], *, seed: int = 0) -> float:
    """Accuracy of the report's own PCA + DBSCAN. **It looks at the test labels: no detector, no estimate.**

    It clusters the test set itself (transductive), calls each group of ``(n, d)`` vectors by the majority of its test
    labels ``(n,)``, and takes the eps whose accuracy is highest (oracle), among those that give two groups or fewer.
    """
    points = Whitening.fit(vectors, 2, seed=seed).transform(vectors)
    best = 0.0
    for eps in np.geomspace(0.02, 5.0, 120):  # in whitened units, where 1 is a standard deviation
        groups = sklearn.cluster.DBSCAN(eps=eps, min_samples=2 * points.shape[1]).fit_predict(points)
        members = [is_anomaly[groups == group] for group in np.unique(groups)]
        if len(members) <= 2:
            best = max(best, sum(max(int(m.sum()), int((~m).sum())) for m in members) / len(vectors))
    return best


def main() -> int:
    """Write the page."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--markdown", type=Path, required=True, help="page to write")
    out = parser.parse_args().markdown
    demo = demo_dataset()
    kde, oracle = [], []
    for machine_id in sorted(demo.catalogue["machine_id"].unique()):
        print(f"machine id {machine_id}", file=sys.stderr)
        train, test = (demo.rows(split=s, machine_id=machine_id) for s in ("train", "test"))
        normals: list[Clip] = [prepare(demo.read(c)) for c in train["clip_id"]]
        clips = [prepare(demo.read(c)) for c in test["clip_id"]]
        anomaly = (test["label"] == "anomaly").to_numpy()
        scores = time_domain_scores(normals, clips)
        kde.append(auc(scores[~anomaly], scores[anomaly]))
        row = [machine_id]
        for representation in (Waveform(), BandSpectrum()):
            vectors = np.stack([representation.transform(c) for c in clips])
            for labels in (anomaly, np.random.default_rng(0).permutation(anomaly)):
                row.append(f"{transductive_oracle(vectors, labels):.3f}")
        oracle.append(row)
    cells = " | ".join(f"{v:.3f}" for v in kde)
    lines = [
        "# The report's own variants",
        "Written by `make report-variants`; do not edit. Experiments on the demo's test clips, not detectors.",
        "## PCA + KDE in the time domain",
        "The rescaled waveform, then PCA and a kernel density, fitted on normal clips. AUC per machine id:",
        f"| 00 | 02 | 04 | 06 | mean |\n|---|---|---|---|---|\n| {cells} | {np.mean(kde):.3f} |",
        "Samples of two recordings never line up, so their components describe phase noise: chance is 0.5.",
        "## PCA + DBSCAN, transductive and oracle-tuned",
        "**Looks at the test labels.** The test clips themselves are clustered into two groups or fewer, and both eps and each "
        "group's label are chosen for the highest accuracy. Calling every clip anomalous gives 0.500 here. *Shuffled*: the "
        "same with the labels at random, which is what the tuning alone is worth.",
        "| machine id | waveform | waveform, shuffled | FFT bands | FFT bands, shuffled |\n|---|---|---|---|---|\n"
        + "\n".join("| " + " | ".join(r) + " |" for r in oracle),
        "The report's accuracy of 0.85 on its development set was found this way and did not carry over to the evaluation "
        "set. The inductive detector `pca_dbscan` is fitted on normal clips alone; its figures are in results.md.",
    ]
    out.write_text("\n\n".join(lines) + "\n", encoding="utf-8")
    print(f"{out} written", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
