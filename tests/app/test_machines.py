"""Machines of two types, one of which some detectors do not know: named in the sidebar and the address, on every page."""

import io
import json
import shutil
from pathlib import Path

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from asd_core.artifacts import pin_detector
from pages.feature_space_page.points import clips
from pages.shared.sources import sources
from tests.app import helpers
from tests.app.helpers import text

OTHERS = "Left out here, for they do not know machine id slider/02: PCA + KDE, PCA + LOF, Control: clip level."
KDE = "Left out here, for it does not know machine id slider/02: PCA + KDE."
FEWER = "Over fewer machine ids than the others: PCA + KDE (2 of 3), PCA + LOF (2 of 3), Control: clip level (2 of 3)."
AFTER = "is ranked after theirs, and never called the best"


@pytest.fixture(autouse=True)
def models(folders: Path, factory: Path, factory_models: Path) -> Path:
    """The factory's detectors are the only ones."""
    models = Path(shutil.copytree(factory_models, folders / "models" / "factory"))
    (models / "dataset.json").write_text(json.dumps({"location": str(factory), "title": "factory"}))
    return models


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
    assert text(app).count(OTHERS) == 1


def test_none_of_the_chosen_detectors_knows_the_machine() -> None:
    app = opened("clip", machine="slider/02", detectors="PCA + KDE")
    assert text(app).count(KDE) == 1
    assert any(e.proto.component_name == "asd_player" for e in app.get("bidi_component")), (
        "it can be played all the same"
    )


def test_the_compare_page_ranks_means_over_fewer_machines_apart() -> None:
    app = opened("compare")
    table = app.dataframe[0].value.set_index("Detector")
    assert table.index[0] == "Control: random score"
    assert table["Verdict"].str.contains("2 of 3 ids").tolist() == [False, True, True, True]
    assert not table["Verdict"].str.contains("best").any()
    assert AFTER in text(app)
    one = opened("compare", of_ids="fan/00")
    assert not one.dataframe[0].value["Verdict"].str.contains("of 3 ids").any()


@pytest.mark.parametrize(
    "view", ["Ranking", "Thresholds", "Head-to-head", "Agreement", "Where it fails", "Without labels"]
)
def test_a_view_of_one_machine_names_who_does_not_know_it(view: str) -> None:
    said = text(opened("compare", view=view, of_ids="slider/02"))
    assert said.count(OTHERS) == 1
    assert "Over fewer machine ids" not in said
    for ids in ([], ["fan/00"]):
        assert "Left out" not in text(opened("compare", view=view, of_ids=ids))


def test_none_of_the_compared_detectors_knows_the_machine() -> None:
    assert text(opened("compare", of_ids="slider/02", detectors="PCA + KDE")).count(KDE) == 1


@pytest.mark.parametrize("view", ["Thresholds", "Agreement", "Where it fails"])
def test_a_view_of_several_machines_names_who_knows_fewer(view: str) -> None:
    assert text(opened("compare", view=view)).count(FEWER) == 1
    assert "Over fewer" not in text(opened("compare", view=view, of_ids=["fan/00", "slider/00"]))
    assert "Over fewer" not in text(opened("compare", view=view, detectors=["PCA + KDE", "PCA + LOF"]))


def test_without_labels_a_mean_over_fewer_machines_is_ranked_apart() -> None:
    app = opened("compare", view="Without labels")
    table = app.dataframe[0].value.set_index("Detector")["Verdict"]
    assert table.index[0] == "Control: random score"
    assert table.str.contains("2 of 3 ids").tolist() == [False, True, True, True]
    assert not table.str.contains("best").any()
    assert AFTER in text(app)
    assert AFTER not in text(opened("compare", view="Without labels", of_ids="fan/00"))


def test_head_to_head_compares_what_both_know() -> None:
    pair = {"one": "PCA + KDE", "other": "Control: random score"}
    app, known = (opened("compare", view="Head-to-head", of_ids=ids, **pair) for ids in ([], ["fan/00", "slider/00"]))
    figures = app.dataframe[0].value
    assert figures["Difference"].tolist() == pytest.approx((figures[pair["one"]] - figures[pair["other"]]).tolist())
    assert figures.equals(known.dataframe[0].value)
    said = "Over the machine ids that both know, 2 of 3: PCA + KDE does not know machine id slider/02."
    assert (said in text(app), said in text(known)) == (True, False)


