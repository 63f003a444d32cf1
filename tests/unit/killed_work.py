"""Work for processes that tests kill. They are forked from one that has done it once and so has imported everything: a process
of its own would spend its time on that, and be killed there."""

import os
import sys
import tempfile
from pathlib import Path

os.environ["OMP_NUM_THREADS"] = "1"  # threads do not outlive a fork

import numpy as np

from asd_core.cli.app import main
from asd_core.datasets import import_recordings
from asd_core.settings import get_settings
from asd_core.sound import wav_bytes

KEYS = "control_rms,pca_kde"


def recordings(folder: Path) -> None:
    """A second of noise each: 20 normal ones and 4 louder anomalies."""
    rng = np.random.default_rng(0)
    for name, level, count in (("normal", 0.1, 20), ("anomaly", 0.2, 4)):
        (folder / name).mkdir(parents=True)
        for number in range(count):
            samples = rng.normal(0, level * rng.uniform(0.9, 1.1), 16000).clip(-1, 1).astype(np.float32)
            (folder / name / f"{number}.wav").write_bytes(wav_bytes(samples, 16000))


def import_files(data_dir: str, title: str, files: dict[str, bytes]) -> None:
    """The Data page's import."""
    os.environ["ASD_DATA_DIR"] = data_dir
    get_settings.cache_clear()
    import_recordings(title, [(path, lambda data=data: data) for path, data in files.items()])  # type: ignore[misc]


def training(data: str, out: str) -> None:
    """``python -m asd_core train … --resume``."""
    sys.argv = ["asd_core", "train", "--data", data, "--out", out, "--detectors", KEYS, "--resume"]
    if code := main():
        sys.exit(code)


def scoring(data: str, models: str) -> None:
    """``python -m asd_core scores`` of every split, in small batches; a network's latents, too."""
    from asd_core.scoring import split
    from asd_core.space import latents

    split.BATCH, latents.AT_ONCE = 3, 3
    for command in (["scores", "--split", "train"], ["scores", "--split", "test", "--denoise", "0.5"], ["latents"]):
        sys.argv = ["asd_core", *command, "--data", data, "--models", models]
        if code := main():
            sys.exit(code)


def warm_up() -> None:
    with tempfile.TemporaryDirectory() as folder:
        recordings(Path(folder) / "data")
        training(f"{folder}/data", f"{folder}/models")
        scoring(f"{folder}/data", f"{folder}/models")
