"""A few labelled anomalies: measured on kinds of faults whose labels were not used."""

import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from asd_core.datasets import Dataset, demo_dataset
from asd_core.errors import TrainingError
from asd_core.evaluation import COUNTS, EVERY, LabelledClips, auc, few_label_curve
from asd_core.experiments import (
    FEW_LABELS,
    few_labels_sentence,
    measure_few_labels,
    missing_for_few_labels,
    read_few_labels,
)
from asd_core.files import read_parquet, write_parquet
from asd_core.plots import few_labels_figure
from tests.conftest import ROOT

DEMO = ROOT / "trained_models" / "demo"
KINDS = ("belt", "grease", "rail")
D = 6
# Pairs of figures that move together, each in its own measure: so that the principal components are known.
MIXED = np.kron(np.eye(3), np.ones((2, 2))) * np.repeat([0.97, 0.8, 0.5], 2)[:, None]
np.fill_diagonal(MIXED, 1.0)
ROOT_OF = np.linalg.cholesky(MIXED).T


def clips(shifts: dict[str, np.ndarray], each: int = 25, seed: int = 0) -> tuple[LabelledClips, LabelledClips]:
    """Training normals, and test clips of two machines: ``each`` normal ones and as many of every kind a machine."""
    rng = np.random.default_rng(seed)
    learned = (rng.normal(size=(1200, D)) @ ROOT_OF).astype(np.float32)
    train = LabelledClips(learned, np.repeat(["00", "02"], 600), np.full(1200, "", "<U6"))
    kinds = np.tile(np.repeat(["", *shifts], each), 2)
    ids = np.repeat(["00", "02"], each * (1 + len(shifts)))
    moved = np.array([shifts.get(str(kind), np.zeros(D)) for kind in kinds])
    vectors = (rng.normal(size=moved.shape) @ ROOT_OF + moved).astype(np.float32)
    # Machine 02 is on another scale altogether.
    for part in (train.vectors, vectors):
        rows = (train.machine_ids if part is train.vectors else ids) == "02"
        part[rows] = 40.0 * part[rows] - 7.0
    return train, LabelledClips(vectors, ids, kinds)


def apart() -> dict[str, np.ndarray]:
    """Each kind along one component of its own."""
    away = np.array([1.5, 3.0, 4.5])
    return {kind: away[n] * (np.eye(D)[2 * n] - np.eye(D)[2 * n + 1]) for n, kind in enumerate(KINDS)}


def alike() -> dict[str, np.ndarray]:
    return dict.fromkeys(KINDS, 0.5 * (np.eye(D)[0] - np.eye(D)[1]))


def mean(table: pd.DataFrame, k: int) -> float:
    return float(table.loc[(table["k"] == k) & (table["kind"] == EVERY), "auc"].iloc[0])


def test_knowing_some_faults_helps_with_faults_like_them() -> None:
    train, test = clips(alike())
    table = few_label_curve(train, test, np.zeros(len(test.kinds)), draws=3)
    assert list(table.loc[table["kind"] == EVERY, "k"]) == [0, *COUNTS]
    assert mean(table, 0) == 0.5, "a detector that scores all alike"
    assert mean(table, 20) > 0.9
    row = table[(table["k"] == 20) & (table["kind"] == EVERY)].iloc[0]
    assert row["difference_low"] > 0.2
    assert row["low"] < row["auc"] < row["high"]
    assert row["draw_low"] <= row["auc"] <= row["draw_high"]
    assert (row["n_anomalies"], row["n_normal"]) == (150, 50)


def test_a_kind_that_is_tested_was_never_shown() -> None:
    """Faults that share nothing: a head that had seen the tested kind would know it."""
    train, test = clips(apart())
    told = few_label_curve(train, test, np.zeros(len(test.kinds)), counts=(20,), draws=2)
    assert mean(told, 20) < 0.75
    # The same clips with each kind split in two names: now the head is shown the other half of the tested kind.
    rng = np.random.default_rng(1)
    halves = np.where(
        (test.kinds != "") & (rng.random(len(test.kinds)) < 0.5), np.char.add(test.kinds, "2"), test.kinds
    )
    leaked = few_label_curve(
        train, LabelledClips(test.vectors, test.machine_ids, halves), np.zeros(len(halves)), counts=(20,), draws=2
    )
    assert mean(leaked, 20) > mean(told, 20) + 0.15


def test_no_tested_normal_clip_is_learned_from() -> None:
    """Test normals that lie where the anomalies do, but for a mark of their own: only who had learned from them would know it."""
    train, test = clips(alike())
    normal = test.kinds == ""
    scale = np.where(test.machine_ids == "02", 40.0, 1.0)[normal, None]
    mark = 0.5 * (np.eye(D)[0] - np.eye(D)[1]) + 3.0 * (np.eye(D)[4] - np.eye(D)[5])
    test.vectors[normal] += (scale * mark).astype(np.float32)
    assert mean(few_label_curve(train, test, np.zeros(len(test.kinds)), counts=(20,), draws=2), 20) < 0.8


def test_it_stands_beside_the_detector_on_the_same_clips() -> None:
    train, test = clips(apart())
    raw = (test.kinds != "") + 1e-3 * np.arange(len(test.kinds))
    table = few_label_curve(train, test, raw, counts=(5,), draws=2)
    assert mean(table, 0) == 1.0
    row = table[(table["k"] == 5) & (table["kind"] == EVERY)].iloc[0]
    assert row["difference"] == pytest.approx(row["auc"] - 1.0)
    assert row["difference_high"] < 0
    own = (test.machine_ids == "00") & np.isin(test.kinds, ["", "belt"])
    one = few_label_curve(
        train,
        test.where(own | (test.machine_ids == "02") & (test.kinds == "rail")),
        raw[own | (test.machine_ids == "02") & (test.kinds == "rail")],
        counts=(5,),
        draws=1,
    )
    assert set(one["kind"]) == {EVERY, "belt"}, "a machine without tested normal clips has no figure"
    assert float(one.loc[(one["kind"] == "belt") & (one["k"] == 0), "auc"].iloc[0]) == auc(
        raw[own & (test.kinds == "")], raw[own & (test.kinds == "belt")]
    )


