"""What is known of detectors without an anomaly: measured in training or later, stored as ranks, ranked with intervals."""

import json
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from pandas.testing import assert_frame_equal
from scipy.stats import spearmanr

from asd_core import artifacts
from asd_core.cli.app import main
from asd_core.datasets import Dataset
from asd_core.evaluation import auc
from asd_core.plots import sensitivity_figure
from asd_core.scoring import level_meter, read_scores
from asd_core.sound import prepare
from asd_core.training import (
    EVIDENCE,
    GRADED,
    Evidence,
    SyntheticCheck,
    missing_evidence,
    read_evidence,
    train,
)
from asd_core.training.synthetic_anomalies import graded_anomalies
from tests.conftest import ROOT, simulate_small

DEMO = ROOT / "trained_models" / "demo"
N_VARIANTS = sum(len(strengths) for _, strengths in GRADED.values())


def test_training_measures_what_scoring_gives(small_models: Path, small_dataset: Dataset) -> None:
    """Ranks order held-out clips and synthetic anomalies as the detector's own scores of them do."""
    table = read_evidence(small_models)
    assert set(table["detector"]) == {"pca_kde", "cnn_ae", "control_rms"}
    mine = table[(table["detector"] == "pca_kde") & (table["machine_id"] == "02")]
    artifact = artifacts.load(small_models / "pca_kde")
    scores = []
    for row in mine.to_dict("records"):
        clip = small_dataset.read(row["clip_id"])
        made = graded_anomalies(prepare(clip), int(clip.sha256[:8], 16))
        heard = made[row["kind"], row["db"]] if row["kind"] else prepare(clip)
        scores.append(artifact.detector.score([artifact.representation.transform(heard)], ["02"])[0])
    assert len(mine) == 5 + 2 * N_VARIANTS
    assert np.array_equal(np.argsort(scores, kind="stable"), np.argsort(mine["trained"].to_numpy(), kind="stable"))
    held_out = np.array(scores)[mine["kind"] == ""]
    calibration = np.array(
        artifact.manifest.calibration["02"]
    )  # of these, and of the clips that other fits have not seen
    assert np.abs(calibration[:, None] - held_out).min(axis=0) == pytest.approx(0.0, abs=1e-4)
    assert mine["untrained"].isna().all()
    assert table.loc[table["detector"] == "cnn_ae", "untrained"].notna().all()
    halves = table[table["half_a"].notna()]
    assert set(halves["detector"]) == {"pca_kde", "control_rms"}, "what takes long is not fitted twice more"
    assert (halves["kind"] == "").all()


