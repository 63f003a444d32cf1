"""Paired comparisons: intervals that hold the truth, ties, controls, and means over fewer machines."""

import numpy as np
import pandas as pd
import pytest
from scipy.special import ndtr, ndtri

from asd_core.evaluation import (
    bootstrap,
    evaluate,
    not_better_than_control,
    paired_difference,
    paired_figures,
    ranking,
    tied_with_best,
    worst_machine,
)
from tests.unit.score_tables import auc_of, table


def partly(easy: float = 4.0, **shifts: float) -> pd.DataFrame:
    """Scores on a machine that is easy for detector A and one that A does not know; the others know both."""
    scores = table({"A": easy, "B": 1.5, **shifts}, ids=("00", "02"))
    return scores[(scores["detector"] != "A") | (scores["machine_id"] == "00")]


def test_a_mean_over_fewer_machines_is_never_the_best() -> None:
    draws = bootstrap(partly(C=1.4), 100)
    assert draws.point()[0] > max(draws.point()[1:]), "A's mean is the highest, for it is of the easy machine alone"
    assert draws.ranked() == ["B", "C"]
    assert draws.order() == ["B", "C", "A"]
    assert "A" not in tied_with_best(draws)
    assert draws.coverage() == {"A": "1 of 2 ids"}
    assert tied_with_best(draws, machine_id="00") == ["A"], "on a machine that it knows it is ranked like any other"
    rows = ranking(draws).set_index(["detector", "machine_id"])["n_ids"]
    assert rows.loc[[("A", "mean"), ("B", "mean"), ("A", "00"), ("A", "02")]].tolist() == [1, 2, 1, 0]
    assert [(r.detector, r.n_ids) for r in evaluate(partly(), 20) if r.machine_id == "mean"] == [("A", 1), ("B", 2)]


def test_two_detectors_stand_by_figures_of_the_machines_that_both_know() -> None:
    draws = bootstrap(partly(), 20)
    assert paired_figures(draws, "A", "B") == (draws.point("00")[0], draws.point("00")[1])
    one, other = paired_figures(draws, "B", "A", metric="pauc")
    assert paired_difference(draws, "B", "A", metric="pauc").difference == one - other
    assert np.isnan(paired_figures(draws, "A", "B", machine_id="02")).all()


def test_a_control_of_easy_machines_is_not_the_yardstick_for_all() -> None:
    (result,) = not_better_than_control(bootstrap(partly(C=0.1), 100), ["A", "B"])
    assert (result.detector, result.control) == ("C", "B")


def test_nobody_knows_every_machine() -> None:
    scores = partly()
    scores = scores[(scores["detector"] == "A") | (scores["machine_id"] == "02")]
    draws = bootstrap(scores, 20)
    assert tied_with_best(draws) == []
    assert draws.order() == ["A", "B"]
    assert draws.coverage() == {"A": "1 of 2 ids", "B": "1 of 2 ids"}


def test_a_machine_without_both_classes_counts_for_nobody() -> None:
    scores = table({"A": 1.0, "B": 1.0}, ids=("00", "02"))
    scores = scores[(scores["machine_id"] == "00") | (scores["label"] == "normal")]
    draws = bootstrap(scores, 20)
    assert draws.coverage() == {}
    assert sorted(draws.ranked()) == ["A", "B"]


def test_noise_is_called_tied_and_a_real_difference_is_found() -> None:
    tied = found = 0
    for seed in range(20):
        draws = bootstrap(table({"a": 1.2, "same": 1.2, "worse": 0.6}, n=160, seed=seed), 300, seed)
        group = tied_with_best(draws)
        tied += {"a", "same"} <= set(group)
        found += "worse" not in group and paired_difference(draws, "a", "worse").low > 0
        assert group[0] == draws.detectors[int(np.argmax(draws.point()))]
    assert tied >= 18
    assert found >= 18


def test_pairing_narrows_the_interval_of_a_difference() -> None:
    draws = bootstrap(table({"a": 1.0, "b": 1.0}, own=0.2))
    a, b = draws.of()
    pair = paired_difference(draws, "a", "b")
    unpaired = np.quantile(a - np.random.default_rng(0).permutation(b), [0.025, 0.975])
    assert pair.high - pair.low < 0.6 * (unpaired[1] - unpaired[0])
    back = paired_difference(draws, "b", "a")
    assert back == pytest.approx((-pair.difference, -pair.high, -pair.low))
    assert paired_difference(draws, "a", "a") == (0.0, 0.0, 0.0)
    scores = table({"a": 1.0})
    same = bootstrap(pd.concat([scores, scores.assign(detector="b", raw=np.exp(scores["raw"]))]), 100)
    assert paired_difference(same, "a", "b") == (0.0, 0.0, 0.0)  # the same ranking of the clips


