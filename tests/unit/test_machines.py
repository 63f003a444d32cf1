"""A machine is its type and its id, from training to the command line; a detector that does not know it is named."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from asd_core import api, artifacts
from asd_core.artifacts import ModelSet, not_scored
from asd_core.cli.app import app
from asd_core.datasets import open_dataset
from asd_core.errors import UnknownMachineError
from asd_core.evaluation import evaluate
from asd_core.explain import nearest, read_reference
from asd_core.features import LogMel
from asd_core.report import report_content, report_html, results_page, wording
from asd_core.report.caveats import warnings
from asd_core.report.results_page import stored_scores
from asd_core.scoring import current_scores, scan_recording, score_clip, strength_curve, with_decisions
from asd_core.sound import denoise_mix, prepare, read_clip
from asd_core.training import train

FAN, SLIDER, FEW = "fan/00", "slider/00", "slider/02"


def clip_of(factory: Path, kind: str, name: str = "normal_id_00_00000000") -> Path:
    return factory / kind / "test" / f"{name}.wav"


def test_a_root_of_two_types_trains_as_each_of_them_alone(factory: Path, factory_models: Path, tmp_path: Path) -> None:
    for kind in ("fan", "slider"):
        train(open_dataset(factory / kind), tmp_path / kind, detectors=["pca_kde", "control_rms"])
        for key in ("pca_kde", "control_rms"):
            alone = artifacts.read_manifest(tmp_path / kind / key)
            together = artifacts.read_manifest(factory_models / key)
            assert together.calibration[f"{kind}/00"] == pytest.approx(alone.calibration["00"])
            assert together.n_fitted[f"{kind}/00"] == alone.n_fitted["00"]


def test_every_figure_is_of_one_machine(factory: Path, factory_models: Path) -> None:
    rows = [r for r in evaluate(stored_scores(factory_models), resamples=20) if r.detector == "control_rms"]
    assert [(r.machine_id, r.auc) for r in rows] == [(FAN, 1.0), (SLIDER, 1.0), ("mean", 1.0)], (
        "an anomaly is as loud as the other machine: the two together would give an AUC of 0.5"
    )
    table, unknown, _ = current_scores(open_dataset(factory), ModelSet(factory_models))
    assert unknown == {}
    assert set(table["machine_type"]) == {"fan", "slider"}
    of = table.groupby("detector")["machine_id"].unique().map(sorted).to_dict()
    assert of["pca_kde"] == [FAN, SLIDER]
    assert of["control_random"] == [FAN, SLIDER, FEW]


def test_the_normal_band_and_similar_clips_are_of_one_machine(factory: Path, factory_models: Path) -> None:
    fan, slider = (read_reference(factory_models, i) for i in (FAN, SLIDER))
    assert fan
    assert slider
    assert np.median(slider.mel_median - fan.mel_median) == pytest.approx(20, abs=3)
    assert read_reference(factory_models, "00") is None
    clip = prepare(read_clip(clip_of(factory, "fan")))
    table = artifacts.pooled_table(factory_models)
    similar = nearest(table, LogMel().transform(clip), SLIDER, clip.sha256)
    assert similar.normals["clip_id"].str.startswith("slider/").all()


def test_a_machine_with_few_clips_is_left_out_by_name(factory: Path, tmp_path: Path) -> None:
    messages: list[str] = []
    train(open_dataset(factory), tmp_path, detectors=["pca_kde", "control_random"], notify=messages.append)
    assert f"Machine id {FEW} has 8 normal recordings that can be read: 4 for testing, 1 to set thresholds" in "".join(
        messages
    )
    assert [s for s in messages if FEW in s and "does not know" in s] == [
        "PCA + KDE does not know machine id slider/02: too few normal clips to learn from. Record more of its normal sound."
    ]
    models = ModelSet(tmp_path)
    assert models.machine_ids_of("pca_kde") == [FAN, SLIDER]
    assert models.machine_ids_of("control_random") == [FAN, SLIDER, FEW]


def test_one_network_for_several_types_is_not_silent(factory: Path, tmp_path: Path) -> None:
    messages: list[str] = []
    train(open_dataset(factory), tmp_path, detectors=["dcase_ae"], preset="quick", notify=messages.append)
    assert any("learns one network for all 2 machine types (fan and slider)" in s for s in messages)


def test_a_fusion_knows_the_machines_of_its_members(factory: Path, tmp_path: Path) -> None:
    train(open_dataset(factory), tmp_path, detectors=["pca_kde", "pca_lof", "gwrp_gaussian", "fusion"], preset="quick")
    assert ModelSet(tmp_path).machine_ids_of("fusion") == [FAN, SLIDER]
    manifest = tmp_path / "pca_kde" / artifacts.MANIFEST
    content = json.loads(manifest.read_text())
    del content["calibration"][FAN]
    manifest.write_text(json.dumps(content))
    assert "pca_kde" in artifacts.read_manifest(tmp_path / "fusion").config["members"]
    assert ModelSet(tmp_path).machine_ids_of("fusion") == [SLIDER]


def test_detectors_that_do_not_know_a_machine_are_left_out(factory: Path, factory_models: Path) -> None:
    models, clip = ModelSet(factory_models), read_clip(clip_of(factory, "slider", "normal_id_02_00000000"))
    others = ["pca_kde", "pca_lof", "control_rms"]
    assert models.not_knowing(FEW) == others
    assert not_scored(others, FEW) == (
        "Left out here, for they do not know machine id slider/02: PCA + KDE, PCA + LOF, Control: clip level."
    )
    assert not_scored(others[:1], FEW) == "Left out here, for it does not know machine id slider/02: PCA + KDE."
    assert not_scored([], FEW) == ""
    assert [s.detector for s in score_clip(clip, models, FEW)] == ["control_random"]
    sound = prepare(clip)
    mix = denoise_mix(sound.samples[0], sound.sample_rate)
    assert set(strength_curve(sound, mix, models, FEW, strengths=(0.0, 1.0))["detector"]) == {"control_random"}
    windows = scan_recording(sound, models, FEW, window=1.0, hop=0.5)
    assert set(windows["detector"]) == {"control_random"}
    assert len(with_decisions(windows, models, FEW, 0.1)) == len(windows)
    assert {s.detector for s in score_clip(clip, models, SLIDER)} == set(models)
    for function in (lambda: score_clip(clip, models, "00"), lambda: scan_recording(sound, models, "00")):
        with pytest.raises(UnknownMachineError, match="they know fan/00, slider/00 and slider/02"):
            function()


def test_the_command_line_names_machines(factory: Path, factory_models: Path) -> None:
    def run(*arguments: str) -> tuple[int, str, str]:
        result = CliRunner().invoke(app, list(arguments), standalone_mode=True)
        return result.exit_code, result.stdout, result.stderr

    few = clip_of(factory, "slider", "normal_id_02_00000000")
    score = ("score", str(few), "--models", str(factory_models), "--json", "--machine-id")
    code, text, said = run(*score, FEW)
    assert code == 0
    (result,) = json.loads(text)
    assert [s["detector"] for s in result["scores"]] == ["control_random"]
    assert result["not_scored_by"] == ["pca_kde", "pca_lof", "control_rms"]
    assert " ".join(said.split()) == not_scored(result["not_scored_by"], FEW)
    code, text, said = run(*score, SLIDER)
    assert len(json.loads(text)[0]["scores"]) == 4
    assert said == ""
    code, text, _ = run("evaluate", "--data", str(factory), "--models", str(factory_models), "--json")
    rows = pd.DataFrame(json.loads(text)["rows"])
    assert set(rows["machine_id"]) == {FAN, SLIDER, FEW, "mean"}


def test_the_report_ranks_means_over_fewer_machines_apart(factory: Path, factory_models: Path) -> None:
    comparison, dataset, _ = report_content(factory_models)
    assert comparison.draws.ranked() == ["control_random"]
    assert comparison.detectors[0] == "control_random"
    assert comparison.tied == ["control_random"]
    assert wording.rank(comparison, "control_rms") == "control, 2 of 3 ids"
    assert any(s.startswith("PCA + KDE knows 2 of 3 ids:") for s in warnings(comparison, dataset))
    assert set(comparison.clips["machine_type"]) == {"fan", "slider"}
    page = report_html(comparison, dataset)
    assert "id fan/00" in page
    assert "2 of 3 ids" in page
    assert len(results_page.ranking_markdown(evaluate(stored_scores(factory_models), 20)).split("2 of 3 ids")) == 4


def test_python_names_detectors_that_do_not_know_a_machine(factory: Path, factory_models: Path) -> None:
    messages: list[str] = []
    scores = api.score(clip_of(factory, "slider"), factory_models, FEW, notify=messages.append)
    assert scores["detector"].tolist() == ["control_random"]
    assert messages == [not_scored(["pca_kde", "pca_lof", "control_rms"], FEW)]
    assert [e.detector for e in api.explain_clip(clip_of(factory, "slider"), factory_models, FEW)] == ["control_random"]
