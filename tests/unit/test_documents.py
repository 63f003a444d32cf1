"""Documents that are written by commands are what the commands write now."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from asd_core.datasets import Dataset, extract_dataset
from asd_core.errors import ArtifactError
from asd_core.features import LogMel
from asd_core.report import cards_markdown, write_results
from asd_core.report.results_page import stored_scores
from asd_core.settings import get_settings
from asd_core.training import stored_seeds, train, train_seeds
from asd_core.training.seeds import SeedTraining
from tests.conftest import ROOT


def test_detectors_page_is_up_to_date() -> None:
    assert (ROOT / "docs" / "detectors.md").read_text("utf-8") == cards_markdown()


@pytest.mark.slow
def test_results_page_is_up_to_date(tmp_path: Path) -> None:
    write_results(ROOT / "trained_models" / "demo", tmp_path / "results.md")
    assert (ROOT / "docs" / "results.md").read_text("utf-8") == (tmp_path / "results.md").read_text("utf-8")


def test_seeds_are_kept_and_not_repeated(
    small_dataset: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    train(small_dataset, tmp_path, detectors=["deep_svdd", "control_rms"], preset="quick")
    train_seeds(small_dataset, tmp_path, [1], detectors=["deep_svdd", "control_rms"], preset="quick")
    first = stored_seeds(tmp_path)
    assert first.groupby(["detector", "seed"]).size().to_dict() == {("deep_svdd", 1): 24}
    seed_0 = stored_scores(tmp_path).query("detector == 'deep_svdd'").set_index("clip_id")["raw"]
    assert not np.allclose(seed_0, first.set_index("clip_id")["raw"].reindex(seed_0.index))
    write_results(tmp_path, tmp_path / "r.md")
    text = (tmp_path / "r.md").read_text()
    assert "Deep SVDD" in text
    assert "(one seed)" not in text
    from asd_core.detectors.deep_svdd import DeepSvdd

    with monkeypatch.context() as untouched:
        untouched.setattr(DeepSvdd, "fit", lambda *_, **__: pytest.fail("trained again"))
        train_seeds(small_dataset, tmp_path, [1], detectors=["deep_svdd"], preset="quick")
    # Of other clips or parameters it is another training, and what was stored before does not stand beside it.
    train_seeds(small_dataset, tmp_path, [2], detectors=["deep_svdd"], preset="quick")
    rows = small_dataset.catalogue
    fewer = replace(small_dataset, catalogue=rows.drop(rows.index[rows["split"] == "train"][0]))
    train_seeds(fewer, tmp_path, [1], detectors=["deep_svdd"], preset="quick")
    again = stored_seeds(tmp_path)
    assert again.groupby(["detector", "seed"]).size().to_dict() == {("deep_svdd", 1): 24}
    assert not np.allclose(again["raw"], first["raw"])
    monkeypatch.setitem(DeepSvdd.info.presets, "quick", {"epochs": 1, "pretrain_epochs": 1})
    train_seeds(fewer, tmp_path, [1], detectors=["deep_svdd"], preset="quick")
    assert not np.allclose(stored_seeds(tmp_path)["raw"], again["raw"])
    with pytest.raises(ArtifactError, match="network"):
        train_seeds(small_dataset, tmp_path, [1], detectors=["control_rms"])


def test_seeds_of_another_channel_are_others(small_dataset: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    clips = extract_dataset(small_dataset, small_dataset.catalogue.iloc[:5], [LogMel()])
    training = SeedTraining(clips, clips, {"deep_svdd": LogMel()}, "quick")
    first = training.fingerprint("deep_svdd")
    monkeypatch.setattr(get_settings(), "channel", 1)
    assert training.fingerprint("deep_svdd") != first


def test_demo_scores_can_be_recomputed() -> None:
    """A sample of the committed scores, from the committed weights and freshly rendered clips."""
    from asd_core.artifacts import ModelSet
    from asd_core.datasets import demo_dataset
    from asd_core.scoring import score_clip

    folder = ROOT / "trained_models" / "demo"
    stored, demo, models = stored_scores(folder), demo_dataset(), ModelSet(folder)
    sample = stored["clip_id"].drop_duplicates().sample(6, random_state=0)
    for clip_id in sample:
        own = stored[stored["clip_id"] == clip_id].set_index("detector")
        for score in score_clip(demo.read(clip_id), models, own["machine_id"].iloc[0]):
            # Another processor rounds float32 networks differently.
            assert score.raw == pytest.approx(own.loc[score.detector, "raw"], rel=2e-3), (clip_id, score.detector)


def test_demo_has_every_detector() -> None:
    from asd_core.artifacts import trained_keys
    from asd_core.detectors import detector_keys

    assert trained_keys(ROOT / "trained_models" / "demo") == detector_keys()
    size = sum(f.stat().st_size for f in (ROOT / "trained_models").rglob("*") if f.is_file())
    assert (
        size < 21e6
    )  # weights are 13.9 MB; what is stored so that nobody waits for it: maps 0.2, scores of training clips 0.3, learning curve 0.2


def test_demo_has_every_experiment() -> None:
    """Each is stored whole, small, and run with the parameters and clips of today."""
    from asd_core.experiments import ABOUT, read_experiment, staleness
    from asd_core.experiments.catalogue import named
    from asd_core.experiments.store import EXPERIMENTS_FOLDER

    models = ROOT / "trained_models" / "demo"
    for kind in ABOUT:
        stored = read_experiment(models / EXPERIMENTS_FOLDER / kind)
        assert staleness(stored.header, models) == ""
        specs = {p.name: p.spec for p in stored.header.points}
        assert list(specs) == [p.name for p in named(kind).points]
        for point in named(kind).points:
            own = {k: v for k, v in specs[point.name].items() if k != "members"}
            assert own == point.spec(), (kind, point.name)
    size = sum(f.stat().st_size for f in (models / EXPERIMENTS_FOLDER).rglob("*") if f.is_file())
    assert size < 2.5e6
