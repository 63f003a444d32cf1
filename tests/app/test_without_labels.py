"""The Compare page where no anomaly is labelled, and what it says to use."""

import json
import shutil
from functools import partial
from pathlib import Path

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from asd_core.artifacts import ModelSet
from asd_core.datasets import open_dataset
from asd_core.scoring import compute_scores
from asd_core.training import EVIDENCE
from pages.compare_page.takeaways import why_no_figure
from tests.app import helpers
from tests.app.helpers import FEW, text

opened = partial(helpers.opened, "compare")


@pytest.fixture
def unlabelled(folders: Path, small_folder: Path, small_models: Path) -> Path:
    """Detectors of a dataset whose test clips are all normal, as the only one of the app."""
    recordings, models = folders / "recordings" / "slider", folders / "models" / "copies"
    shutil.copytree(small_folder, recordings)
    for path in (recordings / "test").glob("anomaly_*"):
        path.unlink()
    shutil.copytree(small_models, models)
    (models / "dataset.json").write_text(json.dumps({"location": str(recordings), "title": "copies"}))
    compute_scores(open_dataset(recordings), ModelSet(models))
    return models


def card(app: AppTest) -> str:
    return next(m.value for m in app.markdown if m.value.startswith("**Which one to use"))


def test_without_an_anomaly_the_page_opens_with_a_ranking_by_synthetic_ones(unlabelled: Path) -> None:
    app = opened()
    assert app.segmented_control(key="view").value == "Without labels"
    table = app.dataframe[0].value
    assert set(table["Detector"]) == {"PCA + KDE", "CNN autoencoder", "Control: clip level"}
    assert table["Synthetic AUC"].is_monotonic_decreasing
    assert table.set_index("Detector")["Untrained"].notna().to_dict()["CNN autoencoder"]
    assert len(app.get("plotly_chart")) == 1
    said = text(app)
    assert "real ones may differ" in said
    assert "10 normal clips that were held out in training, and synthetic anomalies made of 4 of them" in said
    assert "Only normal clips are in scope" in said
    assert "On the 4 machine ids of demo" not in said, "nothing is stored of it here"
    assert "What to take away" not in said, "it could only say that nothing is computable"
    named = card(app).split(".")[0].removeprefix("**Which one to use: ")
    assert named in (*table["Detector"], "none yet")
    assert "synthetic" in card(app)
    for view in ("Ranking", "Thresholds", "Head-to-head", "Agreement", "Where it fails"):
        assert card(opened(view=view)) == card(app)


def test_the_recommendation_says_how_often_it_was_right() -> None:
    """Training clips are all normal: the choice is by synthetic anomalies, and the demo's study says what such a choice is worth."""
    said = card(opened(of_split="train"))
    assert "tells synthetic ones from held-out normal clips" in said
    assert (
        "On the 4 machine ids of demo, whose labels are known, the detector chosen so is the best or tied with it on"
        in said
    )
    assert "On the 4 machine ids" not in card(opened())


def test_evidence_that_was_not_measured_is_offered(unlabelled: Path) -> None:
    (unlabelled / EVIDENCE).unlink()
    app = opened()
    assert "Not measured yet for 3 detectors" in text(app)
    assert "Measure with synthetic anomalies" in [button.label for button in app.button]
    assert card(app).startswith("**Which one to use: none yet.** There is neither a labelled anomaly nor a measurement")


def test_with_labels_the_card_agrees_with_the_table_and_the_view_is_there() -> None:
    app = opened(detectors=FEW)
    table = app.dataframe[0].value.set_index("Detector")
    assert app.segmented_control(key="view").value == "Ranking"
    named = card(app).split(".** ")[0].removeprefix("**Which one to use: ")
    assert "★" in table.loc[named, "Verdict"]
    figure = f"{table.loc[named, 'AUC']:.3f}"
    assert (figure in card(app), figure in text(app)) == (False, True), "once, in the takeaways"
    without = opened(detectors=FEW, view="Without labels")
    assert set(without.dataframe[0].value["Detector"]) == set(FEW)
    assert card(without) == card(app), "labels decide where there are any"
    assert card(opened(detectors="Control: clip level")).startswith(
        "**Which one to use: none yet.** Only controls are chosen"
    )


def test_a_level_meter_that_would_do_is_said(folders: Path, small_folder: Path, small_models: Path) -> None:
    """Scores of the level control in which every anomaly is above every normal clip."""
    models = folders / "models" / "loud"
    shutil.copytree(small_models, models)
    scores = pd.read_parquet(models / "scores.parquet")
    loud = (scores["detector"] == "control_rms") & (scores["label"] == "anomaly")
    scores.assign(raw=scores["raw"] + 1000.0 * loud).to_parquet(models / "scores.parquet")
    app = opened()
    assert "a level meter would do" in text(app)


@pytest.mark.parametrize(
    ("labels", "reason"),
    [
        ("nu", "No anomaly in scope is labelled."),
        ("au", "No normal clip in scope is labelled."),
        ("na", "No machine id in scope has labelled clips of both classes."),
    ],
)
def test_why_there_is_no_figure_by_labels_is_said_as_it_is(labels: str, reason: str) -> None:
    names = {"n": "normal", "a": "anomaly", "u": "unlabelled"}
    assert why_no_figure(pd.DataFrame({"label": [names[label] for label in labels]})) == reason
