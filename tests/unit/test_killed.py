"""An import, a training or an experiment that is killed at any moment: nobody is shown half of it, and a second run completes it."""

import multiprocessing
import re
import shutil
import time
from collections.abc import Callable
from functools import partial
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from asd_core import artifacts
from asd_core.artifacts import read_conditions, read_pooled
from asd_core.datasets import datasets_folder, delete_dataset, open_dataset, user_datasets
from asd_core.experiments import POINTS_FILE, read_experiment, stored_names
from asd_core.experiments.store import PointRecord
from asd_core.explain import read_reference
from asd_core.scoring import AS_RECORDED, missing_scores, read_scores
from asd_core.sound import wav_bytes
from asd_core.training import train
from tests.forked import CONTEXT
from tests.unit import killed_work

KILLS, SECONDS = 20, 60.0
MOMENTS = ("any", "any", "a point is stored", 2, 3, 4)  # to kill an experiment; numbers: in the middle of that file

pytestmark = pytest.mark.slow

Process = multiprocessing.process.BaseProcess
Start = Callable[..., Process]


@pytest.fixture(scope="module")
def start() -> Start:
    """Starts a process of its own for work."""

    def begin(work: Callable[..., None], *arguments: Any) -> Process:
        process = CONTEXT.Process(target=work, args=arguments)
        process.start()
        return process

    ended(begin(print))
    return begin


def ended(process: Process) -> float:
    """Wait for a process that ends well: how many seconds it took from now on."""
    began = time.monotonic()
    process.join(SECONDS)
    assert process.exitcode == 0
    return time.monotonic() - began


class Killer:
    """Kills processes in the middle of their work, which takes one of them ``seconds`` undisturbed; counts those it hit there."""

    def __init__(self, seconds: float) -> None:
        self.rng, self.seconds, self.hits = np.random.default_rng(0), seconds, 0

    def kill(self, process: Process) -> None:
        """At a random moment."""
        after = self.rng.uniform(0.0, self.seconds)
        process.join(after)  # the time is the thing itself: any moment of the work
        process.kill()
        process.join(SECONDS)
        if process.exitcode:
            self.hits += 1
        else:  # it was done before: the machine has less to do than when the work was timed
            self.seconds = after

    def kill_once(self, happened: Callable[[], object], process: Process) -> None:
        """As soon as something has happened."""
        while process.exitcode is None and not happened():
            process.join(0.001)
        process.kill()
        process.join(SECONDS)
        self.hits += process.exitcode != 0


def parts(folder: Path) -> list[Path]:
    """The batches of unfinished tables."""
    return list(folder.glob("*.part/*.parquet"))


def test_an_import(start: Start, data_dir: Path) -> None:
    rng = np.random.default_rng(0)
    files = {f"normal/{n}.wav": wav_bytes(rng.normal(0, 0.1, 16000).astype(np.float32), 16000) for n in range(100)}
    work = killed_work.import_files, str(data_dir), "press", files
    took = []
    for _ in range(3):  # the first one may be slower than those that are killed, and most kills would come too late
        took.append(ended(start(*work)))
        delete_dataset(*user_datasets())
    killer = Killer(min(took))
    for _ in range(KILLS):
        killer.kill(start(*work))
        for place in user_datasets():  # all of it
            assert len(open_dataset(place).catalogue) == len(files)
            delete_dataset(place)
        assert not user_datasets()
    assert killer.hits >= KILLS // 2
    ended(start(*work))
    assert [path.name for path in datasets_folder().iterdir()] == ["press"]
    assert len(open_dataset(*user_datasets()).catalogue) == len(files)


@pytest.mark.long
def test_a_training(start: Start, tmp_path: Path) -> None:
    data = tmp_path / "data"
    killed_work.recordings(data)
    dataset = open_dataset(data)
    (machine_id,) = dataset.catalogue["machine_id"].unique()

    def training(out: Path) -> Process:
        return start(killed_work.training, str(data), str(out))

    seconds = min(ended(training(tmp_path / name)) for name in ("before", "whole"))
    whole = read_scores(tmp_path / "whole", dataset)
    assert set(whole["detector"]) == set(killed_work.KEYS.split(","))
    killer, left = Killer(seconds), set()
    for number in range(KILLS):
        out = tmp_path / str(number)
        if number % 4:
            killer.kill(training(out))
        else:  # the first detector is stored, the second one is not
            killer.kill_once(partial(artifacts.trained_keys, out), training(out))
        shown = artifacts.trained_keys(out)
        left.add(len(shown))
        for key in shown:
            assert artifacts.load(out / key).manifest == artifacts.read_manifest(tmp_path / "whole" / key).model_copy(
                update={"fit_seconds": artifacts.read_manifest(out / key).fit_seconds}
            )
        if shown:  # what all detectors rest on is there before the first of them
            assert read_reference(out, machine_id)
            assert set(read_conditions(out)) == {"train", "test"}
            assert len(read_pooled(out)) == 24
        scored = read_scores(out, dataset)
        assert set(scored["detector"]) <= set(shown)
        ended(training(out))
        assert missing_scores(out, dataset, AS_RECORDED, artifacts.ModelSet(out)) == []
        pd.testing.assert_frame_equal(ordered(read_scores(out, dataset)), ordered(whole), check_exact=True)
    assert killer.hits >= KILLS // 2
    assert left >= {0, 1}


