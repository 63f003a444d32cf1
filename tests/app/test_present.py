"""The presentation in process: five steps, on any dataset, and what is said where one cannot be told."""

import json
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from asd_core.artifacts import pin_detector
from asd_core.datasets import demo_dataset, open_dataset
from asd_core.scoring import SCORES
from asd_core.training import train
from pages.clip_page.picker import clearest_first
from tests.app.helpers import app_at, opened, text, wav
from tests.conftest import ROOT, built_once, simulate_small

STEPS = [str(number) for number in range(1, 6)]
ANOMALY, NORMAL = "test/anomaly_id_02_00000059.wav", "test/normal_id_04_00000007.wav"


def head(app: AppTest) -> str:
    """The head line of the step."""
    return str(app.title[0].value) if app.title else ""


def components(app: AppTest, name: str) -> list[dict[str, object]]:
    return [json.loads(e.proto.json) for e in app.get("bidi_component") if e.proto.component_name == name]


def told(**address: str) -> dict[str, AppTest]:
    """All five steps."""
    apps = {step: opened("present", step=step, **address) for step in STEPS}
    for step, app in apps.items():
        assert head(app) or app.error, step
        assert f"**{step} of 5**" in text(app)
    return apps


def test_the_demo_is_told_in_five_steps() -> None:
    apps = told(clip=ANOMALY)
    assert not any(app.error for app in apps.values())
    assert head(apps["1"]) == "This is slider 02 as it should sound."
    assert "One of 300 normal recordings, about 50 minutes at 16 kHz" in text(apps["1"])
    assert head(apps["2"]).startswith("This clip stands out: ")
    (player,) = components(apps["2"], "asd_player")
    assert player["size"] == "large"
    assert player["heat"]
    assert "**Anomaly**" in head(apps["3"])
    (table,) = components(apps["3"], "asd_scores")
    assert [group["name"] for group in table["groups"]] == ["Trusted"]  # type: ignore[attr-defined]
    assert head(apps["4"]) == "Which one to use: kNN per sub-band."
    assert "95% interval" in text(apps["4"])
    assert "240 normal and 240 anomalous clips of 4 machine ids" in text(apps["4"])
    assert head(apps["5"]).startswith("The threshold is set for about 49 false alarms in 1,000 normal clips; ")
    assert "of 60 anomalies are found, " in head(apps["5"])
    assert "10 to 115 false alarms in 1,000" in text(apps["5"])


def test_a_control_counts_that_was_not_chosen() -> None:
    """PCA + KDE beats the clip's level and not the mean log-mel spectrum: no step says another thing than the next."""
    few = ["PCA + KDE", "Control: clip level"]
    apps = {step: opened("present", step=step, clip=ANOMALY, detectors=few) for step in "345"}
    (table,) = components(apps["3"], "asd_scores")
    assert [group["name"] for group in table["groups"]] == ["Weak"]  # type: ignore[attr-defined]
    assert head(apps["4"]) == "Which one to use: none yet."
    assert "No detector stands clearly above the best control, Control: mean log-mel, not shown here." in text(
        apps["4"]
    )
    assert "No detector is recommended yet: this is PCA + KDE." in text(apps["5"])


