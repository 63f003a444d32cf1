"""The real app in process: widgets, texts and errors (charts and players need the browser tests)."""

import itertools
import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from asd_core.artifacts import ModelSet
from asd_core.datasets import demo_dataset
from asd_core.evaluation import bootstrap
from asd_core.scoring import read_scores, score_clip
from asd_core.settings import get_settings
from asd_core.sound import FORMATS, Clip
from pages.clip_page.signal_scores import signal_scores
from pages.shared.choice import Choice, title
from pages.shared.signals import signal_of
from pages.shared.sources import sources
from pages.shared.trained_models import scoring_rate
from tests.app.helpers import FEW, app_at, text, wav
from tests.conftest import ROOT


@pytest.fixture
def app() -> AppTest:
    """The app with a few detectors: what it does with all of them is seen once a page, by ``every``."""
    return app_at(detectors=FEW)


@pytest.fixture
def every() -> AppTest:
    """The app with all detectors."""
    return app_at()


def table(app: AppTest) -> pd.DataFrame:
    """The score table as it is sent to the browser."""
    (sent,) = (e.proto.json for e in app.get("bidi_component") if e.proto.component_name == "asd_scores")
    groups = json.loads(sent)["groups"]
    return pd.DataFrame(
        {
            "Detector": row["detector"],
            "Group": group["name"],
            "Threshold": row["threshold"],
            "Raw": row["recorded"]["raw"],
            "Denoised raw": row["denoised"] and row["denoised"]["raw"],
        }
        for group in groups
        for row in group["rows"]
    )


def test_first_page_shows_every_detector(every: AppTest) -> None:
    every.run()
    assert not every.exception
    assert not every.error
    assert every.title[0].value == "Is this recording normal?"
    assert len(table(every)) == len(ModelSet(ROOT / "trained_models" / "demo"))


def test_scores_are_those_of_the_library(every: AppTest) -> None:
    every.query_params["strength"] = "0.6"
    every.run()
    clip_id = every.selectbox(key="clip").value
    models = ModelSet(ROOT / "trained_models" / "demo")
    clip = demo_dataset().read(clip_id)
    shown = table(every)
    for column, strength in (("Raw", 0.0), ("Denoised raw", 0.6)):
        expected = {title(s.detector): s.raw for s in score_clip(clip, models, "00", denoise=strength)}
        assert np.allclose(shown[column], [expected[name] for name in shown["Detector"]], rtol=1e-4), column


def test_strength_changes_denoised_scores_only(app: AppTest) -> None:
    """The strength is turned in the player, which needs a browser; a link carries it."""
    app.run()
    before = table(app)
    seen = [before["Raw"].to_numpy()]
    for strength in ("0.2", "0.6"):
        after = table(app_at(detectors=FEW, strength=strength).run())
        assert np.array_equal(before["Raw"], after["Raw"])
        seen.append(after["Denoised raw"].to_numpy())
    assert not any(np.allclose(a, b) for a, b in itertools.combinations(seen, 2))


def test_denoised_verdicts_appear_with_their_caution_once_denoising_is_on(app: AppTest) -> None:
    app.run()
    assert table(app)["Denoised raw"].isna().all()
    assert "learned undenoised sound" not in text(app)
    loud = app_at(detectors=FEW, strength="0.3").run()
    assert table(loud)["Denoised raw"].notna().all()
    (caution,) = (c.value for c in loud.caption if "learned undenoised sound" in c.value)
    assert caution.startswith("Denoised at 0.30")


def test_the_table_is_grouped_and_in_the_order_of_measured_auc(every: AppTest) -> None:
    every.run()
    shown, source = table(every), sources()[0]
    known = read_scores(source.folder, None)
    auc = {title(key): value for key, value in zip(*auc_of(known), strict=True)}
    assert shown["Group"].drop_duplicates().tolist() == ["Trusted", "Weak", "Controls"]
    for _, rows in shown.groupby("Group"):
        figures = [auc[name] for name in rows["Detector"]]
        assert figures == sorted(figures, reverse=True)
    best_control = max(auc[name] for name in shown.loc[shown["Group"] == "Controls", "Detector"])
    assert min(auc[name] for name in shown.loc[shown["Group"] == "Trusted", "Detector"]) > best_control


