"""Training on the Data page: its time, what it takes, versions with labels, and what is not trained."""

import re
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest

from asd_core import jobs
from asd_core.datasets import import_recordings, open_dataset
from asd_core.detectors import detector_class
from asd_core.labels import Draft, LabelStore, new_uid
from asd_core.scoring import scored_clips
from asd_core.settings import get_settings
from asd_core.sound import wav_bytes
from asd_core.training import expected_seconds, stored_min_clips, train, train_version
from pages.data_page.datasets import entries
from pages.shared.sources import sources
from tests.app.helpers import opened, press, sound, text


def test_the_time_of_a_training_is_that_of_its_recordings(folders: Path) -> None:
    def told(seconds: int) -> tuple[str, float]:
        samples = np.random.default_rng(seconds).normal(0, 0.1, 8000 * seconds).astype(np.float32)
        data = [wav_bytes(np.roll(samples, n), 8000) for n in range(10)]
        import_recordings(f"Of {seconds} s", [(f"ok/{n}.wav", lambda n=n: data[n]) for n in range(10)])
        app = opened("data", data=f"Of {seconds} s", data_time="Everything")
        said = next(c.value for c in app.caption if "detectors, about" in c.value)
        about, recordings = re.search(
            r"about (\d+ \w+) on two cores, by (\d+ normal recordings of \S+ s)", said
        ).groups()
        number, unit = about.split()
        return recordings, float(number) * (60 if unit == "min" else 1)

    short, long = told(2), told(60)
    assert (short[0], long[0]) == ("6 normal recordings of 2 s", "6 normal recordings of 60 s")
    assert long[1] > 2 * short[1]


def test_a_version_trained_with_labels_is_in_use_and_going_back_is_one_click(folders: Path) -> None:
    files = [(f"ok/{n}.wav", lambda n=n: sound(n)) for n in range(20)]
    place = import_recordings("Rig", files).place
    dataset, models = open_dataset(place), get_settings().models_dir / "rig"
    train(dataset, models, detectors=["control_rms"])
    assert "Train again with labels" in [button.label for button in opened("data", data="Rig").button]
    joined = str(dataset.rows(split="test")["clip_id"].iloc[0])
    train_version(dataset, models, {joined: "normal"})
    app = opened("data", data="Rig")
    assert "1 clip joined training, 0 left it. 1 detector." in text(app)
    assert "Rename or delete" in [expander.label for expander in app.expander], "it is still the dataset that was added"
    (source,) = sources()
    assert (source.name, source.folder) == ("rig", models / "versions" / "rig.v2")
    assert joined not in set(open_dataset(source.location).rows(split="test")["clip_id"])
    press(app, "Use this version")
    (source,) = sources()
    assert (source.name, source.folder, source.location) == ("rig", models, str(place))
    assert [button.label for button in app.button if button.key and button.key.startswith("use_")] == [
        "In use",
        "Use this version",
    ]