def test_thresholds_of_several_machines_say_of_which_they_are(models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files: dict[str, pd.DataFrame] = {}
    taken = "pages.compare_page.thresholds.download"
    monkeypatch.setattr(
        taken, lambda label, content, *_, **__: files.update({label: pd.read_csv(io.StringIO(content()))})
    )
    pin_detector(models, "pca_kde")  # the first of the list
    assert "3 machine ids together" in text(app := opened("compare", view="Thresholds"))
    assert "12 normal and 12 anomalous clips" in text(app)
    ids = files["Thresholds as CSV"].set_index("detector")["machine_id"]
    assert (ids["pca_kde"], ids["control_random"]) == ("fan/00, slider/00", "fan/00, slider/00, slider/02")


def test_the_report_of_one_machine_names_who_does_not_know_it(monkeypatch: pytest.MonkeyPatch) -> None:
    files: dict[str, str] = {}
    monkeypatch.setattr(
        "pages.compare_page.report_button.download", lambda label, content, *_, **__: files.update({label: content})
    )
    for ids, named in (("slider/02", 1), ("fan/00", 0)):
        opened("compare", of_ids=ids).button(key="report").click().run()
        assert files["Report (HTML)"].count(OTHERS) == named


def test_the_label_page_names_who_does_not_know_the_clip_s_machine() -> None:
    app = opened("label", machine="slider/02", label_only="true", blind="false")
    assert "Machine id slider/02" in next(
        e.proto.json for e in app.get("bidi_component") if e.proto.component_name == "asd_label"
    )
    assert OTHERS in text(app)
    assert OTHERS not in text(opened("label", machine="slider/02", label_only="true", blind="true"))


def test_an_order_by_scores_is_of_detectors_that_know_the_machine() -> None:
    order = {"machine": "slider/02", "order": "Most anomalous"}
    blind, seen = (opened("label", label_only="true", blind=blind, **order) for blind in ("true", "false"))
    assert blind.selectbox(key="label_by").options == ["Control: random score"]
    assert [text(app).count(OTHERS) for app in (blind, seen)] == [1, 1]
    assert "Left out" not in text(opened("label", **order))


def test_the_map_is_coloured_by_a_detector_that_knows_the_machine() -> None:
    colour = {"colour": "score of a detector"}
    app = opened("feature_space", machine="slider/02", **colour)
    assert app.selectbox(key="by").options == ["Control: random score"]
    assert text(app).count(OTHERS) == 1
    assert "Left out" not in text(opened("feature_space", machine="slider/02"))
    assert "Left out" not in text(opened("feature_space", machine="slider/02", only="false", **colour))
    none = opened("feature_space", machine="slider/02", detectors="PCA + KDE", **colour)
    assert text(none).count(KDE) == 1


def test_scores_of_chosen_clips_name_who_does_not_know_them() -> None:
    app = helpers.app_at("feature_space", machine="slider/02", scores=["PCA + KDE", "Control: random score"])
    app.run()
    about = clips(next(iter(sources())))
    for machine_id, named in (("slider/02", 1), ("fan/00", 0)):
        app.session_state["space_chosen"] = about.index[about["machine_id"] == machine_id].tolist()[:3]
        assert not app.run().exception
        assert text(app).count(KDE) == named


def test_a_presentation_names_who_does_not_know_the_machine() -> None:
    assert text(opened("present", step="3", machine="slider/02")).count(OTHERS) == 1
    assert "Left out" not in text(opened("present", step="3", machine="fan/00"))


@pytest.mark.parametrize("page", ["feature_space", "experiments"])
def test_other_pages_take_the_machine(page: str) -> None:
    opened(page, machine="slider/02")


@pytest.mark.parametrize("view", ["Ranking", "Thresholds"])
def test_figures_of_very_few_clips_are_warned_of(view: str) -> None:
    """Four normal and four anomalous clips of one machine id, twelve of all."""
    few = "Fewer than ten clips of a class"
    assert few in text(opened("compare", view=view, of_ids="fan/00"))
    assert few not in text(opened("compare", view=view))