def test_the_cost_of_alarms_is_the_recommended_detector_s_or_the_one_s_in_use(
    settings: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    shutil.copytree(ROOT / "data" / "demo", tmp_path / "data" / "demo")
    settings.setenv("ASD_DATA_DIR", str(tmp_path / "data"))
    used = head(opened("present", step="4")).removeprefix("Which one to use: ").rstrip(".")
    assert f"{used}, set to 5% false alarms" in text(opened("present", step="5"))
    pin_detector(ROOT / "trained_models" / "demo", "pca_kde")
    assert "PCA + KDE is in use all the same: a person pinned it." in text(opened("present", step="4"))
    said = text(opened("present", step="5"))
    assert "PCA + KDE is in use: a person pinned it." in said
    assert "PCA + KDE, set to 5% false alarms" in said


def test_a_normal_clip_is_called_that() -> None:
    assert head(opened("present", step="2", clip=NORMAL)) == "Nothing in this clip stands out."
    assert "**Normal**" in head(opened("present", step="3", clip=NORMAL))


def test_buttons_go_on_and_back_and_the_address_follows() -> None:
    app = opened("present", clip=ANOMALY)
    for step in "2345":
        app.button(key="step_on").click().run()
        assert app.query_params["step"] == step
        assert f"**{step} of 5**" in text(app)
    assert app.button(key="step_on").disabled
    app.button(key="step_back").click().run()
    assert "**4 of 5**" in text(app)
    assert app.query_params["clip"] == ANOMALY


@pytest.mark.parametrize("asked", ["0", "6", "-2", "two", "²", "", "9" * 5000])
def test_nonsense_in_the_address_opens_the_first_step(asked: str) -> None:
    assert "**1 of 5**" in text(opened("present", step=asked, map="none_such"))


def test_nothing_is_set_here_and_the_sidebar_is_empty() -> None:
    app = opened("present", machine="04", rate="10%")
    assert len(app.sidebar) == 0
    assert head(app) == "This is slider 04 as it should sound."
    assert "The threshold is set for about 99 false alarms in 1,000 normal clips" in head(
        opened("present", step="5", machine="04", rate="10%")
    )


def test_without_a_clip_in_the_address_it_is_the_one_the_clip_page_opens() -> None:
    clip = opened("clip").selectbox(key="clip").value
    assert clip.rsplit("/", 1)[-1] in text(opened("present", step="2"))


def test_the_clip_that_was_open_is_presented_with_its_machine() -> None:
    app = app_at(clip=ANOMALY, machine="02").run()
    assert app.button(key="present").label == "Present"
    app.switch_page("present.py").run()
    assert head(app) == "This is slider 02 as it should sound."
    app.button(key="step_on").click().run()
    assert ANOMALY.rsplit("/", 1)[-1] in text(app)


def test_a_clip_that_is_not_there_is_said_and_the_rest_is_told() -> None:
    apps = told(clip="test/gone.wav")
    for step in "23":
        assert "The clip test/gone.wav is not in Simulated slide rail (demo)" in apps[step].error[0].value
        assert not apps[step].button(key="step_on").disabled
    assert not any(apps[step].error for step in "145")


def test_an_upload_of_another_machine_is_called_that_and_belongs_to_its_session() -> None:
    app = app_at(**{"from": "Upload"}).run()
    app.file_uploader(key="files").upload("hiss.wav", wav(np.random.default_rng(0).normal(0, 0.05, 48000)))
    app.run()
    app.switch_page("present.py").run()
    app.button(key="step_on").click().run()
    assert head(app) == "Not like any recording of this machine."
    assert "What differs: " in text(app)
    assert "hiss.wav" in text(app)
    app.button(key="step_on").click().run()
    assert "**Not this machine**" in head(app)
    (problem,) = opened("present", step="2", uploaded="f" * 64).error
    assert problem.value == "This recording was uploaded to another session: drop it on the Clip page again."


def simulate_normals(root: Path) -> None:
    """One machine id without an anomaly: 14 training normals and 2 to test."""
    simulate_small(root)
    for path in (root / "slider").rglob("*.wav"):
        number, training = int(path.stem[-8:]), path.parent.name == "train"
        if "_id_02_" in path.name or path.name.startswith("anomaly") or number >= (14 if training else 2):
            path.unlink()


@pytest.fixture(scope="module")
def normals(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    recordings = built_once(tmp_path_factory, "normals", simulate_normals) / "slider"
    keys = ["pca_kde", "pca_lof", "control_rms"]
    models = built_once(
        tmp_path_factory, "normals_models", lambda out: train(open_dataset(recordings), out, detectors=keys)
    )
    return recordings, models


@pytest.fixture
def only_normals(folders: Path, normals: tuple[Path, Path]) -> Path:
    """The app with these alone; their detectors, which a test may change."""
    recordings, models = normals
    copy = shutil.copytree(models, folders / "models" / "normals")
    (copy / "dataset.json").write_text(json.dumps({"location": str(recordings), "title": "normals"}))
    return Path(copy)


def test_without_anomalies_and_with_few_held_out_clips_what_cannot_be_said_is_said(only_normals: Path) -> None:
    apps = told()
    assert not any(app.error for app in apps.values())
    assert "One of 14 normal recordings, about a minute at 16 kHz" in text(apps["1"])
    assert head(apps["3"]).startswith("Too few normal clips to decide: 19 are needed for 5%; ")
    (table,) = components(apps["3"], "asd_scores")
    assert [group["name"] for group in table["groups"]] == ["Not measured"]  # type: ignore[attr-defined]
    assert head(apps["4"]) == said_on_compare()
    assert "By synthetic anomalies no detector stands clearly above the best control" in text(apps["4"])
    assert not apps["4"].get("plotly_chart")
    assert head(apps["5"]).startswith(
        "Too few normal clips to decide: 19 are needed for 5%, and 14 of machine id 00 set the threshold of "
    )


def test_the_example_is_called_an_anomaly_and_of_this_machine_and_says_so(folders: Path) -> None:
    shutil.copytree(ROOT / "data" / "demo", folders / "data" / "demo")
    models = shutil.copytree(ROOT / "trained_models" / "demo", folders / "models" / "demo")
    ids = [
        str(i) for i in clearest_first(demo_dataset().rows(machine_id="00", split="test", label="anomaly"))["clip_id"]
    ]
    why = "Example: this machine's most severe fault in the least noise that the detectors call an anomaly. How often they do: step 4."
    said = text(opened("present", step="2"))
    assert why in said
    assert Path(ids[0]).name in said
    scores = pd.read_parquet(models / SCORES)
    scores.loc[scores["clip_id"] == ids[0], "applicable"] = False
    scores.loc[scores["clip_id"] == ids[1], "raw"] = -1e3
    scores.to_parquet(models / SCORES)
    said = text(opened("present", step="2"))
    assert why in said
    assert Path(ids[2]).name in said
    chosen = text(opened("present", step="2", clip=ids[1]))
    assert Path(ids[1]).name in chosen
    assert "Example" not in chosen, "somebody chose it"
    page = app_at().run()  # whose clip nobody chose
    page.switch_page("present.py").run()
    page.button(key="step_on").click().run()
    assert Path(ids[2]).name in text(page)


def simulate_unlike(root: Path) -> None:
    """The first anomaly of machine id 00 is noise of another recorder, the second one is a normal recording."""
    simulate_small(root)
    test = root / "slider" / "test"
    first, second = sorted(test.glob("anomaly_id_00_*"))[:2]
    first.write_bytes(wav(np.random.default_rng(0).normal(0, 0.05, 40000)))
    second.write_bytes(min(test.glob("normal_id_00_*")).read_bytes())


def test_where_no_anomaly_is_called_one_the_example_is_of_this_machine_all_the_same(
    folders: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    recordings = built_once(tmp_path_factory, "unlike", simulate_unlike) / "slider"
    models = folders / "models" / "unlike"
    train(open_dataset(recordings), models, detectors=["pca_kde", "gwrp_gaussian", "control_rms", "control_random"])
    first, second = sorted(path.name for path in (recordings / "test").glob("anomaly_id_00_*"))[:2]
    said = text(opened("present", step="2"))
    assert second in said
    assert "Example: this machine's first labelled anomaly; the detectors call none of these an anomaly." in said
    assert "**Not this machine**" in head(opened("present", step="3", clip=f"test/{first}"))
    scores = pd.read_parquet(models / SCORES)
    scores.assign(applicable=False).to_parquet(models / SCORES)
    said = text(opened("present", step="2"))
    assert "Example: the first labelled anomaly; no labelled anomaly is like this machine's recordings." in said
    assert first in said


def said_on_compare() -> str:
    """The first sentence of the Compare page."""
    return next(str(m.value) for m in opened("compare").markdown if "Which one to use" in m.value).split("**")[1]


def test_where_none_is_to_be_relied_on_no_head_line_says_that_one_is_good(folders: Path, small_models: Path) -> None:
    models = shutil.copytree(small_models, folders / "models" / "small")
    scores = pd.read_parquet(models / SCORES)
    rng = np.random.default_rng(0)
    scores.assign(raw=rng.normal(size=len(scores))).to_parquet(models / SCORES)
    app, compare = opened("present", step="4"), opened("compare")
    assert head(app) == said_on_compare() == "Which one to use: none yet."
    assert "No detector stands clearly above the best control, " in text(app)
    assert "No detector is to be relied on yet." in text(compare)
    assert not any("separates" in text(page) for page in (app, compare))


def test_recordings_that_are_gone_are_named_and_the_figures_are_told(only_normals: Path) -> None:
    (only_normals / "dataset.json").write_text(json.dumps({"location": str(only_normals / "gone"), "title": "gone"}))
    apps = told()
    for step in "123":
        assert "is not a folder" in apps[step].error[0].value
        assert apps[step].button(key="step_leave")
    assert not any(apps[step].error for step in "45")


def test_a_machine_that_no_detector_knows(folders: Path, factory: Path, factory_models: Path) -> None:
    models = shutil.copytree(factory_models, folders / "models" / "factory")
    (models / "dataset.json").write_text(json.dumps({"location": str(factory), "title": "factory"}))
    apps = told(machine="slider/02", detectors="PCA + KDE")
    assert head(apps["1"]) == "This is machine slider 02 as it should sound."
    assert head(apps["2"]) == "This is the clip."
    assert head(apps["3"]) == "No detector here knows machine slider 02."
    assert head(apps["5"]) == "No detector here knows machine slider 02: nothing can be said of its alarms."
    assert not any(app.error for app in apps.values())
    controls = told(machine="slider/02")
    assert not any(app.error for app in controls.values())
    assert head(controls["3"]).startswith("Too few normal clips to decide")
    assert head(controls["5"]) == "Only controls know machine slider 02: nothing can be said of its alarms."


def test_nothing_trained_says_what_to_do_and_leaves_the_navigation(folders: Path) -> None:
    (folders / "models").mkdir()
    app = opened("present", step="3")
    assert head(app) == "No trained detectors yet"
