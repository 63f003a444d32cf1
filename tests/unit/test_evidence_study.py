"""Which evidence without labels predicts the true ranking of detectors."""

import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.stats import spearmanr

from asd_core.detectors import detector_keys, is_control
from asd_core.errors import ArtifactError
from asd_core.evaluation import bootstrap
from asd_core.experiments import EvidenceStudy, evidence_study, read_study, store_study, study_record
from asd_core.experiments.study import POOLED, _study, evidence_figures, rank_correlations
from asd_core.training import GRADED
from tests.conftest import ROOT

DEMO = ROOT / "trained_models" / "demo"
KEYS = [key for key in detector_keys() if not is_control(key)][:12]
IDS = ["00", "02", "04"]


def studied(evidence: dict[str, np.ndarray], quality: np.ndarray, ids: list[str] = IDS) -> EvidenceStudy:
    """A study of detectors whose scores part the classes by ``quality (n_detectors, n_ids)``."""
    rng, parts = np.random.default_rng(0), []
    for n, machine_id in enumerate(ids):
        label = np.repeat(["normal", "anomaly"], 60)
        noise = rng.normal(size=120)
        for key, of in zip(KEYS, quality, strict=True):
            raw = noise + 0.2 * rng.normal(size=120) + of[n] * (label == "anomaly")
            clip_ids = [f"{machine_id}/{k}" for k in range(120)]
            parts.append(
                pd.DataFrame(
                    {"clip_id": clip_ids, "machine_id": machine_id, "label": label, "detector": key, "raw": raw}
                )
            )
    draws = bootstrap(pd.concat(parts), resamples=100)
    return _study(evidence, draws.observed["auc"].T, KEYS, ids, draws, 0)


QUALITY = np.linspace(0.2, 3.0, len(KEYS))[:, None] + np.zeros(len(IDS))
WRONG = np.random.default_rng(3).permutation(len(KEYS)).astype(float)[:, None] + np.zeros(len(IDS))


def test_evidence_that_orders_detectors_as_they_are_is_found_better() -> None:
    worst_first = -QUALITY
    another_first = QUALITY.copy()
    another_first[7] = 100.0
    evidence = {POOLED: WRONG, "good": QUALITY, "bad": worst_first, "order alone": another_first}
    study = studied(evidence, QUALITY)
    rows = study.table.set_index("evidence")
    assert rows.loc["good", "rho"] == pytest.approx(1.0, abs=0.03)
    assert rows.loc["bad", "rho"] == pytest.approx(-1.0, abs=0.03)
    assert (rows.loc["good", "hits"], rows.loc["good", "together"], rows.loc["good", "regret"]) == (
        3,
        True,
        pytest.approx(0.0, abs=1e-3),
    )
    assert (rows.loc["bad", "hits"], rows.loc["bad", "together"]) == (0, False)
    assert rows.loc["bad", "together_regret"] > 0.2
    assert rows.loc["good", "difference_low"] > 0 > rows.loc["bad", "difference_high"]
    assert rows.loc["order alone", "difference_low"] > 0
    assert rows.loc["order alone", "hits"] <= rows.loc[POOLED, "hits"]
    assert study.chosen_hits == 3, "chosen on the other machine ids"
    assert study.better == ["good"]
    assert any("Clearly better to choose by: good." in s for s in study.conclusions())


def test_of_one_machine_id_nothing_is_said_of_others() -> None:
    study = studied({POOLED: QUALITY[:, :1], "near": QUALITY[:, :1]}, QUALITY[:, :1], IDS[:1])
    said = " ".join(study.conclusions())
    assert (
        "the best or tied with it (0.000 below). There is one machine id: nothing says whether this holds on another."
        in said
    )
    assert "other machine ids" not in said
    assert "all machine ids together" not in said


def test_nothing_is_better_than_evidence_that_is_as_good() -> None:
    near = QUALITY + 0.05 * np.random.default_rng(1).normal(size=QUALITY.shape)
    study = studied({POOLED: QUALITY, "near": near}, QUALITY)
    assert study.better == []
    assert "stays as it is" in study.conclusions()[-1]


