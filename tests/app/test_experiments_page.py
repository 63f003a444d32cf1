"""The Experiments page in process: stored results without computing, sweeps and their limits."""

import json
import shutil
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from asd_core import experiments, jobs
from asd_core.detectors import detector_keys
from asd_core.experiments import ABOUT, Stored, read_few_labels, read_study
from asd_core.experiments import runner as run
from asd_core.experiments.few_labels import FEW_LABELS
from asd_core.experiments.store import read_experiment, user_folder, write_experiment
from asd_core.settings import get_settings
from asd_core.training import GRADED
from tests.app import helpers
from tests.conftest import ROOT

opened = partial(helpers.opened, "experiments")


@pytest.mark.parametrize("name", list(ABOUT))
def test_the_demo_shows_stored_results_without_computing(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run, "run", lambda *_, **__: pytest.fail("computed"))
    app = opened(experiment=ABOUT[name].title)
    assert not app.error
    assert app.subheader[0].value == ABOUT[name].question
    assert not app.info, "it has not been run"
    table = app.dataframe[0].value
    assert len(table) > 3
    said = {word.strip(",") for text in table.select_dtypes("str").to_numpy().ravel() for word in text.split()}
    assert not said & set(detector_keys()), "detectors stand by their names"
    assert any("python -m asd_core experiment " + name in code.value for code in app.code)


def test_detectors_stand_by_their_names_the_best_first() -> None:
    table = opened(experiment=ABOUT["denoising"].title).dataframe[0].value
    assert table.columns[:4].tolist() == ["Detector", "Point", "AUC", "95% interval"]
    assert table["Detector"].unique().tolist()[0] == "kNN per sub-band"
    assert table["Point"].unique().tolist()[:2] == ["undenoised", "0.25 in training and test"]


def test_detectors_with_figures_over_fewer_machines_are_named(settings: pytest.MonkeyPatch, tmp_path: Path) -> None:
    settings.setenv("ASD_DATA_DIR", str(tmp_path))
    demo = ROOT / "trained_models" / "demo"
    stored, fewer = read_experiment(demo / "experiments" / "components"), "Over fewer machine ids than the others: "
    unknown = (stored.scores["point"] == stored.header.points[0].name) & (stored.scores["machine_id"] != "00")
    name = {"experiment": ABOUT["components"].title}
    assert fewer not in helpers.text(opened(**name))
    write_experiment(replace(stored, scores=stored.scores[~unknown]), user_folder(demo) / "components")
    assert helpers.text(opened(**name)).count(f"{fewer}PCA + KDE (1 of 4).") == 1