def auc_of(scores: pd.DataFrame) -> tuple[tuple[str, ...], list[float]]:
    draws = bootstrap(scores, resamples=2)
    return draws.detectors, draws.point().tolist()


@pytest.mark.parametrize(("label", "head"), [("anomaly", "**Anomaly**"), ("normal", "**Normal**")])
def test_the_card_answers_and_says_who_agrees(every: AppTest, label: str, head: str) -> None:
    every.query_params["label"] = label
    every.run()
    (answer,) = (m.value for m in every.markdown if head in m.value)
    assert "trusted ones call it" in answer
    assert ("beyond" in answer) is (label == "anomaly")
    (by_whom,) = (m.value for m in every.markdown if "the most accurate on this dataset" in m.value)
    assert ("Most unusual: " in by_whom) is (label == "anomaly")


def test_the_card_warns_of_a_recording_of_another_machine(app: AppTest) -> None:
    app.query_params["from"] = "Upload"
    app.run()
    noise = np.random.default_rng(0).normal(0, 0.05, 48000)
    app.file_uploader(key="files").upload("hiss.wav", wav(noise))
    app.run()
    (answer,) = (m.value for m in app.markdown if "Not like any recording of this machine" in m.value)
    assert "What differs: " in answer
    assert not any("trusted detector" in c.value for c in app.caption)


def test_filters_and_steps_change_the_clip(app: AppTest) -> None:
    app.run()
    app.selectbox(key="label").set_value("normal").run()
    assert "normal" in app.selectbox(key="clip").value
    first = app.selectbox(key="clip").value
    app.button(key="next_clip").click().run()
    assert app.selectbox(key="clip").value != first
    app.button(key="previous_clip").click().run()
    assert app.selectbox(key="clip").value == first


def test_a_filter_without_clips_says_so(app: AppTest) -> None:
    app.run()
    app.selectbox(key="label").set_value("normal").run()
    app.selectbox(key="fault").set_value("rail_damage").run()
    assert any("widen the filters" in i.value for i in app.info)
    assert not app.exception


def test_detector_choice_and_rate(app: AppTest) -> None:
    app.run()
    app.multiselect(key="detectors").set_value(["pca_kde"]).run()
    assert table(app)["Detector"].tolist() == ["PCA + KDE"]
    loose = table(app)["Threshold"][0]
    app.select_slider(key="rate").set_value(0.2).run()
    assert table(app)["Threshold"][0] < loose


def test_a_rate_too_small_for_the_clips_is_said(app: AppTest) -> None:
    app.run()
    assert any("On average over draws of these 4.9% of normal clips lie above it" in c.value for c in app.caption)
    app.select_slider(key="rate").set_value(0.01).run()
    assert any("99 are needed for 1%, 60 set the threshold of GWRP + Gaussian." in c.value for c in app.caption)


def test_the_threshold_that_decides_is_explained() -> None:
    """300 clips set it, 60 that of the detector which is the first by name: neither note nor card may go by those."""
    app = app_at(detectors=["PCA + KDE", "kNN per sub-band"], machine="00", rate="1%").run()
    assert "Threshold of kNN per sub-band: set by 300 normal clips, each held out of one of five fits." in text(app)
    assert "Too few normal clips" not in text(app)


def test_upload_scores_and_a_broken_file_is_named(app: AppTest) -> None:
    app.run()
    app.segmented_control(key="from").set_value("Upload").run()
    assert any("Drop one recording" in i.value for i in app.info)
    noise = np.random.default_rng(0).normal(0, 0.05, 48000)
    uploader = app.file_uploader(key="files")
    uploader.upload("good.wav", wav(noise))
    uploader.upload("broken.wav", b"nonsense" * 100)
    app.run()
    assert [e.value for e in app.error] == [f"broken.wav is not audio that can be read: use {FORMATS}."]
    assert any("good.wav" in m.value for m in app.markdown)
    assert sorted(table(app)["Detector"]) == sorted(FEW)
    for name, data in (("broken.wav", b"nonsense" * 100), ("empty.wav", b"")):
        app.file_uploader(key="files").upload(name, data)
    app.run()
    assert [e.value for e in app.error] == []
    (several,) = (e for e in app.expander if "files cannot be used" in e.label)
    assert several.label == "2 files cannot be used"
    assert "broken.wav is not audio" in several.markdown[0].value
    assert "empty.wav" in several.markdown[0].value