@pytest.mark.long
def test_intervals_hold_the_true_figure_as_often_as_they_say() -> None:
    """1,000 sets of 60 + 60 clips, each a machine id of the table; a share of them is uncertain by 0.7 points."""
    scores = table({"a": 1.2, "b": 0.7}, n=120, ids=tuple(f"{k:04d}" for k in range(1000)), own=0.75, seed=1)
    draws = bootstrap(scores, 500)
    shifts = np.array([1.2, 0.7]) / np.sqrt(1 + 0.75**2)
    for metric, true in (("auc", ndtr(shifts / np.sqrt(2))), ("pauc", true_pauc(shifts))):
        ends = np.array([draws.interval(i, metric) for i in draws.machine_ids])
        held = ((ends[..., 0] <= true) & (true <= ends[..., 1])).mean(axis=0)
        assert ((held > 0.93) & (held < 0.97)).all(), (metric, held)
    true = ndtr(shifts / np.sqrt(2))
    pairs = [paired_difference(draws, "a", "b", machine_id=i) for i in draws.machine_ids]
    assert 0.93 < np.mean([p.low <= true[0] - true[1] <= p.high for p in pairs]) < 0.97


def test_differences_near_one_hold_the_true_figure_as_often_as_they_say() -> None:
    """300 sets of 20 + 20 clips, AUC 0.96 and 0.99: quantiles of resampled differences hold the truth in 85%."""
    shifts, own = np.array([3.3, 2.5]), 1.0
    scores = table(
        dict(zip("ab", shifts * np.sqrt(2), strict=True)),
        n=40,
        ids=tuple(f"{k:04d}" for k in range(300)),
        own=own,
        seed=2,
    )
    draws = bootstrap(scores, 300)
    for metric, true in (("auc", ndtr(shifts / np.sqrt(2))), ("pauc", true_pauc(shifts))):
        pairs = [paired_difference(draws, "a", "b", metric=metric, machine_id=i) for i in draws.machine_ids]
        assert np.mean([p.low <= true[0] - true[1] <= p.high for p in pairs]) > 0.93, metric


def test_two_perfect_detectors_are_tied_and_not_surely_equal() -> None:
    draws = bootstrap(table({"a": 50.0, "b": 40.0}, n=20, ids=("00",)), 100)
    pair = paired_difference(draws, "a", "b")
    assert pair.difference == 0.0
    assert pair.low < -0.1
    assert pair.high > 0.1
    assert tied_with_best(draws) == ["a", "b"]


def true_pauc(shifts: np.ndarray) -> np.ndarray:
    """Of two Gaussian classes of unit spread."""
    rates = np.linspace(0.0, 0.1, 20_001)[1:]
    found = np.trapezoid(ndtr(shifts[:, None] + ndtri(rates)), rates, axis=1)
    return 0.5 * (1 + (found - 0.005) / (0.1 - 0.005))


def test_perfect_separation_is_not_certainty() -> None:
    scores = table({"a": 50.0}, n=120, ids=("00",))
    draws = bootstrap(scores, 100)
    low, high = draws.interval()[0]
    assert high == 1.0
    assert 0.9 < low < 0.96
    assert draws.interval(metric="pauc")[0][0] < low


def test_worst_id_and_losing_to_a_control() -> None:
    scores = table({"good": 2.0, "weak": 0.55, "bad": 0.0, "loud": 0.5, "random": 0.0})
    by_id = {i: auc_of(scores, "good", i) for i in ("00", "02")}
    lowest = min(by_id, key=lambda i: by_id[i])
    assert worst_machine(ranking(bootstrap(scores, 2)), "auc")["good"] == (lowest, pytest.approx(by_id[lowest]))
    not_better = {r.detector: r for r in not_better_than_control(bootstrap(scores), ["loud", "random", "not trained"])}
    assert set(not_better) == {"weak", "bad"}
    assert {r.control for r in not_better.values()} == {"loud"}
    assert (not_better["bad"].by_point, not_better["bad"].by_interval) == (True, True)
    assert not_better["bad"].pair.high < 0
    assert (not_better["weak"].by_point, not_better["weak"].by_interval) == (
        not_better["weak"].pair.difference <= 0,
        True,
    )
