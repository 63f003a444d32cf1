"""Batches of clips are scored by any process, and by one that does not see the detectors' folder, to the same bit."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from asd_core.artifacts import ModelSet
from asd_core.datasets import Dataset, engine_for, extraction
from asd_core.detectors import one_thread
from asd_core.engine import Here, Processes, use_engine
from asd_core.scoring import Scope, score_split, split
from asd_core.scoring.batch import Batch, ScoreBatch
from asd_core.training import train

pytestmark = pytest.mark.slow


@pytest.fixture
def two(monkeypatch: pytest.MonkeyPatch) -> Iterator[Processes]:
    """Two processes, which also get few clips."""
    monkeypatch.setattr(extraction, "FEW", 4)
    monkeypatch.setattr(split, "BATCH", 7)
    engine = Processes(2)
    yield engine
    use_engine(None)


def test_processes_score_as_this_one(small_dataset: Dataset, small_models: Path, two: Processes) -> None:
    models = ModelSet(small_models)
    use_engine(Here())
    alone, _ = score_split(small_dataset, models, Scope("train"))
    use_engine(two)
    seen: list[str] = []
    found, skipped = score_split(
        small_dataset, models, Scope("train"), progress=lambda share, message: seen.append(f"{share:.2f} {message}")
    )
    assert two._all, "they were asked"
    assert skipped == []
    assert len(found) == 48 * len(models)
    pd.testing.assert_frame_equal(found, alone, check_exact=True)
    assert seen[-1] == "1.00 train split, not denoised, clip 48 of 48"


def test_a_process_does_not_keep_detectors_that_were_trained_anew(
    brief_dataset: Dataset, tmp_path: Path, two: Processes
) -> None:
    use_engine(two)
    scores = []
    for seed in (0, 7):
        shutil.rmtree(tmp_path / "brief" / "idnn", ignore_errors=True)
        train(brief_dataset, tmp_path / "brief", detectors=["idnn"], preset="quick", seed=seed)
        scores.append(score_split(brief_dataset, ModelSet(tmp_path / "brief"))[0])
    before, after = scores
    assert before["model_version"].iloc[0] != after["model_version"].iloc[0]
    assert not np.any(before["raw"] == after["raw"])


def test_detectors_that_are_sent_need_no_folder(small_dataset: Dataset, small_models: Path, tmp_path: Path) -> None:
    cloudpickle = pytest.importorskip("ray.cloudpickle")
    folder = Path(shutil.copytree(small_models, tmp_path / "small"))
    models = ModelSet(folder)
    rows = small_dataset.rows(split="test").iloc[:5].reset_index(drop=True)
    batch = Batch(small_dataset.part(rows), tuple(models))
    versions = tuple((key, models[key].version) for key in models)
    here = ScoreBatch(folder, versions, Scope())(batch)
    sent = cloudpickle.dumps((ScoreBatch(folder, versions, Scope(), models.loaded()), batch))
    shutil.rmtree(folder)
    score, clips = cloudpickle.loads(sent)  # as Ray sends it to another machine
    pd.testing.assert_frame_equal(score(clips), here, check_exact=True)


def test_a_part_calls_its_clips_as_the_whole_does(factory: Path) -> None:
    from asd_core.datasets import open_dataset

    whole = open_dataset(factory)
    rows = whole.rows(machine_type="fan").iloc[:2]
    assert "/" in next(iter(whole.names.values())), "two types share names of files"
    assert whole.part(rows).names == {clip_id: whole.names[clip_id] for clip_id in rows["clip_id"]}
    assert isinstance(engine_for(whole, 3), Here)


def test_scores_are_of_one_thread() -> None:
    import torch

    before = torch.get_num_threads()
    try:
        torch.set_num_threads(2)
        with one_thread():
            assert torch.get_num_threads() == 1
        assert torch.get_num_threads() >= 1
    finally:
        torch.set_num_threads(before)