def test_state_comes_from_the_address(app: AppTest) -> None:
    app.query_params["machine"] = "04"
    app.query_params["strength"] = "0.25"
    app.query_params["clip"] = "test/normal_id_04_00000007.wav"
    app.run()
    assert app.selectbox(key="machine").value == "04"
    assert any("Denoised at 0.25" in c.value for c in app.caption)
    assert app.selectbox(key="clip").value == "test/normal_id_04_00000007.wav"


def test_nonsense_in_the_address_is_ignored(app: AppTest) -> None:
    app.query_params["machine"] = "../../etc"
    app.query_params["clip"] = "/etc/passwd"
    app.query_params["strength"] = "many"
    app.query_params["detectors"] = "none_such"
    app.run()
    assert not app.exception
    assert not app.error
    assert app.selectbox(key="machine").value == "00"


def test_feature_space_and_compare(app: AppTest) -> None:
    app.run()
    app.switch_page("feature_space.py").run()
    assert not app.exception
    assert any("420 clips" in c.value for c in app.caption)
    app.switch_page("compare.py").run()
    assert not app.exception
    auc = app.dataframe[0].value
    assert auc["AUC"].is_monotonic_decreasing
    assert auc["AUC"].between(0, 1).all()


def test_prevalence_moves_precision_only(app: AppTest) -> None:
    app.run()
    app.switch_page("compare.py").run()
    app.segmented_control(key="view").set_value("Thresholds").run()
    app.multiselect(key="of_ids").set_value(["00"]).run()
    before = app.dataframe[0].value.copy()
    app.number_input(key="prevalence").set_value(20.0).run()
    after = app.dataframe[0].value
    assert (after["Precision"] > before["Precision"]).all()
    assert after["Threshold"].equals(before["Threshold"])
    app.segmented_control(key="rule").set_value("gamma 0.9 (DCASE)").run()
    assert not app.dataframe[0].value["Threshold"].equals(after["Threshold"])
    assert not app.exception


def test_the_ranking_marks_the_best_and_those_below_a_control(every: AppTest) -> None:
    every.run()
    every.switch_page("compare.py").run()
    verdicts = every.dataframe[0].value.set_index("Detector")["Verdict"]
    assert verdicts.iloc[0].startswith("★")
    assert verdicts["Control: clip level"] == "control"
    assert verdicts["f-AnoGAN"].startswith("▼")


def test_feature_space_with_too_few_clips(app: AppTest) -> None:
    app.run()
    app.switch_page("feature_space.py").run()
    app.pills(key="splits").set_value([]).run()
    assert any("Fewer than three clips" in i.value for i in app.info)
    assert not app.exception


def test_no_trained_detectors_says_what_to_do(app: AppTest, settings: pytest.MonkeyPatch, tmp_path: Path) -> None:
    settings.setenv("ASD_MODELS_DIR", str(tmp_path))
    app.run()
    assert app.title[0].value == "No trained detectors yet"
    assert "make demo-models" in app.info[0].value
    assert not app.exception


def test_a_damaged_artifact_is_named(
    app: AppTest, settings: pytest.MonkeyPatch, small_models: Path, tmp_path: Path
) -> None:
    shutil.copytree(small_models, tmp_path / "small")
    weights = tmp_path / "small" / "pca_kde" / "weights.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1])
    settings.setenv("ASD_MODELS_DIR", str(tmp_path))
    app.run()
    assert any("does not match its manifest" in e.value and "pca_kde" in e.value for e in app.error)
    assert not app.exception