def test_a_better_order_alone_is_no_better_choice() -> None:
    """It orders the others well, but both put the best detector first."""
    first = WRONG.copy()
    first[-1] = 100.0
    study = studied({POOLED: first, "good": QUALITY}, QUALITY)
    assert study.table.set_index("evidence").loc["good", "difference_low"] > 0
    assert study.better == []
    assert any("orders detectors better" in s for s in study.conclusions())


def test_the_choice_of_evidence_is_not_made_on_the_id_it_is_judged_on() -> None:
    """Evidence that is right on one id alone, and there alone best of all, is not chosen for that id."""
    lucky = -QUALITY.copy()
    lucky[:, 0] = QUALITY[:, 0]
    study = studied(
        {POOLED: np.where(np.arange(3) == 0, -QUALITY, 0.9 * QUALITY + 0.001 * WRONG), "lucky": lucky}, QUALITY
    )
    assert study.chosen_hits == 2, "on the first id the others' choice, the pooled figure, is wrong"


def test_few_detectors_with_a_kind_of_evidence_have_no_interval() -> None:
    few = QUALITY.copy()
    few[5:] = np.nan
    row = studied({POOLED: QUALITY, "few": few}, QUALITY).table.set_index("evidence").loc["few"]
    assert row["n_detectors"] == 5
    assert np.isnan(row["low"])


def test_rank_correlations_are_spearmans() -> None:
    rng = np.random.default_rng(0)
    one, other = rng.integers(0, 6, (4, 20)).astype(float), rng.normal(size=(4, 20))
    expected = [spearmanr(a, b).statistic for a, b in zip(one, other, strict=True)]
    assert rank_correlations(one, other) == pytest.approx(expected)
    assert np.isnan(rank_correlations(np.zeros(5), np.arange(5.0)))


def test_evidence_is_told_apart_by_kind_and_strength() -> None:
    """A detector that hears strong tones alone."""
    rows = [("", np.nan, 10 + k, 10 + k, 10 + k) for k in range(10)]
    rows += [
        (kind, db, 40 if kind == "tone" and db == 18.0 else 0, 15, None)
        for kind, (_, dbs) in GRADED.items()
        for db in dbs
    ]
    table = pd.DataFrame(rows, columns=["kind", "db", "trained", "untrained", "half_a"])
    table = table.assign(half_b=-table["half_a"].astype(float))
    figures = evidence_figures(table, np.r_[np.zeros(18), 5.0, 6.0])
    assert (figures["tone"], figures["burst"]) == (0.25, 0.0)
    assert (figures["strongest, all kinds"], figures["strong, all kinds"]) == (0.25, 0.0)
    assert figures[POOLED] == 1 / 16
    assert figures["gain over its untrained baseline"] == pytest.approx(1 / 16 - 0.55)
    assert figures["stability over halves"] == pytest.approx(-1.0)
    long, short = (evidence_figures(table, np.r_[np.linspace(0, 1, 40), [top] * 4])["short tail"] for top in (9.0, 1.0))
    assert long < short


def test_the_demo_has_it_and_it_is_void_when_detectors_are_trained_again(tmp_path: Path) -> None:
    study = read_study(DEMO)
    assert study is not None
    record = study_record(DEMO)
    assert f"On the {study.n_ids} machine ids of demo" in record
    assert "together" in record
    for path in DEMO.glob("*/manifest.json"):
        (tmp_path / path.parent.name).mkdir()
        shutil.copy(path, tmp_path / path.parent.name / path.name)
        for weights in path.parent.glob("weights*.safetensors"):
            shutil.copy(weights, tmp_path / path.parent.name)
    store_study(study, tmp_path)
    again = read_study(tmp_path)
    assert again is not None
    assert again.table.equals(study.table)
    assert (again.n_ids, again.chosen_hits, again.chosen_regret) == (
        study.n_ids,
        study.chosen_hits,
        study.chosen_regret,
    )
    shutil.rmtree(tmp_path / "pca_kde")
    assert read_study(tmp_path) is None
    assert study_record(tmp_path) == ""


def test_too_few_detectors_are_refused(small_models: Path) -> None:
    with pytest.raises(ArtifactError, match="6 detectors or more"):
        evidence_study(small_models)
