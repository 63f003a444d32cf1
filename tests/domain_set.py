"""A dataset with a source and a target domain, in the names of DCASE 2022 and later, and detectors trained on it."""

from pathlib import Path

import numpy as np

from asd_core.datasets import open_dataset
from asd_core.training import train
from tests.conftest import write_wav

KEYS = ["pca_kde", "control_rms", "control_random"]


def write_domains(root: Path) -> None:
    """Two sections of noise, 1.5 s a clip; in the target domain, of which two clips are trained on, it is twice as loud."""
    for section in ("00", "01"):
        rng = np.random.default_rng(int(section))
        for domain, split, label, level, count in (
            ("source", "train", "normal", 0.05, 12),
            ("target", "train", "normal", 0.1, 2),
            ("source", "test", "normal", 0.05, 6),
            ("target", "test", "normal", 0.1, 6),
            ("source", "test", "anomaly", 0.12, 6),
            ("target", "test", "anomaly", 0.2, 6),
        ):
            for number in range(count):
                samples = rng.normal(0, level * rng.uniform(0.8, 1.25), 24000).clip(-1, 1)
                name = f"section_{section}_{domain}_{split}_{label}_{number:04d}_vel_{section}.wav"
                write_wav(root / "fan" / split / name, samples)


def write_domain_models(root: Path) -> None:
    """``recordings`` and, in ``models/fans``, the detectors."""
    write_domains(root / "recordings")
    train(open_dataset(root / "recordings"), root / "models" / "fans", detectors=KEYS, preset="quick")
