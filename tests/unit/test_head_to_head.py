"""Decisions of two detectors on the same clips."""

import numpy as np
import pandas as pd
import pytest

from asd_core.evaluation import head_to_head

# Margins over the threshold of two detectors on six clips, three of either label.
LABELS = ["normal"] * 3 + ["anomaly"] * 3
FIRST, SECOND = [-1.0, -1.0, 1.0, 1.0, 1.0, -1.0], [-1.0, 1.0, 1.0, 1.0, -1.0, 1.0]


def rows(first: list[float], second: list[float], labels: list[str]) -> pd.DataFrame:
    clips = {"clip_id": [f"c{i}" for i in range(len(labels))], "machine_id": "00", "label": labels}
    return pd.concat([pd.DataFrame({**clips, "detector": d, "raw": s}) for d, s in (("a", first), ("b", second))])


def test_it_counts_who_is_right_and_lists_where_they_differ() -> None:
    limits = {"a": {"00": 0.0}, "b": {"00": 0.0}}
    result = head_to_head(rows(FIRST, SECOND, LABELS), "a", "b", limits)
    assert (result.both_right, result.first_right, result.second_right, result.both_wrong) == (2, 2, 1, 1)
    assert result.clips[["clip_id", "right"]].to_numpy().tolist() == [["c4", 0], ["c5", 1], ["c1", 0]]
    assert result.p == 1.0
    assert result.n == 6
    # A clip at the threshold is no alarm, and a machine without a threshold is left out.
    assert head_to_head(rows(FIRST, SECOND, LABELS), "a", "b", {"a": {"00": 1.0}, "b": {"00": 0.0}}).first_right == 2
    none = head_to_head(rows(FIRST, SECOND, LABELS), "a", "b", {"a": {"00": None}, "b": {"00": 0.0}})
    assert none.n == 0
    assert np.isnan(none.p)


def test_mcnemar_is_exact() -> None:
    """One of ten alone right, nine the other: 2 (1 + 10) / 2^10."""
    result = head_to_head(
        rows([1.0] + [-1.0] * 9, [-1.0] + [1.0] * 9, ["anomaly"] * 10), "a", "b", {"a": {"00": 0.0}, "b": {"00": 0.0}}
    )
    assert result.p == pytest.approx(22 / 1024)
