"""Agreement of detectors, and figures by an attribute of the clips."""

import numpy as np
import pandas as pd
import pytest

from asd_core.evaluation import breakdown, disagreements, rank_correlation, without_value
from tests.unit.score_tables import auc_of, with_attributes


def test_agreement_is_within_ids() -> None:
    rng = np.random.default_rng(0)
    loud = np.repeat([0.0, 100.0], 40)  # two ids: independent scores seem alike across them
    base = pd.DataFrame({"machine_id": np.repeat(["00", "02"], 40), "clip_id": [str(k) for k in range(80)]})
    a = rng.normal(size=80)
    columns = {"a": a + loud, "squared": np.exp(a) + loud, "b": rng.normal(size=80) + loud, "flat": np.zeros(80)}
    scores = pd.concat([base.assign(detector=k, raw=v, label="normal") for k, v in columns.items()])
    found = rank_correlation(scores)
    assert found.loc["a", "squared"] == pytest.approx(1.0)
    assert abs(found.loc["a", "b"]) < 0.25
    assert np.isnan(found.loc["a", "flat"])
    assert found.equals(found.T)
    assert np.isnan(rank_correlation(scores, label="anomaly").to_numpy()).all()


def test_disagreements_name_who_and_how_far() -> None:
    rows = [("00", "x", "a", -2.0), ("00", "x", "b", 30.0), ("00", "x", "c", 1.0), ("00", "y", "a", 400.0)]
    rows += [("00", "y", "b", 90.0), ("02", "x", "a", 9.0), ("02", "x", "b", -0.5), ("02", "alone", "a", 0.0)]
    scores = pd.DataFrame(rows, columns=["machine_id", "clip_id", "detector", "margin"]).assign(
        label="normal",
        calibrated=100.0,  # saturated: it could rank none of them
    )
    found = disagreements(scores)
    margins = ([-2.0, 30.0, 1.0], [9.0, -0.5], [400.0, 90.0])
    assert found["spread"].tolist() == pytest.approx([np.arcsinh(of_clip).std() for of_clip in margins])
    assert found.loc[0, ["clip_id", "machine_id", "highest", "lowest"]].tolist() == ["x", "00", "b", "a"]
    assert found.loc[1, ["highest_margin", "lowest_margin"]].tolist() == [9.0, -0.5]
    assert len(disagreements(scores, 1)) == 1


def test_breakdown_by_an_attribute_of_anomalies_takes_all_normals() -> None:
    scores = with_attributes()
    found = breakdown(scores, "fault").set_index(["detector", "value"])
    normal = scores["label"] == "normal"
    chosen = scores[normal | (scores["fault"] == "belt")]
    expected = np.mean([auc_of(chosen, "pca_kde", i) for i in ("00", "02")])
    row = found.loc[("pca_kde", "belt")]
    assert row["auc"] == pytest.approx(expected)
    assert (row["n_normal"], row["n_anomaly"], row["n_ids"]) == (120, 40, 2)
    severity = breakdown(scores, "severity")
    assert severity["value"].unique().tolist() == ["mild", "medium", "strong"]
    assert severity["n_anomaly"].tolist() == [40] * 6


def test_clips_without_a_value_are_counted() -> None:
    """Once each, whatever number of detectors; a fault is missed of anomalies alone."""
    scores = with_attributes()
    anomalous, clip = scores["label"] == "anomaly", scores["clip_id"].astype(int)
    assert [without_value(scores, name) for name in ("fault", "severity", "snr_db", "speed")] == [0, 0, 0, 0]
    unknown = scores.assign(
        fault=scores["fault"].where(~anomalous | (clip % 3 > 0), ""), snr_db=scores["snr_db"].where(clip % 4 > 0)
    )
    missing = unknown[unknown["snr_db"].isna()].drop_duplicates(["machine_id", "clip_id"])
    assert (without_value(unknown, "fault"), without_value(unknown, "snr_db")) == (40, len(missing))
    for name in ("fault", "snr_db"):
        rows = breakdown(unknown, name).query("detector == 'pca_kde'")
        labels = ["anomaly"] if name == "fault" else ["normal", "anomaly"]
        of = scores[scores["label"].isin(labels)].drop_duplicates(["machine_id", "clip_id"])
        shown = rows[[f"n_{label}" for label in labels]].to_numpy().sum()
        assert shown + without_value(unknown, name) == len(of)


def test_breakdown_by_a_shared_attribute_takes_normals_of_the_same_value() -> None:
    scores = with_attributes()
    found = breakdown(scores, "snr_db").set_index(["detector", "value"])
    expected = np.mean([auc_of(scores[scores["snr_db"] == 6], "cnn_ae", i) for i in ("00", "02")])
    assert found.loc[("cnn_ae", 6), "auc"] == pytest.approx(expected)
    assert found.loc[("cnn_ae", 6), "n_normal"] == 60
    by_id = breakdown(scores, "machine_id").set_index(["detector", "value"])
    assert by_id.loc[("cnn_ae", "02"), "auc"] == pytest.approx(auc_of(scores, "cnn_ae", "02"))
    assert len(breakdown(scores, "speed")["value"].unique()) == 3
    # Normal clips of one domain, anomalies of the other: nothing to compare, and that is said.
    domain = breakdown(scores, "domain")
    assert domain["auc"].isna().all()
    assert domain["n_ids"].tolist() == [0] * 4
    assert sorted(domain["n_anomaly"].tolist()) == [0, 0, 120, 120]
