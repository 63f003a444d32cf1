import io

import numpy as np
import pandas as pd

from asd_core.space import chosen_clips, clip_figures, readable_columns

ABOUT = pd.DataFrame(
    {
        "clip_id": ["a", "b", "c", "d"],
        "machine_id": ["00", "00", "02", "02"],
        "split": ["test"] * 4,
        "label": ["normal", "anomaly", "normal", "anomaly"],
        "sha256": ["1", "2", "3", "2"],  # two machines may have made the same recording
    },
    index=[4, 5, 8, 9],
)
SCORES = pd.DataFrame(
    {
        "detector": ["k", "k", "k", "other"],
        "sha256": ["1", "2", "2", "3"],
        "machine_id": ["00", "00", "02", "02"],
        "calibrated": [10.0, 90.0, 55.0, 70.0],
        "raw": [0.1, 0.9, 0.5, 0.7],
        "threshold": [0.4, 0.4, 0.3, 0.6],
        "margin": [-3.0, 250.0, 2.0, 1.0],
    }
)
EMPTY = SCORES.iloc[:0]


def test_scores_belong_to_a_sound_and_its_machine() -> None:
    found = clip_figures(ABOUT, [EMPTY, SCORES], "k", "calibrated")
    assert found.index.tolist() == [4, 5, 8, 9]
    assert np.array_equal(found, [10.0, 90.0, np.nan, 55.0], equal_nan=True)
    assert clip_figures(ABOUT, [EMPTY], "k", "raw").isna().all()


def test_the_table_keeps_the_maps_order_and_says_what_its_figures_are_of() -> None:
    judged = ABOUT.assign(applicable=pd.array([True, True, True, None], dtype="boolean"), applicability_reason="")
    table = chosen_clips(judged, [5, 9, 4, 77], [SCORES], {"k": "Kay"}, {"k": "abcd1234"}, 0.05)
    assert table["clip_id"].tolist() == ["a", "b", "d"]
    assert table["machine_id"].tolist() == ["00", "00", "02"]
    assert table["applicable"].tolist() == [True, True, pd.NA]
    assert table["denoise"].tolist() == [0.0] * 3
    assert table["false_alarm_rate"].tolist() == [0.05] * 3
    assert table["Kay, margin"].tolist() == [-3.0, 250.0, 2.0]
    assert table["Kay, raw"].tolist() == [0.1, 0.9, 0.5]
    assert table["Kay, threshold"].tolist() == [0.4, 0.4, 0.3]
    assert table["Kay, model version"].tolist() == ["abcd1234"] * 3
    assert readable_columns(table).columns.tolist() == ["clip_id", "machine_id", "split", "label", "Kay, margin"]


def test_csv_reads_back_and_leaves_empty_what_is_not_known() -> None:
    table = chosen_clips(ABOUT, [4, 8], [SCORES], {"k": "Kay"}, {"k": "v"}, 0.05)
    text = table.to_csv(index=False)
    assert text.splitlines()[2] == "c,02,test,normal,3,original,0.0,0.05,,,,v"
    back = pd.read_csv(io.StringIO(text), dtype={"machine_id": str})
    assert back.columns.tolist() == table.columns.tolist()
    assert back["Kay, margin"].isna().tolist() == [False, True]