def test_the_command_measures_the_same_afterwards(
    small_models: Path, small_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    models = tmp_path / "models"
    shutil.copytree(small_models, models)
    (models / EVIDENCE).unlink()
    assert missing_evidence(models) == ["pca_kde", "cnn_ae", "control_rms"]
    monkeypatch.setattr("sys.argv", ["asd_core", "evidence", "--data", str(small_folder), "--models", str(models)])
    assert main() == 0
    by = ["detector", "machine_id", "clip_id", "kind", "db"]
    again, first = (read_evidence(folder).sort_values(by, ignore_index=True) for folder in (models, small_models))
    assert_frame_equal(again, first)
    assert missing_evidence(models) == []


def test_evidence_of_other_clips_is_not_measured(
    small_models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(small_models, tmp_path / "models")
    (tmp_path / "models" / EVIDENCE).unlink()
    simulate_small(tmp_path)
    next((tmp_path / "slider" / "train").glob("*.wav")).unlink()
    arguments = ["evidence", "--data", str(tmp_path / "slider"), "--models", str(tmp_path / "models")]
    monkeypatch.setattr("sys.argv", ["asd_core", *arguments])
    assert main() == 0
    assert "PCA + KDE was trained on other clips than slider has now" in capsys.readouterr().err
    assert read_evidence(tmp_path / "models").empty


@pytest.mark.parametrize("damage", [lambda _: b"junk", lambda path: path.read_bytes()[:100]])
def test_evidence_that_is_damaged_or_of_other_weights_is_none(
    small_models: Path, tmp_path: Path, damage: object
) -> None:
    shutil.copytree(small_models, tmp_path / "models")
    models = tmp_path / "models"
    manifest = models / "cnn_ae" / "manifest.json"
    manifest.write_text(json.dumps(json.loads(manifest.read_text()) | {"weights_sha256": "0" * 64}))
    assert set(read_evidence(models)["detector"]) == {"pca_kde", "control_rms"}
    (models / EVIDENCE).write_bytes(damage(models / EVIDENCE))  # type: ignore[operator]
    assert read_evidence(models).empty


def test_a_fusion_is_measured_by_its_members_scores(small_dataset: Dataset, tmp_path: Path) -> None:
    train(
        small_dataset, tmp_path, detectors=["pca_kde", "pca_lof", "knn_bands", "fusion", "control_rms"], preset="quick"
    )
    table = read_evidence(tmp_path)
    fusion = table[table["detector"] == "fusion"]
    held_out = sum(map(len, artifacts.read_manifest(tmp_path / "fusion").calibration.values()))
    assert (fusion["kind"] == "").sum() == held_out
    assert (fusion["kind"] != "").sum() == 4 * N_VARIANTS
    figures = Evidence(table, {}).sensitivity().figures
    assert figures.loc["fusion", "n_normal"] == held_out < figures.loc["pca_kde", "n_normal"]


def test_a_stronger_anomaly_changes_more(small_dataset: Dataset) -> None:
    clip = prepare(small_dataset.read(small_dataset.catalogue["clip_id"].iloc[0]))
    made = graded_anomalies(clip, 7)
    for kind, (_, strengths) in GRADED.items():
        change = [float(np.square(made[kind, db].samples - clip.samples).sum()) for db in strengths]
        assert change[0] > 0
        assert (np.diff(change) > 0).all(), kind
        where = [np.flatnonzero(made[kind, db].samples[0] != clip.samples[0]) for db in strengths[-2:]]
        assert abs(len(where[0]) - len(where[1])) < 0.05 * len(where[1]), "in the same place"


KEYS = {"gwrp_gaussian": 2.0, "knn_bands": 1.95, "pca_kde": 0.1, "control_rms": 0.3}


def made_up(shifts: dict[str, float], n: int = 60, sources: int = 20) -> pd.DataFrame:
    """Evidence of detectors that hear the same clips, each through some noise of its own."""
    rng = np.random.default_rng(0)
    clip = rng.normal(size=n)
    frames = []
    for key, shift in shifts.items():
        own = rng.normal(size=n) * 0.2
        rows = [("", np.nan, k, clip[k] + own[k]) for k in range(n)]
        rows += [
            (kind, db, k, clip[k] + own[k] + shift * (1 + step) + rng.normal() * 0.2)
            for k in range(sources)
            for kind, (_, strengths) in GRADED.items()
            for step, db in enumerate(strengths)
        ]
        table = pd.DataFrame(rows, columns=["kind", "db", "clip", "score"])
        halves = {
            name: np.where(table["kind"] == "", table["score"] + rng.normal(size=len(table)), np.nan)
            for name in ("half_a", "half_b")
        }
        ranks = pd.DataFrame({"trained": table["score"], "untrained": np.nan, **halves}).rank() * 2
        about = {"detector": key, "machine_id": "00", "clip_id": table["clip"].map("c{:03}".format)}
        frames.append(table[["kind", "db"]].assign(**about).join(ranks.astype("Int32")))
    return pd.concat(frames, ignore_index=True)


def test_detectors_are_ranked_with_ties_and_controls() -> None:
    table = made_up(KEYS)
    manifests = {"pca_kde": artifacts.read_manifest(DEMO / "pca_kde")}
    found = Evidence(table, manifests).sensitivity()
    figures = found.figures
    assert figures.index.tolist() == ["gwrp_gaussian", "knn_bands", "control_rms", "pca_kde"]
    assert found.best == ["gwrp_gaussian", "knn_bands"]
    assert figures["clear"].to_dict() == {
        "gwrp_gaussian": True,
        "knn_bands": True,
        "control_rms": True,
        "pca_kde": False,
    }
    assert figures.index[~figures["above"]].tolist() == ["pca_kde"], "worse than the control, not merely near it"
    assert ((figures["low"] < figures["auc"]) & (figures["auc"] < figures["high"])).all()
    mine = table[table["detector"] == "pca_kde"]
    normal, made = (
        mine.loc[mask, "trained"].to_numpy(dtype=float) for mask in (mine["kind"] == "", mine["kind"] != "")
    )
    assert figures.loc["pca_kde", "auc"] == pytest.approx(auc(normal, made))
    halves = mine[mine["kind"] == ""][["half_a", "half_b"]].astype(float)
    assert figures.loc["pca_kde", "stability"] == pytest.approx(spearmanr(halves["half_a"], halves["half_b"]).statistic)
    assert 1.0 < figures.loc["pca_kde", "tail"] < 6.0
    assert figures[["untrained"]].isna().all().all()
    curve = found.curves[(found.curves["detector"] == "gwrp_gaussian") & (found.curves["kind"] == "tone")]
    assert curve["db"].tolist() == list(GRADED["tone"][1])
    assert curve["auc"].is_monotonic_increasing
    assert Evidence(table[:0], {}).sensitivity().figures.empty


def partly_known() -> pd.DataFrame:
    """Evidence in which the best detector does not know the second machine."""
    one, other = made_up(KEYS), made_up(KEYS).assign(machine_id="02", clip_id=lambda t: "02" + t["clip_id"])
    return pd.concat([one, other[other["detector"] != "gwrp_gaussian"]], ignore_index=True)


def test_a_mean_over_fewer_machines_is_never_the_best() -> None:
    found = Evidence(partly_known(), {}).sensitivity()
    assert found.figures["auc"].idxmax() == "gwrp_gaussian"
    assert found.figures.index.tolist() == ["knn_bands", "control_rms", "pca_kde", "gwrp_gaussian"]
    assert found.ranked == ["knn_bands", "control_rms", "pca_kde"]
    assert found.best == ["knn_bands"]
    assert found.coverage() == {"gwrp_gaussian": "1 of 2 ids"}
    assert Evidence(made_up(KEYS), {}).sensitivity().coverage() == {}


def test_what_is_remembered_of_detectors_does_not_change_what_is_said_of_others() -> None:
    table = partly_known()
    evidence = Evidence(table, {})
    for shown in (["pca_kde", "gwrp_gaussian"], ["knn_bands", "pca_kde"], None, ["pca_kde"], ["knn_bands", "pca_kde"]):
        again, fresh = evidence.sensitivity(shown), Evidence(table, {}).sensitivity(shown)
        assert_frame_equal(again.figures, fresh.figures)
        assert_frame_equal(again.curves, fresh.curves)
        assert (again.n_ids, again.control) == (fresh.n_ids, fresh.control)


def test_detectors_chosen_in_turn_are_resampled_once(monkeypatch: pytest.MonkeyPatch) -> None:
    evidence, resampled = Evidence(made_up(KEYS), {}), []
    once = SyntheticCheck.resampled
    monkeypatch.setattr(SyntheticCheck, "resampled", lambda check, seed=0: resampled.append(check) or once(check, seed))
    evidence.sensitivity()
    assert len(resampled) == len(KEYS)
    evidence.sensitivity(["knn_bands", "pca_kde"])
    assert len(resampled) == len(KEYS)


def test_the_interval_knows_how_few_clips_the_anomalies_are_made_of() -> None:
    few, many = (Evidence(made_up({"knn_bands": 0.3}, sources=n), {}).sensitivity().figures.iloc[0] for n in (4, 40))
    assert few["high"] - few["low"] > 1.3 * (many["high"] - many["low"])
    normal, sources = np.arange(40.0), np.repeat([3, 30], 30)
    check = SyntheticCheck(normal, ["00"] * 40, np.full(60, 99.0), sources, ["burst"] * 60)
    low, high = check.interval(check.resampled())
    assert (low < 0.4, high) == (True, 1.0), "two clips, whatever was made of them"


def test_a_small_figure_for_each_kind_with_a_line_a_detector() -> None:
    names = {"knn_bands": "kNN", "pca_kde": "PCA"}
    figure = sensitivity_figure(Evidence(made_up(KEYS), {}).sensitivity().curves, names)
    assert len(figure.data) == len(GRADED) * len(names)
    assert {trace.legendgroup for trace in figure.data} == set(names)
    assert sum(trace.showlegend for trace in figure.data) == len(names)
    assert figure.layout.yaxis.range[0] == pytest.approx(0.3)
    worse = Evidence(made_up(KEYS), {}).sensitivity().curves.assign(auc=0.1)
    assert sensitivity_figure(worse, names).layout.yaxis.range[0] < 0.1, "also lines below chance are seen"


def test_the_demo_has_evidence_of_every_detector() -> None:
    table = read_evidence(DEMO)
    assert missing_evidence(DEMO) == []
    for key in artifacts.trained_keys(
        DEMO
    ):  # also of those that five fits calibrated: on the held-out fifth, as the others
        normals = table[(table["detector"] == key) & (table["kind"] == "")]
        n = 30 if key == "fusion" else 60  # the other half teaches it
        assert normals.groupby("machine_id").size().to_dict() == dict.fromkeys(("00", "02", "04", "06"), n)


def test_a_level_meter_that_would_do_is_named(factory: Path, factory_models: Path, small_models: Path) -> None:
    """A shift of level alone, and classes of fewer than five clips."""
    rows = [
        {
            "detector": "control_rms",
            "machine_id": machine_id,
            "label": label,
            "raw": raw + 10.0 * loud * (label == "anomaly"),
        }
        for machine_id, loud in (("00", True), ("02", False))
        for label in ("normal", "anomaly")
        for raw in range(6)
    ]
    table = pd.DataFrame(rows)
    assert level_meter(table).startswith(
        "The clip's level alone tells the labelled anomalies of machine id 00 from normal"
    )
    assert "machine id" not in level_meter(table[table["machine_id"] == "00"])
    assert level_meter(table[table["machine_id"] == "02"]) == ""
    assert level_meter(table[table["raw"].isin([0, 1, 2, 10, 11, 12])]) == ""
    assert level_meter(table.assign(detector="pca_kde")) == ""
    assert level_meter(read_scores(factory_models, None)) == "", "four clips of a class"


def test_evaluate_says_that_a_level_meter_would_do(
    small_models: Path, small_folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    sentence = level_meter(read_scores(small_models, None))
    assert sentence
    monkeypatch.setattr(
        "sys.argv", ["asd_core", "evaluate", "--data", str(small_folder), "--models", str(small_models)]
    )
    assert main() == 0
    assert sentence in capsys.readouterr().err
