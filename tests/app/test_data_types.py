"""The Data page with recordings of several machine types: one is chosen, or they are made one."""

from pathlib import Path

import pytest

from asd_core.datasets import as_one_type, import_recordings, open_dataset, survey
from tests.app.helpers import opened, press, sound, text


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