def test_labels_that_call_the_datasets_anomalies_normal_are_named_before_they_join_training(
    folders: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = {f"{label}/{n}.wav": sound(len(label) + n) for label in ("ok", "faulty") for n in range(10)}
    place = import_recordings("Rig", [(name, lambda data=data: data) for name, data in files.items()]).place
    train(open_dataset(place), get_settings().models_dir / "rig", detectors=["control_rms"])
    store = LabelStore.open()

    def label(name: str, word: str) -> None:
        sha = sha256(files[name]).hexdigest()
        store.add(Draft(kind="label", annotator="Ada", dataset="rig", uid=new_uid(), clip_sha256=sha, label=word))

    label("faulty/1.wav", "anomaly")
    assert "by the dataset" not in text(opened("data", data="Rig"))
    label("faulty/2.wav", "normal")
    app = opened("data", data="Rig")
    named = "1 clip that people call normal is an anomaly by the dataset (faulty/2.wav): as it joins training,"
    assert named in text(app)
    read: list[Path] = []
    monkeypatch.setattr(
        "pages.data_page.versions.scored_clips", lambda models: read.append(models) or scored_clips(models)
    )
    assert named in text(app.run())
    assert not read, "the stored scores are read once for the same labels and scores"
    label("faulty/2.wav", "anomaly")
    assert "by the dataset" not in text(app.run())
    assert read


def test_a_folder_is_trained_again_as_it_was_recorded(folders: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for n in range(20):
        path = folders / "press" / "ok" / f"{n}.wav"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(sound(n))
    dataset, models = open_dataset(folders / "press"), get_settings().models_dir / "press"
    train(dataset, models, detectors=["control_rms"])
    train_version(dataset, models, {str(dataset.rows(split="test")["clip_id"].iloc[0]): "normal"})
    (entry,) = (one for one in entries() if one.location != "demo-fan")
    assert (entry.location, entry.models) == (dataset.location, models)
    (models / "versions" / "press.v2" / "relabelled.json").write_text("{")  # then nothing says where the recordings are
    monkeypatch.chdir(folders / "press")  # not here either
    app = opened("data", data="press")
    assert "relabelled.json is damaged or missing" in text(app)
    shown = app.dataframe[0].value
    assert shown.loc[shown["Dataset"] == "press", ["Training", "Test, normal", "Hours"]].to_numpy().tolist() == [
        [0, 0, 0]
    ]
    assert "Train again with labels" not in [button.label for button in app.button]
    press(app, "Use this version")
    assert "Train again with labels" in [button.label for button in app.button]


def test_the_page_is_about_the_version_in_use(folders: Path) -> None:
    files = [(f"ok/{n}.wav", lambda n=n: sound(n)) for n in range(20)]
    place = import_recordings("Rig", files).place
    dataset, models = open_dataset(place), get_settings().models_dir / "rig"
    train(dataset, models, detectors=["control_rms"])
    assert "This trains the first version" not in text(opened("data", data="Rig"))
    joined = str(dataset.rows(split="test")["clip_id"].iloc[0])
    train_version(dataset, models, {joined: "normal"}, detectors=["control_rms", "control_random"])
    app = opened("data", data="Rig")
    table = next(frame.value for frame in app.dataframe if "Detectors" in frame.value)
    assert table.loc[table["Dataset"] == "Rig", "Detectors"].tolist() == [2]
    assert "2 trained: " in text(app)
    assert "This trains the first version, without the labels, and puts it in use when it is done." in text(app)


@pytest.mark.parametrize("job", ["train-rig", "train-labels-rig"])
def test_what_is_not_trained_is_said_where_no_training_runs(
    job: str, folders: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = [(f"ok/{n}.wav", lambda n=n: sound(n)) for n in range(20)]
    train(open_dataset(import_recordings("Rig", files).place), get_settings().models_dir / "rig", detectors=["pca_kde"])
    assert "Not trained: " in text(opened("data", data="Rig"))
    found = jobs.Job(job, "Training on Rig", "running", 0.5, "fitting", "", 0.0)
    monkeypatch.setattr(jobs, "find", lambda name: found if name == job else None)
    said = text(opened("data", data="Rig"))
    assert "1 trained: PCA + KDE." in said
    assert "Not trained: " not in said


def test_the_embedded_fans_are_offered_to_train_on(folders: Path) -> None:
    app = opened("data", data="Simulated fan, two domains (demo)")
    shown = app.dataframe[0].value
    assert shown["Dataset"].tolist() == ["Simulated fan, two domains (demo)"]
    columns = ["Machine types", "Machine ids", "Training", "Test, normal", "Test, anomalies", "Hours"]
    assert shown[columns].to_numpy().tolist() == [["fan", 2, 264, 120, 120, 1.4]]
    assert "Train" in [button.label for button in app.button]
    assert "Rename or delete" not in [expander.label for expander in app.expander]


def test_detectors_that_want_more_clips_are_named_before_they_are_trained(folders: Path) -> None:
    """The page says it and trains all the same; where there are enough clips it says nothing of that detector."""
    min_clips = stored_min_clips()
    key, needed = max(
        ((k, n) for k, n in min_clips.least.items() if n and expected_seconds(k, 100) < 20), key=lambda kn: kn[1]
    )
    title = detector_class(key).info.title
    for name, count in (("Few", 10), ("Many", needed + needed // 4 + 2)):  # a fifth is kept for testing
        files = {f"press/normal/{n}.wav": sound(n) for n in range(count)}
        import_recordings(name, [(file, lambda data=data: data) for file, data in files.items()])
        app = opened("data", data=name)
        said = " ".join(info.value for info in app.info)
        assert (f"with {needed} clips of a machine, the fewest" in said and title in said) == (name == "Few"), said
        assert "Train" in [button.label for button in app.button]
