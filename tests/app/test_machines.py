"""Machines of two types, one of which some detectors do not know: named in the sidebar and the address, on every page."""

import json
import shutil
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from tests.app import helpers
from tests.app.helpers import text

OTHERS = "so without a score of it: PCA + KDE, PCA + LOF, Control: clip level."


@pytest.fixture(autouse=True)
def only(folders: Path, factory: Path, factory_models: Path) -> None:
    """The factory's detectors are the only ones."""
    models = shutil.copytree(factory_models, folders / "models" / "factory")
    (models / "dataset.json").write_text(json.dumps({"location": str(factory), "title": "factory"}))


def opened(page: str, **address: str) -> AppTest:
    app = helpers.opened(page, "Ada", **address)
    assert not app.error
    return app


def rows(app: AppTest) -> list[str]:
    """Detectors of the score table."""
    (sent,) = (e.proto.json for e in app.get("bidi_component") if e.proto.component_name == "asd_scores")
    return [row["detector"] for group in json.loads(sent)["groups"] for row in group["rows"]]


def test_the_sidebar_lists_machines_and_the_address_names_one() -> None:
    app = opened("clip")
    machine = app.sidebar.selectbox(key="machine")
    assert machine.options == ["fan/00", "slider/00", "slider/02"]
    assert len(rows(app)) == 4
    assert OTHERS not in text(app)
    linked = opened("clip", machine="slider/00")
    assert linked.sidebar.selectbox(key="machine").value == "slider/00"
    assert "spreads of the normal clips of machine id slider/00" in text(linked)
    assert all(o.startswith("id slider/00 · clip ") for o in linked.selectbox(key="clip").options)


@pytest.mark.parametrize("look", ["Why", "Spectrum", "Denoising", "Similar clips", "Over time"])
def test_the_clip_page_shows_who_knows_the_machine_and_names_the_others(look: str) -> None:
    app = opened("clip", machine="slider/02", look=look)
    assert rows(app) == ["Control: random score"]
    assert f"Trained without machine id slider/02, {OTHERS}" in text(app)


def test_none_of_the_chosen_detectors_knows_the_machine() -> None:
    app = opened("clip", machine="slider/02", detectors="PCA + KDE")
    assert "so without a score of it: PCA + KDE." in text(app)
    assert any(e.proto.component_name == "asd_player" for e in app.get("bidi_component")), (
        "it can be played all the same"
    )


def test_the_compare_page_ranks_means_over_fewer_machines_apart() -> None:
    app = opened("compare")
    table = app.dataframe[0].value.set_index("Detector")
    assert table.index[0] == "Control: random score"
    assert table["Verdict"].str.contains("2 of 3 ids").tolist() == [False, True, True, True]
    assert not table["Verdict"].str.contains("best").any()
    assert "is ranked after theirs, and never called the best" in text(app)
    one = opened("compare", of_ids="fan/00")
    assert not one.dataframe[0].value["Verdict"].str.contains("of 3 ids").any()
    assert OTHERS in text(opened("compare", view="Thresholds", of_ids="slider/02"))
    pooled = opened("compare", view="Thresholds")
    assert "Over fewer machine ids than the others: PCA + KDE (2 of 3)" in text(pooled)


def test_the_label_page_names_who_does_not_know_the_clip_s_machine() -> None:
    app = opened("label", machine="slider/02", label_only="true", blind="false")
    assert "Machine id slider/02" in next(
        e.proto.json for e in app.get("bidi_component") if e.proto.component_name == "asd_label"
    )
    assert OTHERS in text(app)
    assert OTHERS not in text(opened("label", machine="slider/02", label_only="true", blind="true"))


@pytest.mark.parametrize("page", ["feature_space", "experiments"])
def test_other_pages_take_the_machine(page: str) -> None:
    opened(page, machine="slider/02")