def test_recordings_that_are_gone_are_named(
    app: AppTest, settings: pytest.MonkeyPatch, small_models: Path, tmp_path: Path
) -> None:
    shutil.copytree(small_models, tmp_path / "small")
    (tmp_path / "small" / "dataset.json").write_text(json.dumps({"location": str(tmp_path / "gone"), "title": "gone"}))
    settings.setenv("ASD_MODELS_DIR", str(tmp_path))
    app.run()
    assert any("is not a folder" in e.value for e in app.error)
    assert not app.exception


@pytest.mark.long  # the detectors it takes are those of a whole training
@pytest.mark.real
def test_real_clips_score_the_same_uploaded(
    app: AppTest, settings: pytest.MonkeyPatch, real_slider: Path, real_models: Path, tmp_path: Path
) -> None:
    from asd_core.sound import read_clip

    (tmp_path / "real").symlink_to(real_models)
    settings.setenv("ASD_MODELS_DIR", str(tmp_path))
    app.query_params["detectors"] = ["PCA + KDE", "CNN autoencoder", "Control: clip level"]
    app.run()
    app.segmented_control(key="from").set_value("Upload").run()
    for path in sorted((real_slider / "test").glob("*_id_00_*.wav"))[:3]:
        app.file_uploader(key="files").set_value([(path.name, path.read_bytes(), "audio/wav")]).run()
        assert any(path.name in m.value for m in app.markdown)
        models = ModelSet(real_models, ["pca_kde", "cnn_ae", "control_rms"])
        expected = {title(s.detector): s.raw for s in score_clip(read_clip(path), models, "00")}
        shown = table(app)
        assert np.allclose(shown["Raw"], [expected[name] for name in shown["Detector"]], rtol=1e-5)


def test_the_clip_page_scores_at_the_detectors_own_rate(settings: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A detector of 32 kHz gets on the page what it gets on the command line; beside it one of 16 kHz."""
    shutil.copytree(ROOT / "trained_models" / "demo", tmp_path / "mixed")
    manifest = tmp_path / "mixed" / "gwrp_gaussian" / "manifest.json"
    reported = json.loads(manifest.read_text("utf-8"))
    reported["representation"]["sample_rate"] = 32000
    manifest.write_text(json.dumps(reported), "utf-8")
    settings.setenv("ASD_MODELS_DIR", str(tmp_path))
    get_settings.cache_clear()
    (source,) = sources()
    samples = np.random.default_rng(0).normal(0, 0.1, (1, 2 * 48000)).astype(np.float32)
    clip = Clip(samples, 48000, "f" * 64, "wide.wav")
    demo = replace(source, folder=ROOT / "trained_models" / "demo")
    assert scoring_rate(Choice(demo, "00", [], 0.05), clip.sample_rate) == 16000, "no detector is left: nothing changes"
    for keys, rate in ((["pca_kde"], 16000), (["gwrp_gaussian"], 32000), (["pca_kde", "gwrp_gaussian"], 48000)):
        selected = Choice(source, "00", keys, 0.05)
        assert scoring_rate(selected, clip.sample_rate) == rate
        signal = signal_of(clip, sample_rate=rate)
        assert signal.clip.sample_rate == rate
        assert signal_scores(selected, signal) == score_clip(
            clip, ModelSet(tmp_path / "mixed", keys), "00", false_alarm_rate=0.05
        )


def test_the_sidebar_shows_what_the_page_obeys_and_forgets_nothing() -> None:
    def shown(app: AppTest) -> set[str]:
        drawn = [*app.sidebar.selectbox, *app.sidebar.multiselect, *app.sidebar.select_slider]
        return {str(widget.key) for widget in drawn} - {"dataset"}

    app = app_at(detectors=FEW)
    app.run()
    app.selectbox(key="machine").set_value("04").run()
    app.select_slider(key="rate").set_value(0.1).run()
    assert shown(app) == {"machine", "detectors", "rate"}
    assert shown(app.switch_page("experiments.py").run()) == set()
    assert shown(app.switch_page("feature_space.py").run()) == {"machine"}
    assert shown(app.switch_page("compare.py").run()) == {"detectors", "rate"}
    app.switch_page("clip.py").run()
    assert (app.selectbox(key="machine").value, app.select_slider(key="rate").value) == ("04", 0.1)
    assert len(app.multiselect(key="detectors").value) == len(FEW)
    assert not app.exception
