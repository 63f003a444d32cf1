"""In which order clips are heard."""

import time

import numpy as np
import pandas as pd
import pytest

from asd_core.artifacts import Calibration
from asd_core.errors import LabelError
from asd_core.labels import QUEUES, LabelStore, align_scores, label_queue
from asd_core.scoring import with_margins
from tests.unit.label_helpers import DATASET, act, clips, label, name, sha


def scores(margins: dict[str, list[float]]) -> pd.DataFrame:
    parts = []
    for detector, own in margins.items():
        table = clips(len(own))[["clip_id", "sha256"]].assign(detector=detector, margin=own, calibrated=100.0)
        parts.append(table.iloc[::-1])  # not in the clips' order
    return pd.concat(parts, ignore_index=True)


def test_in_order_and_random() -> None:
    table = clips(50)
    assert label_queue("in order", table).tolist() == list(range(50))
    first = label_queue("random", table, seed=1).tolist()
    assert sorted(first) == list(range(50))
    assert first == label_queue("random", table, seed=1).tolist()
    assert first != label_queue("random", table, seed=2).tolist()
    assert first != list(range(50))


def test_most_anomalous_goes_on_where_percentiles_saturate() -> None:
    table = scores({"a": [3.0, -2.0, 900.0, 5.0, 0.5, np.nan]})
    assert label_queue("most anomalous", clips(6), table, detector="a").tolist() == [2, 3, 0, 4, 1, 5]


def test_most_anomalous_ranks_clips_of_machines_whose_raw_scores_differ() -> None:
    """Machine 02 is a hundred times as loud to the detector: by the raw score its clips would all come first."""
    normals = np.arange(20.0)
    calibration = Calibration({"00": list(normals), "02": list(100.0 * normals)})
    raw = pd.DataFrame({"machine_id": ["00", "02", "00", "02"], "raw": [60.0, 2500.0, 30.0, 9000.0]})
    table = clips(4)[["clip_id", "sha256"]].assign(detector="a", **raw)
    result = with_margins(table, {"a": calibration}, 0.05)
    assert label_queue("most anomalous", clips(4), result, detector="a").tolist() == [3, 0, 2, 1]
    assert with_margins(table, {}, 0.05)["margin"].isna().all()


def test_nearest_a_threshold() -> None:
    table = scores({"a": [-8.0, -0.1, 3.0, 0.2, -1.0, np.nan]})
    assert label_queue("nearest a threshold", clips(6), table, detector="a").tolist() == [1, 3, 4, 2, 0, 5]


def test_detectors_disagree() -> None:
    table = scores({"a": [0, 90, -3, 9], "b": [0, -2, 3, 10], "c": [0, 80, -2, np.nan]})
    assert label_queue("detectors disagree", clips(4), table).tolist() == [1, 2, 3, 0]
    with pytest.raises(LabelError, match="One detector"):
        label_queue("detectors disagree", clips(4), scores({"a": [1, 2, 3, 4]}))


def test_one_extreme_detector_does_not_decide_alone_who_disagrees() -> None:
    table = scores({"a": [5000.0, 60.0], "b": [900.0, -5.0]})  # both far above; one above and one below
    assert label_queue("detectors disagree", clips(2), table).tolist() == [1, 0]


def test_order_among_equals_does_not_lead() -> None:
    """Clips with the same score come in the seed's order: by their place in the catalogue, faults would come in blocks."""
    table = scores({"a": [100.0] * 40})
    order = label_queue("most anomalous", clips(40), table, detector="a", seed=3).tolist()
    assert sorted(order) == list(range(40))
    assert order != list(range(40))


def test_unlabelled_only_and_second_opinion(labels: LabelStore) -> None:
    label(labels, 0, "normal")
    act(labels, 1, "skip")
    label(labels, 2, "anomaly", "Bob")
    label(labels, 0, "anomaly", "Bob")
    label(labels, 3, "unsure", "Cyd")
    label(labels, 3, "normal", "Bob")
    current = labels.current(DATASET)
    table = clips(6)
    assert label_queue("in order", table, None, current, "Ada", unlabelled_only=True).tolist() == [
        2,
        3,
        4,
        5,
        1,
    ]  # skipped: last
    assert label_queue("in order", table, None, current, "Bob", unlabelled_only=True).tolist() == [1, 4, 5]
    assert label_queue("second opinion", table, None, current, "Ada").tolist() == [2, 3]  # fewest labels first
    assert label_queue("second opinion", table, None, current, "Dan").tolist()[:1] == [2]
    assert label_queue("second opinion", table, None, None, "Ada").tolist() == []
    some = table.iloc[[5, 0, 2]]  # a lasso: positions are those of the selection
    assert label_queue("in order", some, None, current, "Ada", unlabelled_only=True).tolist() == [0, 2]


def test_scores_find_clips_by_content_then_by_name() -> None:
    table = clips(4)
    table.loc[1, "sha256"] = ""  # not read yet
    own = scores({"a": [1, 2, 3, 4]})
    own["clip_id"] = own["clip_id"].replace({name(0): name(2), name(2): name(0)})  # files were renamed since
    aligned = align_scores(table, own)
    assert aligned.margin[:, 0].tolist() == [1, 2, 3, 4]
    assert label_queue("most anomalous", table, aligned, detector="a").tolist() == [3, 2, 1, 0]
    baselines = pd.concat([clips(1), clips(1).assign(clip_id="twin.wav")], ignore_index=True)
    assert align_scores(baselines, scores({"a": [7.0]})).margin[:, 0].tolist() == [7, 7]


def test_what_is_missing_is_said() -> None:
    table = clips(3)
    with pytest.raises(LabelError, match="no queue"):
        label_queue("alphabetical", table)
    with pytest.raises(LabelError, match="needs scores"):
        label_queue("detectors disagree", table)
    with pytest.raises(LabelError, match="needs a detector"):
        label_queue("most anomalous", table, scores({"a": [1, 2, 3]}), detector="b")
    with pytest.raises(LabelError, match="align"):
        label_queue("most anomalous", table, align_scores(clips(2), scores({"a": [1, 2]})), detector="a")
    for queue_name in QUEUES:
        found = label_queue(queue_name, clips(0), scores({"a": [1, 2], "b": [1, 2]}), detector="a")
        assert found.tolist() == []


def test_one_hundred_thousand_clips() -> None:
    """Generous against a busy machine; ``make bench`` has the figure."""
    count = 100_000
    table = pd.DataFrame({"clip_id": [name(k) for k in range(count)], "sha256": [sha(k) for k in range(count)]})
    current = pd.DataFrame({"clip_sha256": table["sha256"][: count // 2], "annotator": "Ada", "label": "normal"})
    current["skipped"] = False
    rng = np.random.default_rng(0)
    part = table.assign(margin=rng.normal(size=count))
    aligned = align_scores(table, pd.concat([part.assign(detector=k) for k in "ab"], ignore_index=True))
    for queue_name in QUEUES:
        began = time.process_time()
        order = label_queue(queue_name, table, aligned, current, "Ada", detector="a", unlabelled_only=True)
        assert time.process_time() - began < 1.0
        assert len(order) == (0 if queue_name == "second opinion" else count // 2)
