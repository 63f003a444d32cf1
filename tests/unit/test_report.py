"""The report is one file that needs nothing else, says what the figures are, and trusts no text."""

import base64
import csv
import io
import json
import re
import shutil
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import soundfile
from PIL import Image
from typer.testing import CliRunner

from asd_core import artifacts
from asd_core.api import write_report
from asd_core.cli.app import app
from asd_core.counting import percent
from asd_core.datasets import Dataset
from asd_core.errors import ArtifactError
from asd_core.evaluation import evaluate, wilson
from asd_core.report import (
    Assumptions,
    Comparison,
    figures_key,
    not_of_their_machine,
    report_content,
    report_html,
    report_json,
    report_protocol,
    wording,
    write_results,
)
from asd_core.report.layout import words
from asd_core.report.results_page import stored_scores
from asd_core.report.takeaways import takeaways
from tests.conftest import ROOT, write_wav

DEMO = ROOT / "trained_models" / "demo"
EVIL = '<script>alert("1")</script>\'"&.wav'


class Page(HTMLParser):
    """Tags with their attributes, and the text between them."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.text: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, {name: value or "" for name, value in attrs}))

    handle_startendtag = handle_starttag

    def handle_data(self, data: str) -> None:
        self.text.append(data)

    def all(self, tag: str) -> list[dict[str, str]]:
        return [attributes for name, attributes in self.tags if name == tag]

    @property
    def words(self) -> str:
        return re.sub(r"\s+", " ", " ".join(self.text))


@pytest.fixture(scope="module")
def demo() -> tuple[Comparison, str]:
    comparison, dataset, reason = report_content(DEMO, assumptions=Assumptions(0.05, 0.02, 500))
    assert reason == ""
    return comparison, report_html(comparison, dataset)


@pytest.fixture
def copied(small_models: Path, tmp_path: Path) -> Path:
    shutil.copytree(small_models, tmp_path / "models")
    return tmp_path / "models"


def test_file_needs_nothing_else(demo: tuple[Comparison, str]) -> None:
    text = demo[1]
    assert len(text.encode()) < 5e6
    page = Page(text)
    assert not {"script", "link", "iframe", "object", "embed", "base", "form"} & {tag for tag, _ in page.tags}
    for tag, attributes in page.tags:
        for name, value in attributes.items():
            assert not name.startswith("on"), (tag, name)
            if name in ("src", "href", "srcset", "data", "poster", "action"):
                assert value.startswith(("data:", "#")), (tag, value[:80])
    without_data = re.sub(r"data:[a-z]+/[a-z]+;base64,[\w+/=]+", "", text)
    assert "http://" not in without_data
    assert "https://" not in without_data
    assert "url(" not in without_data
    assert "@import" not in without_data
    inside = {attributes["id"] for _, attributes in page.tags if "id" in attributes}
    assert {a["href"][1:] for a in page.all("a")} <= inside


def test_sounds_and_pictures_decode(demo: tuple[Comparison, str]) -> None:
    page = Page(demo[1])
    sounds = [base64.b64decode(a["src"].split(",")[1]) for a in page.all("audio")]
    assert len(sounds) == 8
    peaks = []
    for sound in sounds:
        samples, rate = soundfile.read(io.BytesIO(sound))
        assert rate == 16000
        assert samples.ndim == 1
        assert len(samples) == 160000
        peaks.append(np.abs(samples).max())
    assert max(peaks) == pytest.approx(0.9, abs=1e-3)
    assert min(peaks) < 0.8  # one gain for all
    for image in page.all("image"):
        picture = Image.open(io.BytesIO(base64.b64decode(image["href"].split(",")[1])))
        assert picture.size == (313, 128)


def test_embedded_sound_is_the_recording(demo: tuple[Comparison, str]) -> None:
    from asd_core.datasets import demo_dataset

    worst = demo[0].failures.query("detector == @best and error == 'miss'", local_dict={"best": demo[0].tied[0]})
    original = demo_dataset().read(worst["clip_id"].iloc[0]).samples[0]
    sound = base64.b64decode(Page(demo[1]).all("audio")[0]["src"].split(",")[1])
    embedded = soundfile.read(io.BytesIO(sound), dtype="float32")[0]
    assert np.corrcoef(original, embedded)[0, 1] > 0.999


def test_figures_are_the_evaluation_s(demo: tuple[Comparison, str]) -> None:
    comparison, text = demo
    results = {(r.detector, r.machine_id): r for r in evaluate(stored_scores(DEMO), resamples=2)}
    rows = {(r["detector"], r["machine_id"]): r for r in comparison.ranking.to_dict("records")}
    assert set(rows) == set(results)
    for key, expected in results.items():
        assert rows[key]["auc"] == pytest.approx(expected.auc, abs=1e-12)
        assert rows[key]["pauc"] == pytest.approx(expected.pauc, abs=1e-12)
        assert (rows[key]["n_normal"], rows[key]["n_anomaly"]) == (expected.n_normal, expected.n_anomaly)
        assert rows[key]["auc_low"] < expected.auc <= rows[key]["auc_high"]
        assert f"{expected.auc:.3f}" in text
    means = [rows[key, "mean"]["auc"] for key in comparison.detectors]
    assert means == sorted(means, reverse=True)


def test_takeaways_say_what_the_tables_say(demo: tuple[Comparison, str]) -> None:
    comparison, text = demo
    best, controls, plant = takeaways(comparison)
    page = Page(text).words
    for description in (best, controls, plant):
        assert description in page
        assert description.endswith(".")
    row = comparison.ranking.query("detector == @k and machine_id == 'mean'", local_dict={"k": comparison.tied[0]})
    assert f"mean AUC is {row['auc'].iloc[0]:.3f}" in best
    for key in comparison.tied:
        assert wording.name(key) in best
    for result in comparison.not_better:
        assert wording.name(result.detector) in controls
    point = comparison.thresholds.query(
        "detector == @k and machine_id == 'pooled'", local_dict={"k": comparison.tied[0]}
    ).iloc[0]
    assert "2% of 500 clips a day" in plant
    assert f"about {point['alerts_per_day']:.0f} alerts a day" in plant
    expected = 500 * (0.02 * point["detections"] / 240 + 0.98 * point["false_alarms"] / 240)
    assert point["alerts_per_day"] == pytest.approx(expected)
    low, high = (490 * rate for rate in wilson(point["false_alarms"], 240))
    assert f"false (95% interval {low:.1f} to {high:.0f}; " in plant
    few = replace(comparison, thresholds=comparison.thresholds.assign(n_normal=9))
    assert takeaways(few)[-1].endswith(
        f"of 9 normal and {int(point['detections'])} of 240 anomalous clips an anomaly: too few clips to say what it would do at the plant."
    )


def test_a_detector_in_use_leads_and_is_called_a_choice(demo: tuple[Comparison, str]) -> None:
    comparison, dataset, _ = report_content(
        DEMO, detectors=["gwrp_gaussian", "pca_kde", "control_rms"], in_use="pca_kde"
    )
    chosen, best, _, plant = takeaways(comparison)
    assert chosen.startswith(
        "PCA + KDE is in use: a person pinned it, no figure did. By its mean AUC of 0.690 it is number 2 of 2"
    )
    assert best.startswith("GWRP + Gaussian separates anomalous from normal clips best")
    assert "PCA + KDE would raise about" in plant
    assert comparison.detectors[0] == "gwrp_gaussian", "a choice changes no rank"
    assert wording.rank(comparison, "pca_kde") == "in use, ▼ not above a control"
    page = Page(report_html(comparison, dataset)).words
    assert "Errors to hear : PCA + KDE" in page or "Errors to hear: PCA + KDE" in page
    assert "The worst errors of the detector that is in use" in page
    assert json.loads(report_json(comparison))["in_use"] == "pca_kde"
    without = report_content(DEMO, detectors=["gwrp_gaussian", "control_rms"], in_use="pca_kde")[0]
    assert (without.in_use, without.lead) == ("", "gwrp_gaussian")
    assert (demo[0].in_use, demo[0].lead) == ("", demo[0].tied[0])


@pytest.mark.parametrize("beside", [["control_rms"], []])
def test_controls_that_were_not_chosen_count_all_the_same(demo: tuple[Comparison, str], beside: list[str]) -> None:
    """Else the fewer are chosen, the better a weak detector looks."""
    keys = ["pca_kde", "gwrp_gaussian", *beside]
    few, dataset, _ = report_content(DEMO, detectors=keys)
    assert [few.best_control, demo[0].best_control] == ["control_mahalanobis"] * 2
    assert few.not_better == [result for result in demo[0].not_better if result.detector in keys]
    assert set(few.detectors) == set(keys) == set(few.ranking["detector"]) == set(few.clips["detector"])
    np.testing.assert_array_equal(few.draws.interval(), demo[0].draws.shown(keys).interval())
    rows = few.ranking.query("detector == 'pca_kde' and machine_id == 'mean'")
    assert rows["against_control"].tolist() == ["below"]
    said = (
        "1 of 2 detectors stands clearly above the best control (Control: mean log-mel, mean AUC 0.704, not shown here)"
    )
    assert said in takeaways(few)[1]
    page = Page(report_html(few, dataset)).words
    assert "not above the best control (Control: mean log-mel, not in the table)" in page
    assert "(best control)" not in page
    assert ", not in the table" not in demo[1]


def test_every_version_is_named(demo: tuple[Comparison, str]) -> None:
    comparison, text = demo
    assert len(comparison.manifests) == len(artifacts.trained_keys(DEMO))
    for manifest in comparison.manifests.values():
        assert manifest.weights_sha256[:8] in text
        assert manifest.data_fingerprint in text
        for alarm in manifest.alarms:
            assert alarm in Page(text).words
    assert "torch" in text
    assert "DET curve" in text
    assert text.count("<polyline") >= 4 * len(comparison.manifests)


def test_rows_say_what_they_are_of(demo: tuple[Comparison, str]) -> None:
    comparison = demo[0]
    document = json.loads(report_json(comparison, report_protocol(comparison)))
    assert set(document["tables"]) == {"ranking", "thresholds", "breakdown", "failures", "clips"}
    for name, table in comparison.tables().items():
        read = list(csv.DictReader(io.StringIO(table.to_csv(index=False))))
        assert len(read) == len(document["tables"][name]) == len(table) > 0
        for line, record in zip(read, document["tables"][name], strict=True):
            version = comparison.manifests[line["detector"]].weights_sha256[:8]
            assert (line["model_version"], line["split"], float(line["denoise"])) == (version, "test", 0.0)
            assert (record["model_version"], record["split"], record["denoise"]) == (version, "test", 0.0)
    pooled = [r for r in document["tables"]["thresholds"] if r["machine_id"] == "pooled"]
    assert all(r["threshold"] is None for r in pooled)
    alarms = comparison.clips.query("decision == 'anomaly' and label == 'normal'").groupby("detector").size()
    assert {r["detector"]: r["false_alarms"] for r in pooled} == {r["detector"]: 0 for r in pooled} | alarms.to_dict()


def test_names_and_titles_are_escaped(small_folder: Path, copied: Path, tmp_path: Path) -> None:
    scores = stored_scores(copied).astype({"clip_id": str})
    missed = scores["clip_id"] == "test/anomaly_id_00_00000000.wav"
    # Told to score below everything else, so that it is among the misses that are listed and read.
    scores.loc[missed, ["clip_id", "raw", "calibrated"]] = [EVIL, -1e9, 0.0]
    scores["where <b>"] = np.where(scores["label"] == "anomaly", "<i>here</i>", "<u>there</u>")
    about = {"location": str(small_folder), "title": "<img src=x onerror=alert(1)>"}
    (copied / "dataset.json").write_text(json.dumps(about))
    comparison, dataset, _ = report_content(copied, scores=scores)
    text = report_html(comparison, dataset, made=None)
    page = Page(text)
    assert EVIL in "".join(page.text)
    assert not {"script", "b", "i", "u", "img"} & {tag for tag, _ in page.tags}
    assert "<img src=x onerror=alert(1)>" in page.words
    assert "is not a clip of" in page.words  # the recording of that name does not exist


def test_without_recordings_the_report_is_written(copied: Path, tmp_path: Path) -> None:
    (copied / "dataset.json").write_text(json.dumps({"location": str(tmp_path / "gone"), "title": "gone"}))
    result = CliRunner().invoke(app, ["report", "--models", str(copied), "--out", str(tmp_path / "r.html")])
    assert result.exit_code == 0, result.output
    page = Page((tmp_path / "r.html").read_text("utf-8"))
    assert "Sounds are missing." in page.words
    assert "is not a folder" in page.words
    assert not page.all("audio")
    assert "without sounds" in result.output


def test_a_changed_recording_is_not_played(small_folder: Path, copied: Path, tmp_path: Path) -> None:
    shutil.copytree(small_folder, tmp_path / "slider")
    noise = np.random.default_rng(0).normal(0, 0.1, 80000)
    for path in (tmp_path / "slider" / "test").glob("*.wav"):
        write_wav(path, noise)
    comparison, dataset, _ = report_content(copied, data=str(tmp_path / "slider"))
    page = Page(report_html(comparison, dataset))
    assert "has changed since it was scored" in page.words
    assert not page.all("audio")


def test_one_label_is_not_computable(copied: Path, small_dataset: Dataset) -> None:
    scores = stored_scores(copied)
    comparison, dataset, _ = report_content(copied, scores=scores[scores["label"] == "normal"])
    page = Page(report_html(comparison, dataset))
    assert "not computable" in takeaways(comparison)[0]
    assert "Curves are not computable" in page.words
    assert "0.500" not in page.words
    assert comparison.ranking["auc"].isna().all()
    document = json.loads(report_json(comparison))
    assert {r["auc"] for r in document["tables"]["ranking"]} == {None}
    assert {r["auc"] for r in csv.DictReader(io.StringIO(comparison.ranking.to_csv(index=False)))} == {""}
    assert (comparison.thresholds["false_alarm_rate"] >= 0).all()
    with pytest.raises(ArtifactError, match="no labelled clip"):
        report_content(copied, scores=scores.assign(label="unlabelled"))


def test_split_and_denoising_of_the_scores_are_kept(copied: Path) -> None:
    scores = stored_scores(copied)
    several = pd.concat([scores.assign(denoise=strength, split="test") for strength in (0.5, 0.25)])
    comparison, dataset, _ = report_content(copied, scores=several, where="fault belt")
    assert set(comparison.clips["denoise"]) == {0.25}
    assert len(comparison.clips) == len(scores)
    page = Page(report_html(comparison, dataset)).words
    assert "denoising strength 0.25" in page
    assert "only fault belt" in page


def test_small_data_are_warned_of(copied: Path) -> None:
    comparison, dataset, _ = report_content(copied, assumptions=Assumptions(rate=0.01))
    page = Page(report_html(comparison, dataset)).words
    assert "fewer than ten clips of a label (6 normal, 6 anomalous)" in page
    assert (
        "Too few normal clips to decide: 99 are needed for 1%, and 5 of machine id 00 set the threshold of CNN autoencoder."
        in page
    )
    assert "Too few to tell whether a detector has learned: 10 normal clips were held out" in page
    comparison.manifests["pca_kde"].alarms.append("its scores of different clips are nearly the same.")
    page = Page(report_html(comparison, dataset)).words
    assert "Too few to tell whether a detector without an alarm has learned: 10 normal clips were held out" in page


def test_too_few_held_out_clips_give_no_figure_of_the_plant(copied: Path) -> None:
    enough, few = (report_content(copied, assumptions=Assumptions(rate=rate))[0] for rate in (0.3, 0.01))
    said = takeaways(enough)[2]
    assert "would raise about" in said
    assert "none of 12 anomalies was missed here, up to 24% may be" in said, "12 of 12 are no promise"
    assert said.endswith("These are its rates on 12 normal and 12 anomalous clips.")
    assert "too few normal clips to decide, 99 are needed for 1%" in takeaways(few)[2]


def test_more_false_alarms_than_promised_are_said_with_their_reason(demo: tuple[Comparison, str]) -> None:
    comparison, page = demo
    rows = comparison.thresholds.set_index(["detector", "machine_id"])
    assert rows.loc[("dcase_ae", "00"), "breach"] == "beyond"
    assert rows.loc[("cnn_ae", "00"), "breach"] == "luck"
    assert rows.loc[("cnn_ae", "00"), ["rate_range_low", "rate_range_high"]].tolist() == pytest.approx(
        [0.0104, 0.1153], abs=1e-4
    )
    assert set(rows.xs("02", level="machine_id")["breach"]) == {""}
    said = Page(page).words
    of_id = rows.xs("00", level="machine_id")["breach"]
    assert (
        f"On machine id 00, {(of_id != '').sum()} of {len(of_id)} detectors clearly raise more false alarms than promised at 5%"
        in said
    )
    assert "For DCASE autoencoder they do not" in said
    assert "21.7% ▲▲" in said or "22% ▲▲" in said
    assert "with at most the chosen probability" not in said


@pytest.mark.parametrize(
    ("labels", "said"),
    [
        (["anomaly"], "mean little. It is labelled as an anomaly: the fault itself can be what differs. 0 (hum)."),
        (["anomaly", "anomaly"], "mean little. All of them are labelled as anomalies: the fault"),
        (["anomaly", "normal"], "mean little. 1 of them is labelled as an anomaly: the fault"),
        (["normal", "normal"], "mean little. 0 (hum); 1 (hum)."),
    ],
)
def test_a_fault_may_be_why_clips_do_not_belong(labels: list[str], said: str) -> None:
    clips = pd.DataFrame({"clip_id": range(len(labels)), "label": labels, "applicability_reason": "hum"})
    assert said in not_of_their_machine(clips, "test")


def test_a_clip_that_does_not_belong_is_said(copied: Path) -> None:
    """One test clip was recorded with hardly any gain: the page, the CSV and the JSON say so, and of no other."""
    table = artifacts.read_pooled(copied)
    place = table.index[(table["split"] == "test") & (table["machine_id"] == "02")][0]
    levels = [f"f{i}" for i in range(128)]
    table.loc[place, levels] = table.loc[place, levels] - 60
    table.to_parquet(copied / artifacts.POOLED)
    comparison, dataset, reason = report_content(copied)
    clip_id = table.loc[place, "clip_id"]
    page = report_html(comparison, dataset, reason)
    assert "1 clip of the test split is not like any recording of its machine: check machine id, microphone" in page
    assert re.search(rf"{re.escape(clip_id)} \(its level in quiet moments is \d\d dB below the normal clips\)", page)
    rows = list(csv.DictReader(io.StringIO(comparison.clips.to_csv(index=False))))
    assert {row["clip_id"] for row in rows if row["applicable"] == "False"} == {clip_id}
    assert {row["applicable"] for row in rows} == {"True", "False"}
    assert all(("level" in row["applicability_reason"]) == (row["clip_id"] == clip_id) for row in rows)
    clips = json.loads(report_json(comparison))["tables"]["clips"]
    assert {row["clip_id"] for row in clips if row["applicable"] is False} == {clip_id}


def test_clips_without_a_value_are_said_to_be_left_out(copied: Path) -> None:
    scores = stored_scores(copied).astype({"clip_id": str})
    load = np.where(scores["clip_id"].str.endswith("00000000.wav"), "", np.where(scores["raw"] > 0, "full", "half"))
    comparison, dataset, _ = report_content(copied, scores=scores.assign(load=load, seen=load))
    assert "4 clips without load are left out; 4 clips without seen are left out." in report_html(comparison, dataset)


def test_command_writes_all_files(copied: Path, tmp_path: Path) -> None:
    arguments = ["report", "--models", str(copied), "--rate", "0.1", "--prevalence", "0.5", "--per-day", "200"]
    files = [tmp_path / name for name in ("r.html", "r.csv", "r.json")]
    for option, path in zip(("--out", "--csv", "--json"), files, strict=True):
        arguments += [option, str(path)]
    result = CliRunner().invoke(app, [*arguments, "--detectors", "pca_kde,control_rms"])
    assert result.exit_code == 0, result.output
    document = json.loads(files[2].read_text())
    assert document["assumptions"] == {"rate": 0.1, "prevalence": 0.5, "clips_per_day": 200}
    assert set(document["models"]) == {"pca_kde", "control_rms"}
    assert pd.read_csv(files[1])["detector"].nunique() == 2
    assert "assume 200 clips a day, 50% of them anomalous" in Page(files[0].read_text("utf-8")).words


def test_a_detector_without_scores_is_named(copied: Path) -> None:
    with pytest.raises(ArtifactError, match="no scores of f_anogan"):
        report_content(copied, detectors=["pca_kde", "f_anogan"])


DAMAGED = "manifest.json is damaged: train this detector again."


@pytest.mark.parametrize("what", ["damaged", "unscored"])
def test_whoever_is_not_in_the_report_is_named_with_the_reason(copied: Path, tmp_path: Path, what: str) -> None:
    manifest = copied / "cnn_ae" / "manifest.json"
    if what == "damaged":
        manifest.write_text("{")
        reason = f"{copied}/cnn_ae/{DAMAGED}"
    else:
        manifest.write_text(json.dumps(json.loads(manifest.read_text("utf-8")) | {"weights_sha256": "0" * 64}), "utf-8")
        reason = f"{copied} holds no scores of cnn_ae on today's clips: train or score them."
    page, tables = tmp_path / "r.html", tmp_path / "r.json"
    arguments = ["report", "--models", str(copied), "--out", str(page), "--json", str(tables)]
    result = CliRunner().invoke(app, arguments)
    sentence = f"Left out: CNN autoencoder. {reason}"
    assert result.stderr.splitlines()[0] == sentence
    assert sentence in Page(page.read_text("utf-8")).words
    assert sentence in json.loads(tables.read_text())["protocol"]
    assert sentence in Page(write_report(copied, page).read_text("utf-8")).words
    chosen = CliRunner().invoke(app, [*arguments, "--detectors", "pca_kde"])
    assert "Left out" not in chosen.stderr + page.read_text("utf-8"), "who was not asked for is not missed"


def test_a_chosen_detector_that_is_damaged_is_named_with_the_reason(copied: Path) -> None:
    (copied / "cnn_ae" / "manifest.json").write_text("{")
    with pytest.raises(ArtifactError, match=rf"cnn_ae/{DAMAGED}"):
        report_content(copied, detectors=["pca_kde", "cnn_ae"])


def test_results_are_not_written_without_a_detector_that_has_no_scores(copied: Path, tmp_path: Path) -> None:
    manifest = copied / "cnn_ae" / "manifest.json"
    manifest.write_text(json.dumps(json.loads(manifest.read_text("utf-8")) | {"weights_sha256": "0" * 64}), "utf-8")
    with pytest.raises(ArtifactError, match="holds no scores of cnn_ae as they are now"):
        write_results(copied, tmp_path / "results.md")


def test_key_follows_the_scores(copied: Path) -> None:
    scores = stored_scores(copied)
    assert figures_key(scores) == figures_key(scores.copy())
    changed = scores.copy()
    changed.loc[0, "raw"] += 1e-3
    assert figures_key(changed) != figures_key(scores)
    assert figures_key(scores.iloc[1:]) != figures_key(scores)


def test_figures_in_words() -> None:
    assert [percent(v) for v in (0.05, 0.0583, 0.0004, 0.42, 1.0, 0.0, float("nan"))] == [
        "5%",
        "5.8%",
        "0.04%",
        "42%",
        "100%",
        "0%",
        "n/c",
    ]
    assert [words(v) for v in ("loose_belt", -6, 0.25, "", None)] == ["loose belt", "−6", "0.25", "–", "–"]
