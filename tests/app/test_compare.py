"""The Compare page in process: scope, missing scores, one class, recordings that are gone."""

import json
import shutil
import time
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from asd_core.artifacts import ModelSet
from asd_core.datasets import open_dataset
from asd_core.scoring import AS_RECORDED, SCORES, Scope, compute_scores, measure_scoring, scoring_seconds
from pages.compare_page.filters import UNCHECKED
from pages.components.threshold_slider import moved_to
from pages.shared.recordings import is_open
from pages.shared.sources import sources
from pages.shared.stored_scores import check_beside
from tests.app import helpers
from tests.app.helpers import FEW, text

# The views, and the first column and another one of their first table.
COLUMNS = {
    "Ranking": ("Detector", "AUC"),
    "Thresholds": ("Detector", "False alarms"),
    "Head-to-head": ("Figure", "Difference"),
    "Agreement": ("Clip", "Highest"),
    "Where it fails": ("clip_id", "calibrated"),
}
VIEWS = list(COLUMNS)
ONE_CLASS = "Only normal clips are in scope"
MIXED = ["PCA + KDE", "CNN autoencoder", "DCASE autoencoder"]
LEFT_OUT = "Left out: CNN autoencoder. No scores of the test split, not denoised, are stored."
opened = partial(helpers.opened, "compare")


@pytest.fixture
def copies(folders: Path, small_folder: Path, small_models: Path) -> tuple[Path, Path]:
    """Recordings and detectors that a test may change, as the only dataset of the app."""
    recordings, models = folders / "recordings" / "slider", folders / "models" / "copies"
    shutil.copytree(small_folder, recordings)
    shutil.copytree(small_models, models)
    (models / "dataset.json").write_text(json.dumps({"location": str(recordings), "title": "copies"}))
    return recordings, models