def test_counts_beyond_what_is_labelled_are_left_out_and_the_same_seed_gives_the_same() -> None:
    train, test = clips(alike(), each=4)
    raw = np.zeros(len(test.kinds))
    table = few_label_curve(train, test, raw, draws=2, seed=3)
    assert set(table["k"]) == {0, 5, 10}, "the other kinds have 16 anomalies"
    assert table.equals(few_label_curve(train, test, raw, draws=2, seed=3))
    stranger = LabelledClips(test.vectors, np.where(test.kinds == "rail", "99", test.machine_ids), test.kinds)
    assert "rail" not in set(few_label_curve(train, stranger, raw, counts=(5,), draws=1)["kind"]), (
        "a machine without training normals"
    )


FAULTS = ["", "", *["belt"] * 6, *["rail"] * 6]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({}, ""),
        ({"label": "normal"}, "No anomaly is labelled"),
        ({"fault": ["", "", "", *["belt"] * 12]}, "of 1 kind of fault: it takes two"),
        ({"fault": ["", "", "", *["belt"] * 9, *["rail"] * 3]}, "only 3 anomalies are labelled: 5 are needed"),
        ({"split": "test"}, "No machine has 2 normal clips to learn from"),
        ({"split": ["train", *["test"] * 14]}, "No machine has 2 normal clips to learn from"),
        ({"split": [*["train"] * 3, *["test"] * 12]}, "both a normal clip and an anomaly outside training"),
        ({"machine_id": ["00", "00", "02", *["00"] * 12]}, "both a normal clip and an anomaly outside training"),
    ],
)
def test_what_is_missing_is_said(change: dict[str, object], said: str) -> None:
    table = pd.DataFrame(
        {
            "machine_id": "00",
            "split": ["train", "train", *["test"] * 13],
            "label": ["normal"] * 3 + ["anomaly"] * 12,
            "fault": ["", *FAULTS],
        }
    )
    found = missing_for_few_labels(table.assign(**change))
    assert said in found
    assert bool(found) == bool(said)
    assert "what kind of fault" in missing_for_few_labels(table.drop(columns="fault"))


def test_a_dataset_without_kinds_is_refused_in_a_sentence(small_dataset: Dataset, small_models: Path) -> None:
    with pytest.raises(TrainingError, match="what kind of fault"):
        measure_few_labels(small_dataset, small_models)
    assert read_few_labels(small_models) is None


def test_the_demo_has_it_and_it_is_void_when_its_detector_is_trained_again(tmp_path: Path) -> None:
    table = read_few_labels(DEMO)
    assert table is not None
    assert set(table["k"]) == {0, *COUNTS}
    assert not few_labels_figure(table[table["kind"] == EVERY], "x").data[1].name.startswith("x")
    key = str(table["detector"].iloc[0])
    shutil.copytree(DEMO / key, tmp_path / key)
    for version, there in ((None, True), ("other", False)):
        changed = table if version is None else table.assign(model_version=version)
        write_parquet(changed, tmp_path / FEW_LABELS)
        assert (read_few_labels(tmp_path) is not None) == there
    write_parquet(table.assign(schema=0), tmp_path / FEW_LABELS)
    assert read_few_labels(tmp_path) is None
    assert read_parquet(tmp_path / FEW_LABELS) is not None


@pytest.mark.parametrize(
    ("low", "high", "said"), [(0.01, 0.05, "above it"), (-0.05, -0.01, "below it"), (-0.01, 0.05, "not clearly apart")]
)
def test_the_sentence_says_what_the_interval_allows(low: float, high: float, said: str) -> None:
    rows = [(0, 0.9, 0.0, 0.0, 0.0), (5, 0.92, 0.02, low, high)]
    table = pd.DataFrame(rows, columns=["k", "auc", "difference", "difference_low", "difference_high"])
    assert said in few_labels_sentence(table.assign(kind=EVERY, detector="pca_kde"))


def test_a_machine_with_one_training_clip_is_left_out() -> None:
    rng = np.random.default_rng(0)
    train = LabelledClips(rng.normal(size=(21, 6)), np.array(["00"] * 20 + ["02"]), np.array([""] * 21))
    kinds = np.array([""] * 12 + ["belt"] * 8 + ["rail"] * 8)
    test = LabelledClips(rng.normal(size=(56, 6)), np.repeat(["00", "02"], 28), np.tile(kinds, 2))
    table = few_label_curve(train, test, rng.normal(size=56), counts=(5,), draws=1)
    assert table["n_normal"].unique().tolist() == [12]


def test_clips_without_scores_are_not_counted_on(tmp_path: Path) -> None:
    """The catalogue holds enough kinds of fault, but only one kind was scored."""
    folder = Path(shutil.copytree(DEMO, tmp_path / "demo", ignore=shutil.ignore_patterns("weights*", "experiments")))
    scores = read_parquet(folder / "scores.parquet")
    assert scores is not None
    write_parquet(scores[scores["fault"].isin(["", "loose_belt"])], folder / "scores.parquet")
    with pytest.raises(TrainingError, match=r"Of the clips that have scores: .*1 kind of fault"):
        measure_few_labels(demo_dataset(), folder)