def test_a_point_that_is_stored_while_the_page_is_drawn_is_shown_the_next_time(
    settings: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    settings.setenv("ASD_DATA_DIR", str(tmp_path))
    demo = ROOT / "trained_models" / "demo"
    whole, folder = read_experiment(demo / "experiments" / "components"), user_folder(demo) / "components"
    fewer = whole.header.model_copy(update={"points": whole.header.points[:4]})
    write_experiment(replace(whole, header=fewer), folder)

    def read_early(path: Path) -> Stored:
        stored = read_experiment(path)
        write_experiment(whole, path)
        return stored

    with settings.context() as patched:
        patched.setattr(experiments, "read_experiment", read_early)
        assert len(opened(experiment=ABOUT["components"].title).dataframe[0].value) == 4
    assert len(opened(experiment=ABOUT["components"].title).dataframe[0].value) == len(whole.header.points)


def test_denoising_the_wrong_way_carries_a_warning() -> None:
    assert any("wrong way" in w.value for w in opened(experiment=ABOUT["denoising"].title).warning)
    assert not opened(experiment=ABOUT["components"].title).warning


def test_a_sweep_is_proposed_within_the_parameters_limits_and_refused_outside() -> None:
    app = opened(experiment="New sweep …", sweep_detector="PCA + KDE", sweep_parameter="n_components")
    assert not app.error
    assert app.button(key="start_experiment-demo-sweep-pca_kde-n_components-quick").label == "Train 5 times"
    app.text_input(key="sweep_values_pca_kde_n_components").set_value("4, 9999").run()
    assert "9999 is outside" in app.error[0].value
    app.text_input(key="sweep_values_pca_kde_n_components").set_value("4, five").run()
    assert "five" in app.error[0].value


@pytest.mark.parametrize(
    ("job", "state", "opens"),
    [
        ("experiment-demo-components", "finished", True),
        ("experiment-demo-components", "running", False),
        ("experiment-demo-components", "failed", False),
        ("experiment-other-components", "finished", False),  # of a dataset that is not looked at
        ("experiment-demo-nothing", "finished", False),
    ],
)
def test_what_this_person_started_is_opened_when_it_ends(
    job: str, state: jobs.JobState, opens: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = jobs.Job(job, "Experiment components", state, 1.0, "", "no memory", 0.0)
    monkeypatch.setattr(jobs, "find", lambda name: found if name == job else None)
    app = opened(experiment=ABOUT["mels"].title, started=job)
    assert not app.error
    shown = "components" if opens else "mels"
    assert app.subheader[0].value == ABOUT[shown].question
    assert [t.value for t in app.toast] == (["Experiment components has ended: here is its result."] if opens else [])
    kept = app.query_params.get("started", "")
    assert kept == (job if state == "running" or "other" in job else "")


def test_an_address_that_names_no_job_is_no_error() -> None:
    app = opened(started=["../../etc", "experiment-demo-never"])
    assert not app.error
    assert not app.toast
    assert app.subheader[0].value == ABOUT["denoising"].question


def test_a_few_labels_stand_beside_the_detector_with_their_cost() -> None:
    app = opened(experiment="A few labels")
    assert not app.error
    table = app.dataframe[0].value
    assert table["Labels"].tolist() == ["none: kNN per sub-band", "5 anomalies", "10 anomalies", "20 anomalies"]
    assert table["AUC"].between(0.5, 1.0).all()
    assert any("Uses labels of k anomalies" in w.value for w in app.warning)
    assert "which uses no label, has a mean AUC of" in helpers.text(app)
    assert len(app.get("plotly_chart")) == 1
    assert app.button(key="start_supervise-demo").label == "Measure again"
    assert not any("have changed since" in w.value for w in app.warning)


def test_a_few_labels_measured_on_other_recordings_are_marked(folders: Path) -> None:
    demo, stored = folders / "models" / "demo", read_few_labels(ROOT / "trained_models" / "demo")
    assert stored is not None
    demo.mkdir(parents=True)
    for path in (ROOT / "trained_models" / "demo").iterdir():
        (demo / path.name).symlink_to(path)
    (demo / FEW_LABELS).unlink()
    stored.assign(fingerprint="other").to_parquet(demo / FEW_LABELS)
    app = opened(experiment="A few labels")
    assert any("have changed since" in w.value for w in app.warning)
    assert len(app.dataframe) == 1


def test_what_a_few_labels_lack_is_said(folders: Path, small_folder: Path, small_models: Path) -> None:
    models = folders / "models" / "copies"
    shutil.copytree(small_models, models)
    (models / "dataset.json").write_text(json.dumps({"location": str(small_folder), "title": "copies"}))
    app = opened(experiment="A few labels")
    assert not app.error
    assert "what kind of fault" in helpers.text(app)
    assert app.button(key="start_supervise-copies").label == "Measure"
    other = opened(experiment="Evidence without labels")
    assert "Not measured on copies" in helpers.text(other)
    assert other.button(key="start_study-copies").label == "Measure"


def test_the_study_of_evidence_is_shown_with_what_it_says() -> None:
    app = opened(experiment="Evidence without labels")
    assert not app.error
    table = app.dataframe[0].value
    assert table["Evidence"].iloc[0] == "all kinds and strengths"
    assert set(GRADED) <= set(table["Evidence"])
    study = read_study(get_settings().models_dir / "demo")
    assert study is not None
    assert study.conclusions()[-1] in helpers.text(app)
