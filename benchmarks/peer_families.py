"""The arrays on which ``benchmarks.peers`` compares detectors of vectors: families of shapes, nothing of which was tuned to.

A family is a few one-class problems of one kind. Demo clips give pooled log-mels and modulation spectra; the rest is
synthetic, or ships with scikit-learn. Labels only measure.
"""

import hashlib
import sys
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from asd_core.datasets import build_catalogue, render_demo_clip
from asd_core.features import Array, LogMel, pool
from asd_core.lazy import sklearn
from asd_core.settings import PROJECT_ROOT
from asd_core.sound import Clip

Vectors = NDArray[np.float64]
Problem = tuple[Vectors, Vectors, NDArray[np.bool_]]  # training normals, test vectors, which of these are anomalies
Problems = dict[str, Problem]

BANDS = 60  # mel bands of a modulation spectrum
MODULATIONS = (0.2, 0.5, 1.0, 1.5, 2.5, 4.0, 6.5, 10.0, 15.7)  # Hz: edges of its eight modulation bands
FEW = 40  # training clips a machine id in the family of few clips
STUDENT = {"n": 400, "d": 120, "freedom": 4, "reach": 24, "shift": 4.0, "width": 6}


def modulation_spectrum(log_mel: LogMel, clip: Clip) -> Array:
    """How strongly each mel band's level fluctuates in eight modulation bands: ``(480,)``, log10 of the mean power."""
    levels = log_mel.transform(clip)
    power = np.square(np.abs(np.fft.rfft(levels - levels.mean(axis=1, keepdims=True), axis=1)))
    hz = np.fft.rfftfreq(levels.shape[1], log_mel.hop_length / log_mel.sample_rate)
    bands = [power[:, (hz >= low) & (hz < high)].mean(axis=1) for low, high in pairwise(MODULATIONS)]
    return np.asarray(np.log10(np.stack(bands, axis=1) + 1e-6).ravel(), dtype=np.float32)


class DemoVectors:
    """Vectors of the demo catalogue's clips, cached under a hash of the catalogue and of the code that makes them."""

    def __init__(self, cache: Path) -> None:
        table = build_catalogue()
        self.ids = table["machine_id"].to_numpy(dtype=str)
        self.is_train = (table["split"] == "train").to_numpy()
        self.is_anomaly = (table["label"] == "anomaly").to_numpy()
        sources = [
            *sorted((PROJECT_ROOT / "asd_core/datasets/slide_rail").glob("*.py")),
            PROJECT_ROOT / "asd_core/features/log_mel.py",
            Path(__file__),
        ]
        content = table.to_csv(index=False).encode() + b"".join(path.read_bytes() for path in sources)
        path = cache / f"peers-{hashlib.sha256(content).hexdigest()[:12]}.npz"
        if not path.exists():
            print(f"rendering {len(table)} clips (once)", file=sys.stderr)
            whole, narrow = LogMel(), LogMel(n_mels=BANDS)
            pooled, modulation = [], []
            for _, row in table.iterrows():
                sound = render_demo_clip(row)
                clip = Clip(sound.samples[None], sound.sample_rate, row["clip_id"], row["clip_id"])
                pooled.append(pool(whole.transform(clip)))
                modulation.append(modulation_spectrum(narrow, clip))
            cache.mkdir(parents=True, exist_ok=True)
            np.savez(path, pooled=np.stack(pooled), modulation=np.stack(modulation))
        with np.load(path, allow_pickle=False) as stored:
            self.pooled, self.modulation = stored["pooled"].astype(float), stored["modulation"].astype(float)

    def per_id(self, vectors: Vectors, *, most: int | None = None) -> Problems:
        """A problem for each machine id, with at most so many training clips."""
        problems = {}
        for machine_id in np.unique(self.ids):
            subset = self.ids == machine_id
            problems[str(machine_id)] = standardised(
                vectors[subset & self.is_train][:most],
                vectors[subset & ~self.is_train],
                self.is_anomaly[subset & ~self.is_train],
            )
        return problems

    def mixed(self, vectors: Vectors) -> Problems:
        """All machine ids as one machine; half of the training clips, or the networks would take most of the run."""
        train = vectors[self.is_train][::2]
        return {"all": standardised(train, vectors[~self.is_train], self.is_anomaly[~self.is_train])}


