"""The Data page: recordings are added, understood, answered, and offered for training."""

import re
import shutil
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from asd_core import jobs
from asd_core.datasets import (
    add_recording,
    as_one_type,
    delete_dataset,
    exceptions_last,
    import_recordings,
    machines_of,
    open_dataset,
    read_answers,
    read_dataset_file,
    survey,
    update_dataset_file,
)
from asd_core.detectors import detector_class
from asd_core.labels import Draft, LabelStore, new_uid
from asd_core.report import report_content
from asd_core.scoring import scored_clips
from asd_core.settings import get_settings
from asd_core.sound import wav_bytes
from asd_core.training import expected_seconds, stored_min_clips, train, train_version
from pages.data_page.datasets import entries
from pages.data_page.survey_view import LETTERS, _changed
from pages.shared.sources import sources
from tests.app.helpers import opened, text


def sound(seed: int) -> bytes:
    return wav_bytes(np.random.default_rng(seed).normal(0, 0.1, 32000).astype(np.float32), 16000)


def press(app: AppTest, label: str) -> None:
    next(button for button in app.button if button.label == label).click().run()
    assert not app.exception


def test_without_a_trained_detector_recordings_can_be_added(folders: Path) -> None:
    app = opened("data")
    assert app.title[0].value == "Data"
    assert "Add normal recordings of your machine" in text(app)
    assert not app.sidebar.selectbox


def test_names_that_say_nothing_are_asked_and_the_answers_are_stored(folders: Path) -> None:
    files = {f"rig/RUN_{n}.wav": sound(n) for n in range(25)} | {f"rig/BELT_{n}.wav": sound(100 + n) for n in range(4)}
    place = import_recordings("Rig", [(name, lambda data=data: data) for name, data in files.items()]).place
    app = opened("data", data="Rig")
    labels = {group.label: group for group in app.segmented_control if "like" in group.label}
    assert list(labels) == ["4 recordings like `rig/BELT_0.wav`", "25 recordings like `rig/RUN_0.wav`"]
    assert "Train" not in [button.label for button in app.button]
    assert not [box.label for box in app.expander if "not used" in box.label], "they are asked about"
    labels["4 recordings like `rig/BELT_0.wav`"].set_value("anomaly").run()
    next(g for g in app.segmented_control if "RUN_0" in g.label).set_value("normal").run()
    press(app, "Save")
    assert sorted(open_dataset(place).catalogue["label"].value_counts().items()) == [("anomaly", 4), ("normal", 25)]
    assert "Train" in [button.label for button in app.button]
    table = next(frame.value for frame in app.dataframe if "Set" in frame.value)
    assert table[["Machine type", "Set", "Label", "Recordings"]].to_numpy().tolist() == [
        ["rig", "test", "anomaly", 4],
        ["rig", "test", "normal", 5],
        ["rig", "train", "normal", 20],
    ]
    press(app, "Forget all answers")
    assert survey(place.parent / "recordings").catalogue.empty
    assert "Train" not in [button.label for button in app.button]


def opened_expander(key: str) -> AppTest:
    app = opened("data", data="Rig")
    app.session_state[key] = True  # as a press on it
    return app.run()


def test_one_recording_is_corrected_and_stays_so_when_its_row_is(folders: Path) -> None:
    files = {f"ok/RUN_{n}.wav": sound(n) for n in range(10)}
    place = import_recordings("Rig", [(name, lambda data=data: data) for name, data in files.items()]).place
    app = opened_expander("one_recording")
    next(box for box in app.selectbox if box.label == "Recording").select("ok/RUN_4.wav").run()
    assert len(app.get("audio")) == 1
    next(box for box in app.selectbox if box.label == "Its label").select("anomaly").run()
    next(field for field in app.text_input if field.label == "Its machine id").set_value("7").run()
    press(app, "Save")
    rows = open_dataset(place).catalogue.set_index("clip_id")
    assert rows.loc["ok/RUN_4.wav", ["label", "machine_id", "split"]].tolist() == ["anomaly", "7", "test"]
    assert rows["label"].tolist().count("normal") == 9
    assert read_answers(place)[-1] == {"pattern": "ok/RUN_4.wav", "label": "anomaly", "machine_id": "7"}
    every = {"pattern": "ok/*", "label": "normal", "machine_id": "8"}
    update_dataset_file(place, lambda file: replace(file, answers=exceptions_last([*file.answers, every])))
    rows = open_dataset(place).catalogue.set_index("clip_id")
    assert rows.loc["ok/RUN_4.wav", ["label", "machine_id"]].tolist() == ["anomaly", "7"]
    assert set(rows["machine_id"]) == {"7", "8"}


