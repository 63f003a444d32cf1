"""Work for processes that tests kill. They are forked from one that has done it once and so has imported everything: a process
of its own would spend its time on that, and be killed there."""

import os
import signal
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ["OMP_NUM_THREADS"] = "1"  # threads do not outlive a fork

import numpy as np
import pandas as pd

from asd_core.cli.app import main
from asd_core.datasets import import_recordings
from asd_core.experiments import EXPERIMENTS_FOLDER, Point
from asd_core.settings import get_settings
from asd_core.sound import wav_bytes

KEYS = "control_rms,pca_kde"
SWEEP = ["sweep", "--detector", "pca_kde", "--parameter", "n_components", "--values", "1,2,3,4,5,6"]
DENOISING = ["denoising", "--preset", "quick", "--detectors", "pca_kde,gwrp_gaussian,fusion"]


def recordings(folder: Path, seed: int = 0) -> None:
    """A second of noise each: 20 normal ones and 4 louder anomalies."""
    rng = np.random.default_rng(seed)
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


def experiment(data: str, models: str, scored: str, killed_in: int, *what: str) -> None:
    """``python -m asd_core experiment …``, stored beside the detectors.

    Args:
        scored: a file that gets a line for each scoring of a point.
        killed_in: in the middle of which of its files the process dies; in none for 0.
    """
    from asd_core.experiments import runner

    score = runner.score_rows

    def noted(point: Point, *rest: Any) -> pd.DataFrame:
        with open(scored, "a") as lines:
            lines.write(f"{point.name}\n")
        return score(point, *rest)

    runner.score_rows = noted
    if killed_in:
        die_in_file(killed_in, Path(models))
    out = f"{models}/{EXPERIMENTS_FOLDER}"
    sys.argv = ["asd_core", "experiment", *what, "--data", data, "--models", models, "--out", out]
    if code := main():
        sys.exit(code)


def die_in_file(number: int, folder: Path) -> None:
    """Have this process killed when half of its ``number``-th file in a folder is written: most are written faster than anyone
    can kill it from outside."""
    written = 0

    def dying(write: Callable[..., Any], place: Callable[..., str | Path]) -> Callable[..., Any]:
        def whole_or_half(*arguments: Any, **options: Any) -> Any:
            nonlocal written
            result, path = write(*arguments, **options), Path(place(*arguments))
            written += path.is_relative_to(folder)
            if written == number:
                os.truncate(path, path.stat().st_size // 2)
                os.kill(os.getpid(), signal.SIGKILL)
            return result

        return whole_or_half

    Path.write_bytes = dying(Path.write_bytes, lambda path, _: path)  # type: ignore[method-assign]
    pd.DataFrame.to_parquet = dying(pd.DataFrame.to_parquet, lambda _, path: path)


def warm_up() -> None:
    with tempfile.TemporaryDirectory() as folder:
        recordings(Path(folder) / "data")
        training(f"{folder}/data", f"{folder}/models")
        scoring(f"{folder}/data", f"{folder}/models")
        experiment(f"{folder}/data", f"{folder}/models", os.devnull, 0, *SWEEP)
