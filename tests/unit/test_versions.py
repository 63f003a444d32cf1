"""Detectors trained again with what people called normal: versions side by side, one of them in use."""

import shutil
import sys
import threading
import traceback
from pathlib import Path

import pytest
from filelock import FileLock, Timeout

from asd_core.api import evaluate, score
from asd_core.artifacts import (
    FIRST,
    VERSIONS,
    ModelSet,
    changing_versions,
    folder_in_use,
    folder_of_version,
    read_manifest,
    trained_versions,
    use_version,
    version_in_use,
)
from asd_core.datasets import RELABELLED, Dataset, DatasetFile, open_dataset, write_dataset_file
from asd_core.errors import ArtifactError, Cancelled, DatasetError, TrainingError
from asd_core.scoring import current_scores, read_scores
from asd_core.training import train, train_version
from asd_core.training.claim import LOCK

KEYS = ["control_rms"]


def clip_id(dataset: Dataset, split: str, label: str, number: int = 0) -> str:
    return str(dataset.rows(split=split, label=label)["clip_id"].iloc[number])


@pytest.fixture
def dataset(brief_dataset: Dataset) -> Dataset:
    return brief_dataset


@pytest.fixture(scope="module")
def trained(brief_dataset: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Trained once for all tests, which take a copy."""
    out = tmp_path_factory.mktemp("trained") / "slider"
    train(brief_dataset, out, detectors=KEYS)
    return out


@pytest.fixture
def models(trained: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(trained, tmp_path / "slider"))


@pytest.fixture
def moved(dataset: Dataset) -> dict[str, str]:
    """Labels: two test clips are normal (one was called an anomaly), a training clip is an anomaly; two say what was known."""
    return {
        clip_id(dataset, "test", "normal"): "normal",
        clip_id(dataset, "test", "anomaly"): "normal",
        clip_id(dataset, "train", "normal"): "anomaly",
        clip_id(dataset, "train", "normal", 1): "normal",
        clip_id(dataset, "test", "anomaly", 1): "anomaly",
    }


def contents(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file() and VERSIONS not in path.parts}


def test_labels_make_a_version_and_the_first_one_stays(dataset: Dataset, models: Path, moved: dict[str, str]) -> None:
    before, said = contents(models), list[str]()
    assert folder_in_use(models) == models
    assert train_version(dataset, models, moved, notify=said.append) == KEYS
    assert "2 clips called normal join training and are not tested on; 1 clip called an anomaly leaves it." in said
    wrong = clip_id(dataset, "test", "anomaly")
    assert any(f"1 clip that people call normal is an anomaly by the dataset ({wrong})" in one for one in said)
    assert contents(models) == before
    (version,) = trained_versions(models)
    assert (version.name, version.joined, version.left, version_in_use(models)) == ("slider.v2", 2, 1, "slider.v2")
    folder = folder_in_use(models)
    assert folder == models / VERSIONS / "slider.v2"
    assert read_manifest(folder / "control_rms").n_normal("00") == 24 + 2 - 1
    assert score(dataset.read(clip_id(dataset, "test", "normal")), models, "00").shape[0] == 1
    use_version(models, FIRST)
    assert folder_in_use(models) == models
    train_version(dataset, models, moved)
    assert [v.name for v in trained_versions(models)] == ["slider.v2", "slider.v3"]
    assert version_in_use(models) == "slider.v3"


def test_a_clip_that_joined_training_is_no_test_clip(dataset: Dataset, models: Path, moved: dict[str, str]) -> None:
    train_version(dataset, models, moved)
    folder = folder_in_use(models)
    joined = {c for c, label in moved.items() if label == "normal"}
    left = clip_id(dataset, "train", "normal")
    version = open_dataset(folder / RELABELLED)
    assert not joined & set(version.rows(split="test")["clip_id"])
    assert version.names == dataset.names
    expected = set(dataset.rows(split="test")["clip_id"]) - joined | {left}
    assert set(read_scores(folder, version)["clip_id"]) == expected
    # Also where the recordings are named by their own folder.
    table, _, _ = current_scores(dataset, ModelSet(folder))
    assert set(table["clip_id"]) == expected
    assert table.set_index("clip_id").loc[left, "label"] == "anomaly"
    row = evaluate(dataset, models).query("machine_id == '00'").iloc[0]
    assert (row["n_normal"], row["n_anomaly"]) == (5, 6)


def test_what_is_not_complete_is_not_in_use(dataset: Dataset, models: Path, moved: dict[str, str]) -> None:
    def stop(fraction: float, message: str) -> None:
        if fraction > 0.5:
            raise Cancelled("stopped")

    with pytest.raises(Cancelled):
        train_version(dataset, models, moved, progress=stop)
    assert list((models / VERSIONS).glob("*/")) == []
    assert folder_in_use(models) == models
    # One that was killed: all detectors are there, but the index does not name it.
    killed = Path(shutil.copytree(models, models.parent / "killed"))
    killed = Path(shutil.move(killed, models / VERSIONS / "slider.v2"))
    assert (killed / LOCK).exists()
    assert folder_in_use(models) == models
    with pytest.raises(ArtifactError, match=r"has no trained version slider\.v2"):
        use_version(models, "slider.v2")
    train_version(dataset, models, moved)
    assert [v.name for v in trained_versions(models)] == ["slider.v2"]
    assert (folder_in_use(models) / RELABELLED).is_file()


def test_labels_that_change_nothing_are_refused(dataset: Dataset, models: Path) -> None:
    known = {clip_id(dataset, "train", "normal"): "normal", clip_id(dataset, "test", "anomaly"): "anomaly"}
    with pytest.raises(TrainingError, match=r"No label of .* changes what detectors learn from: label test clips"):
        train_version(dataset, models, known)
    assert not (models / VERSIONS).exists()


def test_damage_is_named_and_the_first_version_is_in_use(dataset: Dataset, models: Path, moved: dict[str, str]) -> None:
    train_version(dataset, models, moved)
    folder = folder_in_use(models)
    (folder / RELABELLED).write_text('{"of": "x"}')
    with pytest.raises(DatasetError, match=r"relabelled\.json is damaged or missing: put another version in use"):
        open_dataset(folder / RELABELLED)
    index = models / VERSIONS / "index.json"
    whole = index.read_text()
    shutil.copytree(folder, models / "elsewhere")
    outside = whole.replace('"in_use": "slider.v2"', '"in_use": "../elsewhere"')
    assert outside != whole
    for damaged in (outside, whole.replace("slider.v2", "../elsewhere"), whole[:9]):
        index.write_text(damaged)
        assert folder_in_use(models) == models
    with pytest.raises(ArtifactError, match=r"index.json is damaged: delete it"):
        trained_versions(models)
    index.unlink()
    shutil.rmtree(folder_of_version(models, "slider.v2"))
    assert trained_versions(models) == []


def test_a_version_is_held_until_the_index_names_it(dataset: Dataset, models: Path, moved: dict[str, str]) -> None:
    """Another start deletes what is neither held nor named."""
    trained, goes_on = threading.Event(), threading.Event()

    def wait_at_the_end(fraction: float, message: str) -> None:
        if fraction == 1.0:
            trained.set()
            assert goes_on.wait(120)

    thread = threading.Thread(target=train_version, args=(dataset, models, moved), kwargs={"progress": wait_at_the_end})
    thread.start()
    assert trained.wait(120)
    with changing_versions(models):  # so that the index cannot be written yet
        goes_on.set()
        while not any(
            f.name == "add_version" for f in traceback.extract_stack(sys._current_frames()[thread.ident or 0])
        ):
            thread.join(0.01)
        with pytest.raises(Timeout):
            FileLock(models / VERSIONS / "slider.v2" / LOCK, timeout=0).acquire()
    thread.join()
    assert folder_in_use(models) == models / VERSIONS / "slider.v2"


def test_a_complete_version_is_not_deleted_when_entering_it_is_interrupted(
    dataset: Dataset, models: Path, moved: dict[str, str]
) -> None:
    index = models / VERSIONS / "index.json"

    def damage(fraction: float, message: str) -> None:
        if fraction == 1.0:
            index.write_text("{")

    with pytest.raises(ArtifactError, match="is damaged"):
        train_version(dataset, models, moved, progress=damage)
    assert (models / VERSIONS / "slider.v2" / "control_rms").is_dir(), "the index might name it"
    index.unlink()
    train_version(dataset, models, moved)
    assert [v.name for v in trained_versions(models)] == ["slider.v2"]


def test_a_folder_that_was_left_before_it_was_held_is_deleted(
    dataset: Dataset, models: Path, moved: dict[str, str]
) -> None:
    left = models / VERSIONS / "slider.v2"
    left.mkdir(parents=True)
    (left / "left.txt").touch()
    train_version(dataset, models, moved)
    assert [v.name for v in trained_versions(models)] == ["slider.v2"]
    assert not (left / "left.txt").exists()


def test_a_version_of_another_dataset_is_refused(
    dataset: Dataset, models: Path, moved: dict[str, str], tmp_path: Path
) -> None:
    other = open_dataset(shutil.copytree(dataset.location, tmp_path / "other"))
    with pytest.raises(TrainingError, match=r"holds detectors of slider .* give another folder"):
        train_version(other, models, moved)
    assert not (models / VERSIONS).exists()


def test_a_version_is_trained_as_the_one_in_use(dataset: Dataset, tmp_path: Path, moved: dict[str, str]) -> None:
    models = tmp_path / "slider"
    train(dataset, models, detectors=KEYS, preset="quick", seed=3, denoise=0.5, kind="non-stationary")
    train(dataset, models, detectors=["control_random"], preset="quick", seed=4)
    with pytest.raises(TrainingError, match=r"were trained with several seeds \(3, 4\): choose one with --seed\."):
        train_version(dataset, models, moved)
    assert not (models / VERSIONS).exists()
    train_version(dataset, models, moved, detectors=KEYS)
    first, now = (read_manifest(folder / "control_rms") for folder in (models, folder_in_use(models)))
    assert (now.preset, now.seed, now.denoise) == ("quick", 3, 0.5)
    assert now.representation == first.representation
    train_version(dataset, models, moved, preset="standard", seed=5, denoise=0.0)
    now = read_manifest(folder_in_use(models) / "control_rms")
    assert (now.preset, now.seed, now.denoise) == ("standard", 5, 0.0)


def test_what_was_learned_from_is_not_tested_on_however_it_is_opened(
    dataset: Dataset, models: Path, moved: dict[str, str], tmp_path: Path
) -> None:
    train_version(dataset, models, moved)
    again = tmp_path / "again.toml"
    write_dataset_file(again, DatasetFile(Path(dataset.location), [], []))
    joined = {c for c, label in moved.items() if label == "normal"}
    assert joined & set(open_dataset(again).rows(split="test")["clip_id"])
    models_set = ModelSet(folder_in_use(models))
    table, _, said = current_scores(open_dataset(again), models_set)
    assert set(table["clip_id"]) == set(dataset.rows(split="test")["clip_id"]) - joined
    (sentence,) = said
    assert sentence.startswith("2 test clips of again are not scored")


def test_training_the_first_version_puts_it_in_use(dataset: Dataset, models: Path, moved: dict[str, str]) -> None:
    train_version(dataset, models, moved)
    said = list[str]()
    train(dataset, models, detectors=KEYS, resume=True, notify=said.append)
    assert version_in_use(models) == FIRST
    assert f"The first version in {models} is in use again: it is the one that was trained." in said