def test_a_recording_that_was_left_out_is_taken_back(folders: Path) -> None:
    place = import_recordings("Rig", [(f"ok/{n}.wav", lambda n=n: sound(n)) for n in range(6)]).place
    answer = {"pattern": "ok/[345].wav", "label": "leave out"}
    update_dataset_file(place, lambda file: replace(file, answers=[answer]))
    app = opened_expander("one_recording")
    next(box for box in app.selectbox if box.label == "Names").select("left out").run()
    next(box for box in app.selectbox if box.label == "Recording").select("ok/5.wav").run()
    next(box for box in app.selectbox if box.label == "Its label").select("normal").run()
    press(app, "Save")
    assert open_dataset(place).catalogue["clip_id"].tolist() == [f"ok/{n}.wav" for n in (0, 1, 2, 5)]


def test_what_cannot_be_read_is_named_and_not_asked_about(folders: Path) -> None:
    files = {f"ok/{n}.wav": sound(n) for n in range(3)} | {
        "odd/on.wav": sound(9),
        "odd/off.wav": b"",
        "odd/x.wav": b"<html>",
    }
    import_recordings("Rig", [(name, lambda d=data: d) for name, data in files.items()])
    app = opened("data", data="Rig")
    assert [b.label for b in app.button_group if b.key.startswith("asked_")] == ["1 recording like `odd/on.wav`"]
    waits = "1 recording waits for an answer above and is not used until then: what follows is of the other 3."
    assert [warning.value for warning in app.warning if "waits" in warning.value] == [waits]
    names = next(frame.value for frame in app.dataframe if "Names" in frame.value)
    assert names["Names"].tolist() == ["odd/on.wav", "ok/*"]
    unused = next(frame.value for frame in app.dataframe if "Reason" in frame.value).set_index("File")["Reason"]
    assert "0 bytes" in unused["odd/off.wav"]
    assert "not audio" in unused["odd/x.wav"]
    files = {"odd/off.wav": b"", "odd/x.wav": b"<html>"}
    import_recordings("Nothing", [(name, lambda d=data: d) for name, data in files.items()])
    said = text(opened("data", data="Nothing"))
    assert "Choose for each" not in said
    assert "holds no recording" in said


def test_a_long_name_is_shown_with_its_end_and_answered_as_a_whole(folders: Path) -> None:
    place = "Recordings of the factory/line {}/gearbox 3/2024-05-03/{}/recording_of_shift_{}.wav"
    names = [place.format(line, word, n) for line in "AB" for word in ("normal", "belt") for n in range(2)]
    dataset = import_recordings("Rig", [(name, lambda n=n: sound(n)) for n, name in enumerate(names)])
    app = opened("data", data="Rig")
    table = next(frame.value for frame in app.dataframe if "Names" in frame.value)
    shown = table["Names"].tolist()
    assert shown[0].startswith("…/line A/")
    assert ["normal" in name for name in shown] == [False, True] * 2
    assert all(name.endswith(("/belt/recording_of_shift_*", "/normal/recording_of_shift_*")) for name in shown)
    assert max(map(len, shown)) <= LETTERS
    assert len(set(table["Names"])) == 4
    (group,) = [
        g for g in survey(read_dataset_file(dataset.place).folder).groups if "line B" in g.pattern and not g.row
    ]
    answers = _changed([g.pattern for g in [group]], table.iloc[2:3], table.iloc[2:3].assign(Label="anomaly"))
    assert answers == [{"pattern": group.pattern, "label": "anomaly"}]


def test_recordings_that_are_asked_about_can_be_heard(folders: Path) -> None:
    files = {f"rig/RUN_{n}.wav": sound(n) for n in range(7)} | {"rig/RUN_1.wav": b"no sound"}
    import_recordings("Rig", [(name, lambda data=data: data) for name, data in files.items()])
    app = opened("data", data="Rig")
    assert not app.get("audio")
    app = opened_expander("hear_rig_0_rig/RUN_*")
    assert len(app.get("audio")) == 4
    assert "rig/RUN_1.wav is not audio that can be read" in text(app)


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


def test_forgetting_answers_leaves_what_was_kept_as_it_was_called(folders: Path) -> None:
    place = import_recordings("Rig", [(f"RUN_{n}.wav", lambda n=n: sound(n)) for n in range(3)]).place
    add_recording(place, "x.wav", sound(50), "anomaly", machines_of(place)[0])
    app = opened("data", data="Rig")
    assert "Forget all answers" not in [button.label for button in app.button]
    next(g for g in app.segmented_control if "RUN_0" in g.label).set_value("normal").run()
    press(app, "Save")
    assert sorted(open_dataset(place).catalogue["label"]) == ["anomaly", "normal", "normal", "normal"]
    press(app, "Forget all answers")
    assert open_dataset(place).catalogue[["clip_id", "label"]].to_numpy().tolist() == [["kept/x.wav", "anomaly"]]


