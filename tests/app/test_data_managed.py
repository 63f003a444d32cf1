"""The Data page on datasets and detectors that are there: renamed, deleted, damaged, shown on other pages."""

import shutil
from pathlib import Path

import pytest

from asd_core.datasets import delete_dataset, import_recordings, open_dataset
from asd_core.report import report_content
from asd_core.settings import get_settings
from asd_core.training import train, train_version
from pages.data_page.datasets import NEW, entries
from pages.shared.sources import sources
from tests.app.helpers import opened, press, sound, text


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


def test_a_dataset_may_be_called_new(folders: Path) -> None:
    import_recordings("New", [("normal/1.wav", lambda: sound(1))])
    app = opened("data", data="New")
    assert app.selectbox(key="data").value == "new"
    assert "New name" in [field.label for field in app.text_input]


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


def test_the_other_pages_show_the_dataset_that_was_looked_at_and_so_does_this_one_again(folders: Path) -> None:
    for name in ("Fan", "Rig"):
        files = [(f"ok/{n}.wav", lambda n=n: sound(n)) for n in range(20)]
        place = import_recordings(name, files).place
        train(open_dataset(place), get_settings().models_dir / name.lower(), detectors=["control_rms"])
    import_recordings("Untrained", [("ok/1.wav", lambda: sound(1))])
    app = opened("compare")
    assert app.selectbox(key="dataset").value == "fan"
    app.switch_page("data.py").run()
    assert app.selectbox(key="data").value == NEW
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


def test_detectors_that_do_not_know_a_machine_are_named_where_they_are_listed(folders: Path, factory: Path) -> None:
    models = get_settings().models_dir / "slider"
    train(open_dataset(factory / "slider"), models, detectors=["pca_kde", "pca_lof", "control_random"])
    said = text(opened("data", data="slider"))
    assert "3 trained: " in said
    assert "Trained without machine id 02: PCA + KDE, PCA + LOF." in said
    assert "Trained without machine id 00" not in said


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