@pytest.mark.long
def test_scores_and_latents(start: Start, tmp_path: Path) -> None:
    """A run that was killed goes on where it stopped, and what it stores has the bytes of one that was not."""
    data, trained = tmp_path / "data", tmp_path / "trained"
    killed_work.recordings(data)
    train(open_dataset(data), trained, detectors=["control_rms", "pca_kde", "vae_elbo"], preset="quick")
    scored = {name: tmp_path / name for name in ("before", "whole")}
    for folder in scored.values():
        shutil.copytree(trained, folder)
    seconds = min(ended(start(killed_work.scoring, str(data), str(folder))) for folder in scored.values())
    names = ["scores-train.parquet", "scores-test-stationary-0.5.parquet", "latents.parquet"]
    whole = {name: (scored["whole"] / name).read_bytes() for name in names}
    killer, gone_on = Killer(seconds), 0
    for number in range(KILLS // 2):
        folder = tmp_path / str(number)
        shutil.copytree(trained, folder)
        process = start(killed_work.scoring, str(data), str(folder))
        if number % 2:  # in the middle of a table: its first batches are stored, the table is not
            killer.kill_once(partial(parts, folder), process)
        else:
            killer.kill(process)
        gone_on += bool(parts(folder))
        ended(start(killed_work.scoring, str(data), str(folder)))
        assert {name: (folder / name).read_bytes() for name in names} == whole
        assert not list(folder.glob("*.part"))
    assert killer.hits >= KILLS // 4
    assert gone_on > 1


@pytest.mark.long
@pytest.mark.parametrize("what", [killed_work.SWEEP, killed_work.DENOISING], ids=lambda what: what[0])
def test_an_experiment(start: Start, data_dir: Path, tmp_path: Path, what: list[str]) -> None:
    """A run that was killed goes on behind the last point it stored, and what it stores has the bytes of one that was not, but for
    the seconds of trainings, which are measured. What the Experiments page reads are whole points of the same recordings, also where
    those of others stood before."""
    recordings, others, trained = tmp_path / "recordings", tmp_path / "others", tmp_path / "trained"
    killed_work.recordings(recordings)
    killed_work.recordings(others, seed=1)
    train(open_dataset(recordings), trained, detectors=["pca_kde", "gwrp_gaussian", "fusion"], preset="quick")
    earlier, before, whole = (
        Path(shutil.copytree(trained, tmp_path / name)) for name in ("earlier", "before", "whole")
    )

    def experiment(models: Path, log: str, *, data: Path = recordings, killed_in: int = 0) -> Process:
        return start(killed_work.experiment, str(data), str(models), str(models / log), killed_in, *what)

    ended(experiment(earlier, "log", data=others))
    seconds = min(ended(experiment(models, "log")) for models in (before, whole))
    points, of_others, scored = shown(whole), shown(earlier), logged(whole / "log")
    assert points.keys() == of_others.keys() >= scored
    killer, left = Killer(seconds), set()
    for number, (there, moment) in enumerate(product((trained, earlier), MOMENTS)):
        models = Path(shutil.copytree(there, tmp_path / str(number)))
        stored_at = models / (experiment_folder(whole) / POINTS_FILE).relative_to(whole)
        if moment == "any":
            killer.kill(experiment(models, "first"))
        elif moment == "a point is stored":
            killer.kill_once(partial(newer, stored_at, whole / "log"), experiment(models, "first"))
        else:
            killer.kill_once(bool, experiment(models, "first", killed_in=moment))
        stored = shown(models)
        if stored == of_others:
            stored = {}
        assert all(untimed(*point) == untimed(*points[name]) for name, point in stored.items())
        left.add(len(stored))
        ended(experiment(models, "second"))
        assert logged(models / "second") == scored - stored.keys()
        assert {name: shown(models)[name] for name in stored} == stored  # down to the seconds
        assert files(models) == files(whole)
    assert killer.hits > number * 3 // 4
    assert 0 in left
    assert left & set(range(1, len(points)))


def experiment_folder(models: Path) -> Path:
    """Of the only one there is."""
    (folder,) = stored_names(models).values()
    return folder


def shown(models: Path) -> dict[str, tuple[PointRecord, list[Any]]]:
    """What the Experiments page has: the points by name, each with its scores."""
    result = {}
    for folder in stored_names(models).values():
        stored = read_experiment(folder)
        for point in stored.header.points:
            own = stored.scores[stored.scores["point"] == point.name]
            result[point.name] = point, own.to_numpy().tolist()
    return result


def untimed(point: PointRecord, scores: list[Any]) -> tuple[PointRecord, list[Any]]:
    """A point without the seconds that its training took."""
    return point.model_copy(update={"fit_seconds": None}), scores


def files(models: Path) -> dict[str, bytes]:
    """An experiment's files without the seconds that trainings took, and without what a killed process was writing."""
    paths = [path for path in experiment_folder(models).iterdir() if path.suffix != ".tmp"]
    return {path.name: re.sub(rb'"fit_seconds": [^,]+', b"", path.read_bytes()) for path in paths}


def logged(path: Path) -> set[str]:
    return set(path.read_text().splitlines()) if path.exists() else set()


def newer(path: Path, other: Path) -> bool:
    """Whether a file is there, and was written after another one."""
    try:
        return path.stat().st_mtime_ns > other.stat().st_mtime_ns
    except FileNotFoundError:
        return False


def ordered(scores: pd.DataFrame) -> pd.DataFrame:
    """A table whose detectors may have been stored in another order."""
    return scores.sort_values(["detector", "clip_id"], ignore_index=True)