def test_several_machine_types_are_chosen_from(folders: Path) -> None:
    files = {f"{kind}/normal/{n}.wav": sound(n) for kind in ("fan", "pump") for n in range(10)}
    files["unclear/faulty/1.wav"] = sound(10)
    place = import_recordings("Plant", [(name, lambda data=data: data) for name, data in files.items()]).place
    app = opened("data", data="Plant")
    assert "Machines of 3 types (fan, pump and unclear)" in text(app)
    assert "unclear 00 has no normal recording" in text(app)
    assert "Choose one machine type above" in text(app)
    next(box for box in app.selectbox if box.label == "Machine type").select("pump").run()
    assert open_dataset(place).catalogue["machine_type"].unique().tolist() == ["pump"]
    assert "Machines of" not in text(app), "it was answered"
    assert "unclear 00 has no normal recording" not in text(app), "nor is it meant"
    assert "Train" in [button.label for button in app.button]


def test_folders_of_two_machines_of_one_type_are_made_one_type(folders: Path) -> None:
    names = [f"compressor_{which}/{label}/{n}.wav" for which in "AB" for label in ("ok", "faulty") for n in range(6)]
    place = import_recordings(
        "Plant", [(name, lambda n=n: sound(n)) for n, name in enumerate([*names, "compressor_C/faulty/1.wav"])]
    ).place
    app = opened("data", data="Plant")
    assert "Machines of 3 types (compressor_A, compressor_B and compressor_C)" in text(app)
    button = next(button for button in app.button if button.label == "These are machines of one type")
    assert "compressor_A, compressor_B and compressor_C become machine ids" in button.help
    press(app, "These are machines of one type")
    assert set(open_dataset(place).catalogue["machine_type"]) == {"compressor"}
    assert set(open_dataset(place).catalogue["machine_id"]) == {"A", "B", "C"}, (
        "also the one of which there are anomalies alone"
    )
    assert "These are machines of one type" not in [button.label for button in app.button]
    assert "Machines of" not in text(app), "it was answered"
    assert "compressor C has no normal recording" in text(app)
    assert "Train" in [button.label for button in app.button]


@pytest.mark.parametrize(
    ("types", "name", "ids"),
    [
        (("pump_aft", "pump_all"), "pump", ["aft", "all"]),
        (("air compressor A", "air compressor B"), "air compressor", ["A", "B"]),
        (("motors", "motor"), "machine", ["motor", "motors"]),
        (("rig_", "rig_B"), "machine", ["rig_", "rig_B"]),
    ],
)
def test_the_type_is_called_by_the_words_that_all_begin_with(
    tmp_path: Path, types: tuple[str, ...], name: str, ids: list[str]
) -> None:
    for one in types:
        (tmp_path / one / "ok").mkdir(parents=True)
        (tmp_path / one / "ok" / "1.wav").write_bytes(sound(1))
    called, answers = as_one_type(survey(tmp_path))
    assert (called, [answer["machine_id"] for answer in answers]) == (name, ids)


