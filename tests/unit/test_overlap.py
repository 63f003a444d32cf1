import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from asd_core.artifacts import ModelSet
from asd_core.datasets import Dataset, demo_dataset, render_demo_clip
from asd_core.errors import DatasetError
from asd_core.explain import OVERLAP, overlap_section
from asd_core.explain.map_overlap import fault_frames, fault_points, measure, overlap, summary
from asd_core.sound import prepare
from tests.conftest import ROOT

DEMO = ROOT / "trained_models" / "demo"


def test_shares_by_hand() -> None:
    values = np.zeros((4, 20), np.float32)
    values[1, 3], values[2, 4], values[:, 9] = 5.0, 4.0, 0.1
    in_time = np.zeros(20, bool)
    in_time[[3, 11, 12]] = True
    found = overlap(values, values[:, ::-1], in_time)  # top two frames: 3 and 4; reversed 16 and 15
    assert found == {"hit": 0.5, "shuffled": 0.0, "chance": 0.15, "best": 1.0}
    in_place = np.zeros((4, 20), bool)
    in_place[1, 3] = in_place[2, 4] = in_place[0, 9] = True  # top eight points: these and five others
    assert overlap(values, values, in_place)["hit"] == 3 / 8
    assert overlap(values, values, in_place)["best"] == 3 / 8


def test_fault_frames_are_those_with_their_centre_inside() -> None:
    inside = fault_frames(((1.0, 1.1), (9.9, 10.0)), 313)
    assert inside.shape == (313,)
    assert np.flatnonzero(inside).tolist() == [32, 33, 34, 310, 311, 312]


def test_fault_points_are_where_the_fault_is_heard() -> None:
    demo = demo_dataset()
    rows = demo.rows(split="test", label="anomaly")
    row = rows[(rows["fault"] == "rail_damage") & (rows["severity"] == 1.0)].iloc[0].to_dict()
    clip = prepare(demo.read(row["clip_id"]))
    points = fault_points(row, clip)
    frames = fault_frames(render_demo_clip(row).fault_events, points.shape[1])
    assert points.shape == (128, 313)
    assert 0.003 < points.mean() < 0.1
    # A frame reaches 32 ms to both sides of its centre.
    assert points[:, frames].mean() > 10 * points[:, ~frames].mean()


def test_measures_a_few_faults_of_the_demo() -> None:
    demo = demo_dataset()
    strong = demo.catalogue.query("split == 'test' and severity == 1.0 and machine_id == '02'")
    mild = demo.catalogue.query("split == 'test' and severity == 0.5 and machine_id == '02'")
    table = measure(replace(demo, catalogue=pd.concat([strong, mild])), ModelSet(DEMO, ["knn_bands", "control_rms"]))
    assert table["detector"].tolist() == ["knn_bands"] * 3
    assert sorted(table["fault"]) == ["loose_belt", "no_grease", "rail_damage"]
    stored = pd.read_parquet(DEMO / OVERLAP).set_index(["detector", "clip_id"])
    for row in table.to_dict("records"):
        own = stored.loc[(row["detector"], row["clip_id"])]
        for name in ("time_hit", "time_chance", "time_best", "place_hit", "place_chance", "place_best"):
            assert own[name] == pytest.approx(row[name], abs=0.02), name


def test_only_the_demo_knows_its_faults(small_dataset: Dataset, small_models: Path) -> None:
    with pytest.raises(DatasetError, match="Nobody knows where the faults"):
        measure(small_dataset, ModelSet(small_models))


def test_the_best_map_is_three_times_better_than_chance() -> None:
    found = summary(pd.read_parquet(DEMO / OVERLAP)).set_index("detector")
    assert found["place_low"].max() > 3.0
    assert found["time rail_damage"].max() > 3.0
    assert found["time_short"].max() > 3.0
    assert (found["time_ratio"] <= found["time_best"]).all()
    assert found["time_shuffled"].between(0.8, 1.2).all()  # the order of the frames is all that a time can come from
    assert found.loc["control_mahalanobis", "time_ratio"] == pytest.approx(1.0, abs=0.15)  # the same at all times
    assert (found["time_low"] < found["time_ratio"]).all()
    assert (found["time_ratio"] < found["time_high"]).all()


def test_the_section_leaves_out_detectors_that_were_trained_again(tmp_path: Path, small_models: Path) -> None:
    assert "Not measured" in overlap_section(tmp_path)
    others = Path(shutil.copytree(small_models, tmp_path / "small"))
    shutil.copy(DEMO / OVERLAP, others)
    assert "Not measured" in overlap_section(others)
    text = overlap_section(DEMO)
    assert text.count("\n| ") == 16
    assert "chosen on these very clips" in text