@pytest.fixture(scope="module")
def one_class(small_folder: Path, small_models: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Detectors with scores of normal clips alone, for all views."""
    folder = tmp_path_factory.mktemp("one_class")
    shutil.copytree(small_models, folder / "copies")
    compute_scores(open_dataset(small_folder), ModelSet(folder / "copies"), Scope("train"))
    return folder


def thresholds(app: AppTest) -> pd.DataFrame:
    """The thresholds with what is behind Details."""
    first, more = (frame.value for frame in app.dataframe[:2])
    assert first["Detector"].equals(more["Detector"])
    return first.join(more.drop(columns="Detector"))


def test_a_link_restores_the_scope_and_keeps_all_normals() -> None:
    app = opened(of_attribute="fault", of_fault=["no grease"], of_ids=["02", "04"])
    assert "only fault no grease and machine ids 02 and 04: 120 normal and 40 anomalous clips of 2 machine ids" in text(
        app
    )
    one = opened(of_attribute="severity", of_severity=["mild"], of_ids="02")
    assert "only severity mild and machine id 02: 60 normal and 18 anomalous clips. " in text(one)
    assert not app.dataframe[0].value["AUC"].equals(one.dataframe[0].value["AUC"])


@pytest.mark.parametrize("view", VIEWS)
def test_every_view_takes_the_scope(view: str) -> None:
    app = opened(of_attribute="SNR (dB)", of_snr_db=["-6"], view=view)
    assert not app.error
    table = app.dataframe[0].value
    assert (table.columns[0], set(COLUMNS[view]) <= set(table.columns)) == (COLUMNS[view][0], True)
    assert "only SNR (dB) -6" in text(app)


@pytest.mark.parametrize("view", VIEWS)
def test_one_class_is_not_computable_in_any_view(
    folders: Path, settings: pytest.MonkeyPatch, one_class: Path, view: str
) -> None:
    settings.setenv("ASD_MODELS_DIR", str(one_class))
    app = opened(of_split="train", view=view)
    assert ONE_CLASS in text(app)
    assert not app.error
    if view == "Ranking":
        table = app.dataframe[0].value
        assert table[["AUC", "pAUC"]].isna().all().all()
        assert set(table["95% interval"]) == {"not computable"}
        assert not table["Verdict"].str.contains("★").any()
    elif view == "Thresholds":
        table = thresholds(app)
        assert table["False alarms"].notna().all()
        assert table["Detected"].isna().all()
        assert set(table["Observed"]) != {0}
    elif view == "Head-to-head":
        assert "cannot be ranked here" in text(app)
    elif view == "Agreement":
        assert app.get("plotly_chart")


def test_missing_scores_are_offered_and_never_replaced_by_stale_ones(
    copies: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    _, models = copies
    app = opened()
    assert "have no scores" not in text(app)
    manifest = models / "cnn_ae" / "manifest.json"
    manifest.write_text(json.dumps(json.loads(manifest.read_text()) | {"weights_sha256": "0" * 64}))
    app = opened()
    assert "1 of 3 detectors has no scores of the test split, not denoised" in text(app)
    assert any("Compute the missing scores" in b.label for b in app.button)
    left = app.dataframe[0].value["Detector"].tolist()
    assert sorted(name.removeprefix("● ") for name in left) == ["Control: clip level", "PCA + KDE"]
    pages = {}
    monkeypatch.setattr(
        "pages.compare_page.report_button.download", lambda label, content, *_, **__: pages.update({label: content})
    )
    app.button(key="report").click().run()
    assert LEFT_OUT in pages["Report (HTML)"]


def test_who_has_no_scores_is_named_where_the_recordings_are_gone(copies: tuple[Path, Path]) -> None:
    recordings, models = copies
    manifest = models / "cnn_ae" / "manifest.json"
    manifest.write_text(json.dumps(json.loads(manifest.read_text()) | {"weights_sha256": "0" * 64}))
    shutil.rmtree(recordings)
    assert LEFT_OUT in text(opened())


def test_scores_of_denoised_clips_are_offered_where_there_are_none(copies: tuple[Path, Path]) -> None:
    app = opened(of_denoise="0.5")
    assert "3 of 3 detectors have no scores of the test split, denoised at 0.5" in text(app)
    assert "were trained on undenoised sound" in text(app)
    assert not app.dataframe


def test_computed_denoised_scores_are_shown_with_a_warning(copies: tuple[Path, Path]) -> None:
    recordings, models = copies
    compute_scores(open_dataset(recordings), ModelSet(models), Scope("test", 0.5))
    plain, app = opened(), opened(of_denoise="0.5")
    assert "Test split, denoised at 0.5: 12 normal and 12 anomalous clips" in text(app)
    assert "were trained on undenoised sound" in text(app)
    assert not app.dataframe[0].value.equals(plain.dataframe[0].value)


def test_very_many_scores_stand_before_their_recordings_are_looked_at(
    copies: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pages.shared.stored_scores.MANY", 1)
    app = opened()
    assert UNCHECKED in text(app)
    first = app.dataframe[0].value
    (source,) = sources()
    assert not is_open(source), "that is not waited for"
    while check_beside(source, AS_RECORDED):
        time.sleep(0.01)
    app.run()
    assert UNCHECKED not in text(app)
    pd.testing.assert_frame_equal(app.dataframe[0].value, first)


def test_recordings_that_are_gone_leave_the_stored_scores(copies: tuple[Path, Path]) -> None:
    recordings, _ = copies
    shutil.rmtree(recordings)
    app = opened()
    assert "cannot be checked" in text(app)
    assert len(app.dataframe[0].value) == 3
    app = opened(view="Where it fails", rate="50%")
    assert "is not a folder" in text(app)
    assert not app.exception


def test_each_id_has_a_sortable_figure_and_its_interval() -> None:
    app = opened(each_id="true", figure="pAUC")
    table = app.dataframe[0].value
    columns = ["Mean pAUC", "Worst", "id 00", "id 02", "id 04", "id 06"]
    assert all(table[c].between(0, 1).all() for c in columns)
    assert table["Worst"].tolist() == table[columns[2:]].min(axis=1).tolist()
    low, high = (table["95% of 06"].str.extract(pattern)[0].astype(float) for pattern in (r"^(\S+)", r"(\S+)$"))
    assert ((low <= table["id 06"]) & (table["id 06"] <= high)).all()
    assert table["Mean pAUC"].is_monotonic_decreasing


def test_pooled_thresholds_count_what_was_promised() -> None:
    app = opened(view="Thresholds", rate="10%")
    table = thresholds(app)
    # A tenth of 240 normal clips, in steps of 1/61; of 1/31 for the fusion, finer where five fits set thresholds.
    assert table["Expected"].round(1).value_counts().index[0] == round(240 * 6 / 61, 1)
    assert table["Expected"].between(23.2, 24.0).all()
    assert (table["Observed"] / 240).tolist() == pytest.approx(table["False alarms"].tolist())
    assert "4 machine ids together" in text(app)
    strict = opened(view="Thresholds", of_ids="00", rate="0.1%")
    assert (
        "Too few normal clips to decide: 999 are needed for 0.1%, and 30 of machine id 00 set the threshold of Fusion. The highest"
        in text(strict)
    )


def test_more_false_alarms_than_promised_are_marked_with_their_reason() -> None:
    app = opened(view="Thresholds", of_ids="00", detectors=MIXED)
    table = thresholds(app).set_index("Detector")
    assert set(table["Its range"]) == {"1.0% – 11.5%"}
    assert table["Mark"].to_dict() == {
        "PCA + KDE": "",
        "CNN autoencoder": "▲ above",
        "DCASE autoencoder": "▲▲ above",
    }
    said = text(app)
    assert "2 of 3 detectors clearly raise more false alarms on these clips than promised at 5%" in said
    assert "▲▲ (DCASE autoencoder): more than chance allows" in said
    assert "▲ (1): no more than chance allows for thresholds set on so few held-out clips" in said
    assert "more false alarms on these clips" not in text(opened(view="Thresholds", of_ids="04", detectors=MIXED))


def test_without_a_false_alarm_no_precision_is_known() -> None:
    table = thresholds(opened(view="Thresholds", of_ids="02", detectors=[*MIXED, "PCA + LOF"], rate="1%"))
    none = table["False alarms"] == 0
    assert none.any()
    assert table.loc[none, "Precision"].isna().all()
    assert table.loc[~none, "Precision"].notna().all()


def test_the_page_opens_with_what_to_take_away_and_lists_start_at_the_best() -> None:
    app = opened(view="Thresholds", of_ids="00", detectors=[*MIXED, "Control: clip level"])
    first = next(m.value for m in app.markdown if "What to take away" in m.value)
    assert [line[:3] for line in first.splitlines()[1:]] == ["1. "] * 3
    order = opened(of_ids="00", detectors=[*MIXED, "Control: clip level"]).dataframe[0].value["Detector"].tolist()
    assert first.splitlines()[1].startswith(f"1. {order[0]} separates anomalous from normal clips best")
    assert app.dataframe[0].value["Detector"].tolist() == order
    assert app.multiselect(key="histograms").options == order


def test_the_cost_of_fitting_stands_beside_the_auc() -> None:
    table = opened(detectors=["PCA + KDE", "CNN autoencoder"]).dataframe[0].value.set_index("Detector")
    assert 0 < table.loc["PCA + KDE", "Fit, s"] < table.loc["CNN autoencoder", "Fit, s"]


def test_the_cost_of_scoring_is_a_dash_until_it_is_measured(folders: Path, small_models: Path) -> None:
    models = folders / "models" / "small"
    shutil.copytree(small_models, models)
    app = opened()
    assert app.dataframe[0].value["Score, ms"].isna().all()
    assert [b.label for b in app.button].count("Measure scoring times") == 1
    measure_scoring(open_dataset(json.loads((models / "dataset.json").read_text())["location"]), ModelSet(models))
    app = opened()
    measured = scoring_seconds(models)
    assert app.dataframe[0].value["Score, ms"].sort_values().tolist() == [1000 * s for s in sorted(measured.values())]
    assert "Measure scoring times" not in [b.label for b in app.button]


def test_errors_are_weighed_by_what_they_cost() -> None:
    table = thresholds(opened(view="Thresholds", detectors=MIXED))
    misses, false = 1 - table["Detected"], table["False alarms"]
    assert table["Cost of 100"].tolist() == pytest.approx((100 * (10 * misses * 0.01 + false * 0.99)).tolist())
    address = {"prevalence": "20", "miss_cost": "50"}
    dear = thresholds(opened(view="Thresholds", detectors=MIXED, **address))
    misses, false = 1 - dear["Detected"], dear["False alarms"]
    assert dear["Cost of 100"].tolist() == pytest.approx((100 * (50 * misses * 0.2 + false * 0.8)).tolist())


def test_a_moved_threshold_stands_beside_the_calibrated_one_and_is_called_an_oracle(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    moved_to = "pages.compare_page.threshold_choice.threshold_slider"  # a component: there is no browser to move it

    def moved(app: AppTest) -> pd.DataFrame:
        return app.dataframe[2].value.set_index("Threshold")

    app = opened(view="Thresholds", of_ids="00", detectors=["PCA + KDE", "GWRP + Gaussian"])
    assert app.selectbox(key="threshold_by").value == "gwrp_gaussian"
    first = thresholds(app).set_index("Detector").loc["GWRP + Gaussian"]
    yours, calibrated, least = moved(app).to_dict("records")
    assert yours == calibrated
    assert calibrated["At"] == first["Threshold"]
    assert calibrated["False alarms"] == f"{first['Observed']} of 60"
    assert (calibrated["Recall"], calibrated["Cost of 100"]) == (first["Detected"], first["Cost of 100"])
    assert least["Cost of 100"] < calibrated["Cost of 100"]
    assert "promises 4.9% false alarms on average" in text(app)
    assert "Your threshold is an oracle" not in text(app)
    monkeypatch.setattr(moved_to, lambda low, high, start, **_: high)
    app.run()
    assert moved(app).loc["Yours", ["False alarms", "Missed"]].tolist() == ["0 of 60", "60 of 60"]
    assert moved(app).loc["Calibrated"].to_dict() == calibrated
    said = next(w.value for w in app.warning if "oracle" in w.value)
    assert said.startswith(
        "Your threshold is an oracle, chosen on the very clips that it is judged by, so expect worse on new ones."
    )
    monkeypatch.setattr(moved_to, lambda low, high, start, **_: low)
    assert moved(app.run()).loc["Yours", "Missed"] == "0 of 60"


@pytest.mark.parametrize(
    ("moved", "expected"),
    [
        (None, 0.5),
        ({"of": "a", "value": 2}, 2.0),
        ({"of": "b", "value": 2}, 0.5),  # of another detector, or at another rate
        ({"of": "a", "value": 9.0}, 3.0),
        ({"of": "a", "value": float("nan")}, 0.5),
        ({"of": "a", "value": True}, 0.5),
        ({"of": "a", "value": "2"}, 0.5),
        ({"of": "a"}, 0.5),
        ("nonsense", 0.5),
    ],
)
def test_a_browser_moves_a_threshold_within_its_axis_alone(moved: object, expected: float) -> None:
    assert moved_to(moved, "a", -1.0, 3.0, 0.5) == expected


@pytest.mark.parametrize("address", [{"rule": "gamma 0.9 (DCASE)"}, {"rate": "0.1%"}, {"of_attribute": "fault"}])
def test_every_rule_has_a_threshold_to_move(address: dict[str, str]) -> None:
    app = opened(view="Thresholds", of_ids="00", **address)
    options, seen = app.selectbox(key="threshold_by").options, set()
    for index in range(len(options)):
        app.selectbox(key="threshold_by").select_index(index).run()
        assert not app.exception, options[index]
        seen.add(app.selectbox(key="threshold_by").value)
    assert len(seen) == len(options)


def test_a_control_counts_that_was_not_chosen() -> None:
    """What is chosen is shown; what a detector is worth does not hang on it."""
    every, few = opened(), opened(detectors=["PCA + KDE", "GWRP + Gaussian", "Control: clip level"])
    whole, table = (app.dataframe[0].value.set_index("Detector") for app in (every, few))
    assert table.index.tolist() == ["GWRP + Gaussian", "PCA + KDE", "Control: clip level"]
    assert table.loc["PCA + KDE", "Verdict"] == whole.loc["PCA + KDE", "Verdict"] == "▼ not above a control"
    figures = ["AUC", "95% interval", "pAUC"]
    assert table[figures].equals(whole.loc[table.index, figures])
    named = "Verdicts go by the best control, Control: mean log-mel, which"
    assert (named in text(few), named in text(every)) == (True, False)
    assert "1 of 2 detectors stands clearly above the best control (Control: mean log-mel" in text(few)
    (roc,) = few.get("plotly_chart")
    assert "mean log-mel" not in roc.proto.spec
    without = opened(view="Without labels", detectors=["PCA + KDE", "Control: clip level"])
    assert "Verdicts go by the best control, Control: " in text(without)
    assert len(without.dataframe[0].value) == 2


def test_what_did_not_train_as_expected_and_what_cannot_be_told_stand_in_one_place(copies: tuple[Path, Path]) -> None:
    _, models = copies
    few = "10 normal clips were held out, 20 are needed."
    page = opened()
    assert f"Too few to tell whether these detectors have learned: {few}" in text(page)
    assert not any("did not train" in one.label for one in page.expander)
    path = models / "pca_kde" / "manifest.json"
    manifest = json.loads(path.read_text("utf-8"))
    path.write_text(json.dumps(manifest | {"alarms": ["its scores of different clips are nearly the same."]}), "utf-8")
    page = opened()
    (place,) = (one for one in page.expander if "did not train" in one.label)
    heading = "PCA + KDE did not train as expected; whether the other detector has learned cannot be told"
    assert place.label == heading, "a control is no detector that has learned or not"
    (said,) = place.markdown
    assert said.value.startswith("- **PCA + KDE**: its scores of different clips are nearly the same.")
    assert said.value.endswith(f"Too few to tell whether the other detector has learned: {few}")
    assert "these detectors have learned" not in text(page)


def test_of_a_single_machine_an_auc_is_no_mean() -> None:
    for address in ({"view": "Head-to-head"}, {}):
        for ids, mean in (({"of_ids": "00"}, False), ({}, True)):
            app = opened(detectors=MIXED, **address, **ids)
            assert any("mean AUC" in str(m.value) for m in app.markdown) == mean
    figures = opened(view="Head-to-head", detectors=MIXED, of_ids="00").dataframe[0].value
    assert figures["Figure"].tolist() == ["AUC", "pAUC"]


def test_head_to_head_says_who_is_better_and_on_which_clips() -> None:
    app = opened(view="Head-to-head", detectors=MIXED)
    assert (app.selectbox(key="one").value, app.selectbox(key="other").value) == ("dcase_ae", "cnn_ae")
    figures, decisions, clips = (frame.value for frame in app.dataframe[:3])
    assert figures["Difference"].tolist() == pytest.approx((figures.iloc[:, 1] - figures.iloc[:, 2]).tolist())
    alone = decisions["Clips"].iloc[1:3].sum()
    assert (decisions["Clips"].sum(), len(clips)) == (480, alone)
    assert f"they decide differently on {alone} clips" in text(app)
    assert "McNemar" in text(app)
    assert "needs two detectors" in text(opened(view="Head-to-head", detectors="PCA + KDE"))


def test_pooled_thresholds_are_for_ids_that_behave_alike() -> None:
    own, pooled = (
        opened(view="Thresholds", of_ids="00", detectors=MIXED, rule=rule).dataframe[0].value.set_index("Detector")
        for rule in ("conformal", "pooled over ids")
    )
    changed = own["Threshold"] != pooled["Threshold"]
    assert changed.to_dict() == {"PCA + KDE": True, "CNN autoencoder": False, "DCASE autoencoder": True}
    app = opened(view="Thresholds", of_ids="00", detectors=MIXED, rule="pooled over ids")
    assert "CNN autoencoder: its held-out scores spread differently from one machine id to another" in text(app)
    # One clip in a hundred: too few of each id, enough of all together.
    strict = opened(view="Thresholds", of_ids="00", detectors="PCA + KDE", rate="1%", rule="pooled over ids")
    assert "Too few normal clips" not in text(strict)
    none = opened(view="Thresholds", detectors="CNN autoencoder", rule="pooled over ids")
    assert none.segmented_control(key="rule").options == ["conformal", "gamma 0.9 (DCASE)"]
    assert "pooled over machine ids are not offered. CNN autoencoder" in text(none)


def test_clips_without_a_condition_are_said_to_be_left_out(copies: tuple[Path, Path]) -> None:
    recordings, models = copies
    shutil.rmtree(recordings)  # else the catalogue says what its clips are
    scores = pd.read_parquet(models / SCORES)
    load = np.where(scores["clip_id"].str.contains("_id_00_0000000[0-2]"), "", "full")
    load[scores["machine_id"] == "02"] = "half"
    scores.assign(condition=load).to_parquet(models / SCORES)
    assert "6 clips without condition are left out." in text(opened(view="Where it fails", by="condition"))
    scores.assign(condition=np.where(load == "", "idle", load)).to_parquet(models / SCORES)
    assert "left out" not in text(opened(view="Where it fails", by="condition"))


def test_worst_clips_can_be_heard_and_definitions_are_there() -> None:
    app = opened(view="Where it fails")
    assert len(app.get("audio")) == 6
    assert "McClish" in text(app)
    assert "94 to 97%" in text(app)


def test_a_card_says_in_two_lines_what_a_detector_does() -> None:
    app = helpers.opened("compare", detectors=FEW)
    cards = next(e for e in app.expander if e.label == "What each detector does")
    assert len(cards.markdown) == len(cards.caption) == len(FEW)
    lines = [card.value.split("\n") for card in cards.caption]
    assert all(len(two) == 2 and two[1].startswith("Catches ") for two in lines)


def test_agreement_gives_every_name_its_room() -> None:
    frame = opened(view="Agreement").dataframe[0]
    columns = json.loads(frame.proto.columns)
    for name in ("Clip", "Highest", "Lowest"):
        assert columns[name]["width"] > 6 * frame.value[name].str.len().max(), name


def test_whether_the_fusion_beats_its_best_member_is_said_where_both_are_compared() -> None:
    said = text(opened(detectors=["Fusion", "GWRP + Gaussian", "kNN per sub-band"]))
    assert "Fusion is not clearly better than its best member, kNN per sub-band (of the 1 of its 4 members" in said
    assert "its best member" not in text(opened(detectors=FEW))


def test_head_to_head_claims_no_more_than_it_shows(folders: Path, small_models: Path) -> None:
    """As often right, and at a threshold that too few clips set."""
    models = Path(shutil.copytree(small_models, folders / "models" / "small"))
    asked = {"view": "Head-to-head", "one": "PCA + KDE", "other": "CNN autoencoder", "rate": "5%"}
    scores = pd.read_parquet(models / SCORES)
    (normal, other), rows = scores[scores["label"] == "normal"]["clip_id"].unique()[:2], scores["label"] == "normal"
    raw = np.where(rows, -1e9, 1e9)
    raw[(scores["detector"] == "pca_kde") & (scores["clip_id"] == normal)] = 1e9
    raw[(scores["detector"] == "cnn_ae") & (scores["clip_id"] == other)] = 1e9
    scores.assign(raw=raw).to_parquet(models / SCORES)
    said = text(opened(**asked))
    assert (
        "cannot be told apart; at their thresholds they decide differently on 2 clips, and each is right on half"
        in said
    )
    assert "5 of machine id 00 set the threshold of CNN autoencoder" in said