def test_types_without_a_common_name_keep_theirs_as_machine_ids(tmp_path: Path) -> None:
    for name in ("north/ok/1.wav", "south/ok/1.wav", "south/id_07/ok/1.wav"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(sound(1))
    name, answers = as_one_type(survey(tmp_path))
    found = survey(tmp_path, answers)
    assert name == "machine"
    rows = found.catalogue[["machine_type", "machine_id", "label"]].to_numpy().tolist()
    assert rows == [
        ["machine", "north", "normal"],
        ["machine", "south-07", "normal"],
        ["machine", "south", "normal"],
    ]


def test_a_dataset_is_renamed_and_deleted_by_name(folders: Path) -> None:
    place = import_recordings("Rig", [("normal/1.wav", lambda: sound(1))]).place
    app = opened("data", data="Rig")
    next(field for field in app.text_input if field.label == "New name").set_value("Rig 8").run()
    press(app, "Rename")
    assert open_dataset(place).title == "Rig 8"
    delete = next(field for field in app.text_input if field.label.startswith("To delete it"))
    delete.set_value("Rig").run()
    assert next(button for button in app.button if button.label == "Delete").disabled
    next(field for field in app.text_input if field.label.startswith("To delete it")).set_value("Rig 8").run()
    press(app, "Delete")
    assert not place.exists()
    assert "Add normal recordings of your machine" in text(app)


def test_a_dataset_with_detectors_is_renamed_on_every_page_and_in_the_report(folders: Path) -> None:
    place = import_recordings("Rig", [(f"ok/{n}.wav", lambda n=n: sound(n)) for n in range(20)]).place
    dataset, models = open_dataset(place), get_settings().models_dir / "rig"
    train(dataset, models, detectors=["control_rms"])
    joined = str(dataset.rows(split="test")["clip_id"].iloc[0])
    train_version(dataset, models, {joined: "normal"})
    app = opened("data", data="Rig")
    next(field for field in app.text_input if field.label == "New name").set_value("Rig 8").run()
    press(app, "Rename")
    assert "To delete it and its detectors, type its name: Rig 8" in [field.label for field in app.text_input]
    assert [source.title for source in sources()] == ["Rig 8"]
    for version in (models, models / "versions" / "rig.v2"):
        assert report_content(version)[0].title == "Rig 8"
    shutil.rmtree(place.parent)
    assert [source.title for source in sources()] == ["Rig"], (
        "what was stored in training stands where nothing else says"
    )


def test_a_table_that_came_with_the_recordings_is_used_and_said(folders: Path) -> None:
    app = opened("data")
    field = next(field for field in app.text_input if field.label == "Name")
    field.set_value("Rig").run()
    table = (
        "file,label,load\n" + "".join(f"RUN_{n}.wav,ok,{n}\n" for n in range(25)) + "RUN_99.wav,ng,1\nRUN_0.wav,ok,\n"
    )
    files = [(f"RUN_{n}.wav", sound(n), "audio/wav") for n in range(25)] + [("labels.csv", table.encode(), "text/csv")]
    app.file_uploader[0].set_value(files[-1:]).run()
    press(app, "Add 1 file")
    assert "labels.csv is a table of recordings, but they are not with it" in text(app)
    app.file_uploader[0].set_value(files).run()
    press(app, "Add 26 files")
    assert "labels.csv tells of 25 recordings here." in text(app)
    assert "1 row of labels.csv matches no recording here." in text(app)
    assert "labels.csv names 1 recording more than once." in text(app)
    assert "labels.csv names it, but it is not there" in text(app)
    assert "What the table says is corrected in the table" in text(app)
    unused = next(frame.value for frame in app.dataframe if "Reason" in frame.value)
    assert unused["File"].tolist() == ["RUN_99.wav"]
    counts = next(frame.value for frame in app.dataframe if "Set" in frame.value)
    assert counts[["Set", "Label", "Recordings"]].to_numpy().tolist() == [
        ["test", "normal", 5],
        ["train", "normal", 20],
    ]
    assert "Train" in [button.label for button in app.button]


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


def test_what_is_damaged_is_named_and_the_rest_of_the_page_is_there(folders: Path) -> None:
    place = import_recordings("Rig", [(f"ok/{n}.wav", lambda n=n: sound(n)) for n in range(20)]).place
    import_recordings("Other", [("ok/1.wav", lambda: sound(1))])
    dataset, models = open_dataset(place), get_settings().models_dir / "rig"
    train(dataset, models, detectors=["control_rms"])
    train_version(dataset, models, {str(dataset.rows(split="test")["clip_id"].iloc[0]): "normal"})
    (models / "versions" / "rig.v2" / "relabelled.json").write_text("{")
    assert {(entry.title, entry.location) for entry in entries()} == {
        ("Simulated fan, two domains (demo)", "demo-fan"),
        ("Rig", str(place)),
        ("Other", str(place.parents[1] / "other" / "dataset.toml")),
    }
    app = opened("data", data="Rig")
    assert "relabelled.json is damaged or missing: put another version in use, or train again." in text(app)
    assert "Rename or delete" in [expander.label for expander in app.expander]
    press(app, "Use this version")
    assert "is damaged" not in text(app)
    (models / "versions" / "index.json").write_text("{")
    app = opened("data", data="Rig")
    assert "index.json is damaged: delete it, and the first version is in use." in text(app)
    assert "Rename or delete" in [expander.label for expander in app.expander]
    place.write_text("folder = 'gone'")
    app = opened("data", data="Rig")
    assert "gone is not a folder" in text(app)
    assert "Rename or delete" in [expander.label for expander in app.expander]


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


def test_the_other_pages_show_the_dataset_that_was_looked_at_and_so_does_this_one_again(folders: Path) -> None:
    for name in ("Fan", "Rig"):
        files = [(f"ok/{n}.wav", lambda n=n: sound(n)) for n in range(20)]
        place = import_recordings(name, files).place
        train(open_dataset(place), get_settings().models_dir / name.lower(), detectors=["control_rms"])
    import_recordings("Untrained", [("ok/1.wav", lambda: sound(1))])
    app = opened("compare")
    assert app.selectbox(key="dataset").value == "fan"
    app.switch_page("data.py").run()
    assert app.selectbox(key="data").value == "new"
    app.selectbox(key="data").select("rig").run()
    assert app.switch_page("compare.py").run().selectbox(key="dataset").value == "rig"
    assert app.switch_page("data.py").run().selectbox(key="data").value == "rig"
    app.selectbox(key="data").select("untrained").run()
    assert app.switch_page("compare.py").run().selectbox(key="dataset").value == "rig", "it has nothing to show yet"
    assert not app.exception


def test_pages_say_that_the_dataset_chosen_for_them_is_not_trained_until_another_is_chosen(folders: Path) -> None:
    files = [(f"ok/{n}.wav", lambda n=n: sound(n)) for n in range(20)]
    for name in ("Fan", "Rig"):
        place = import_recordings(name, files).place
        train(open_dataset(place), get_settings().models_dir / name.lower(), detectors=["control_rms"])
    place = import_recordings("Press", files).place
    said = "The dataset `Press` has no trained detectors yet: this is Fan. Train it on the Data page."
    app = opened("compare")
    app.switch_page("data.py").run()
    assert "no trained detectors yet" not in text(app.switch_page("compare.py").run()), "nobody has chosen it"
    app.switch_page("data.py").run().selectbox(key="data").select("press").run()
    for page in ("compare", "feature_space", "experiments"):
        assert text(app.switch_page(f"{page}.py").run()).count(said) == 1
        assert [link.label for link in app.get("page_link")] == ["Train it"]
    app.selectbox(key="dataset").select("rig").run()
    assert "no trained detectors yet" not in text(app)
    for instead in ("add recordings", "trained"):
        app.switch_page("data.py").run().selectbox(key="data").select("press").run()
        if instead == "trained":
            train(open_dataset(place), get_settings().models_dir / "press", detectors=["control_rms"])
        else:
            app.selectbox(key="data").select_index(0).run()
        assert "no trained detectors yet" not in text(app.switch_page("compare.py").run())
    assert not app.exception


@pytest.mark.parametrize("others", [["Fan"], []])
def test_a_dataset_that_is_deleted_elsewhere_is_named_where_it_was_shown(folders: Path, others: list[str]) -> None:
    for name in (*others, "Rig"):
        files = [(f"ok/{n}.wav", lambda n=n: sound(n)) for n in range(20)]
        place = import_recordings(name, files).place
        train(open_dataset(place), get_settings().models_dir / name.lower(), detectors=["control_rms"])
    compare, data = opened("compare", dataset="Rig"), opened("data", data="Rig")
    said = "The dataset `Rig` is not here (any more)"
    instead = ": this is Fan." if others else "."
    for app in (compare.run(), data.run()):
        assert said not in text(app)
    delete_dataset(place)
    shutil.rmtree(get_settings().models_dir / "rig")
    for _ in range(2):
        assert text(compare.run()).count(said + instead) == 1
        assert text(data.run()).count(f"{said}: below, recordings can be added.") == 1
    assert said not in text(compare.switch_page("experiments.py").run())
    assert not compare.exception
    assert not data.exception


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


def test_detectors_that_do_not_know_a_machine_are_named_where_they_are_listed(folders: Path, factory: Path) -> None:
    models = get_settings().models_dir / "slider"
    train(open_dataset(factory / "slider"), models, detectors=["pca_kde", "pca_lof", "control_random"])
    said = text(opened("data", data="slider"))
    assert "3 trained: " in said
    assert "Trained without machine id 02: PCA + KDE, PCA + LOF." in said
    assert "Trained without machine id 00" not in said


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


def test_a_moved_clip_is_not_said_to_be_listed_so_in_the_dataset(folders: Path) -> None:
    files = [(f"ok/{n}.wav", lambda n=n: sound(n)) for n in range(20)]
    dataset = open_dataset(import_recordings("Rig", files).place)
    models = get_settings().models_dir / "rig"
    train(dataset, models, detectors=["control_rms"])
    joined, other = dataset.rows(split="test")["clip_id"].iloc[:2]
    train_version(dataset, models, {str(joined): "normal"})
    assert "Known beforehand, from this version: train set · label normal" in text(
        opened("clip", dataset="Rig", clip=joined)
    )
    assert "Known beforehand, from the dataset: test set · label normal" in text(
        opened("clip", dataset="Rig", clip=other)
    )


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
