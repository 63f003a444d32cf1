"""The Data page: recordings are added, understood, asked about and answered."""

from dataclasses import replace
from pathlib import Path

from streamlit.testing.v1 import AppTest

from asd_core.datasets import (
    add_recording,
    exceptions_last,
    import_recordings,
    machines_of,
    open_dataset,
    read_answers,
    read_dataset_file,
    survey,
    update_dataset_file,
)
from pages.data_page.survey_view import LETTERS, _changed
from tests.app.helpers import opened, press, sound, text


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
    assert "To change what the table says, correct the table" in text(app)
    unused = next(frame.value for frame in app.dataframe if "Reason" in frame.value)
    assert unused["File"].tolist() == ["RUN_99.wav"]
    counts = next(frame.value for frame in app.dataframe if "Set" in frame.value)
    assert counts[["Set", "Label", "Recordings"]].to_numpy().tolist() == [
        ["test", "normal", 5],
        ["train", "normal", 20],
    ]
    assert "Train" in [button.label for button in app.button]