def standardised(train: Vectors, test: Vectors, is_anomaly: NDArray[Any]) -> Problem:
    """On the training normals, as both sides get it."""
    mean, scale = train.mean(axis=0), np.maximum(train.std(axis=0), 1e-9)
    return (train - mean) / scale, (test - mean) / scale, np.asarray(is_anomaly, dtype=np.bool_)


def heavy_tails() -> Problems:
    """Multivariate t with four degrees of freedom and a banded covariance (correlation exp(-lag / 8), none beyond 24);
    an anomaly is such a vector of which six neighbouring dimensions are shifted by +-4."""
    n, d, width = int(STUDENT["n"]), int(STUDENT["d"]), int(STUDENT["width"])
    lag = np.abs(np.subtract.outer(np.arange(d), np.arange(d)))
    values, axes = np.linalg.eigh(np.where(lag <= STUDENT["reach"], np.exp(-lag / 8.0), 0.0))
    mixing = axes * np.sqrt(np.maximum(values, 1e-3))
    problems = {}
    for seed in range(3):
        rng = np.random.default_rng(100 + seed)

        def draw(count: int, rng: np.random.Generator = rng) -> Vectors:
            spread = np.sqrt(rng.chisquare(STUDENT["freedom"], size=(count, 1)) / STUDENT["freedom"])
            return np.asarray(rng.normal(size=(count, d)) @ mixing.T / spread)

        train, normal, shifted = draw(n), draw(200), draw(200)
        for row in shifted:
            first = rng.integers(d - width)
            row[first : first + width] += rng.choice([-1.0, 1.0]) * STUDENT["shift"]
        problems[f"draw {seed}"] = standardised(train, np.concatenate([normal, shifted]), np.arange(400) >= 200)
    return problems


def one_class(name: str, classes: list[int]) -> Problems:
    """A set of scikit-learn's: each class in turn is normal, six tenths of it are trained on, all other classes are anomalies."""
    vectors, labels = getattr(sklearn.datasets, f"load_{name}")(return_X_y=True)
    rng, problems = np.random.default_rng(0), {}
    for normal in classes:
        of_class = rng.permutation(np.flatnonzero(labels == normal))
        n_train = int(0.6 * len(of_class))
        test = np.concatenate([of_class[n_train:], np.flatnonzero(labels != normal)])
        problems[str(normal)] = standardised(vectors[of_class[:n_train]], vectors[test], labels[test] != normal)
    return problems


# name -> what it is, and how its problems are made of the demo's vectors.
FAMILIES: dict[str, tuple[str, Callable[[DemoVectors], Problems]]] = {
    "pooled log-mel": (
        "mean, spread and maximum of 128 mel bands of the demo's clips, 300 x 384 a machine id",
        lambda demo: demo.per_id(demo.pooled),
    ),
    "modulation spectra": (
        "60 mel bands x 8 modulation bands of the demo's clips, log: 300 x 480 a machine id",
        lambda demo: demo.per_id(demo.modulation),
    ),
    "few clips": (
        f"the first {FEW} of these a machine id: {FEW} x 480",
        lambda demo: demo.per_id(demo.modulation, most=FEW),
    ),
    "mixed machines": (
        "modulation spectra of all machine ids as one machine: 600 x 480, four clusters",
        lambda demo: demo.mixed(demo.modulation),
    ),
    "heavy tails": (
        "multivariate t, four degrees of freedom, banded covariance, three draws of 400 x 120; six neighbouring dimensions shifted",
        lambda _: heavy_tails(),
    ),
    "digits": (
        "scikit-learn's digits 0 to 3, each as the normal class: about 107 x 64",
        lambda _: one_class("digits", [0, 1, 2, 3]),
    ),
    "breast cancer": ("scikit-learn's, benign is normal: 214 x 30", lambda _: one_class("breast_cancer", [1])),
    "wine": (
        "scikit-learn's three cultivars, each as the normal class: about 35 x 13",
        lambda _: one_class("wine", [0, 1, 2]),
    ),
}
