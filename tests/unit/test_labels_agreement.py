"""Measures of agreement against published worked examples."""

import math

import numpy as np
import pandas as pd
import pytest

from asd_core.labels import LabelStore, annotator_agreement
from asd_core.labels.rater_agreement import codes, cohen_kappa, conflicts, fleiss_kappa, krippendorff_alpha
from tests.unit.label_helpers import DATASET, act, label, sha


def pairs(table: list[list[int]]) -> tuple[np.ndarray, np.ndarray]:
    """Two annotators' codes from their table of counts (rows: the first's label)."""
    cells = [(a, b) for a, row in enumerate(table) for b, count in enumerate(row) for _ in range(count)]
    a, b = np.array(cells).T
    return a, b


@pytest.mark.parametrize(
    ("table", "kappa"),
    [
        ([[20, 5], [10, 15]], 0.40),  # the grant proposals of the Wikipedia article: po = 0.7, pe = 0.5
        ([[45, 15], [25, 15]], 0.1304),  # its two examples of the same agreement and other marginals
        ([[25, 35], [5, 35]], 0.2593),
        ([[88, 14, 18], [10, 40, 10], [2, 6, 12]], 0.492),  # Cohen 1960, table 1 (shares of 200)
    ],
)
def test_cohen_kappa(table: list[list[int]], kappa: float) -> None:
    found = cohen_kappa(*pairs(table))
    assert found.value == pytest.approx(kappa, abs=5e-4)
    assert found.n == np.sum(table)


def test_cohen_kappa_is_scikit_learns() -> None:
    from sklearn.metrics import cohen_kappa_score

    rng = np.random.default_rng(0)
    a = rng.integers(0, 3, 400)
    b = np.where(rng.random(400) < 0.6, a, rng.integers(0, 3, 400))
    assert cohen_kappa(a, b).value == pytest.approx(cohen_kappa_score(a, b), abs=1e-12)


def test_fleiss_kappa() -> None:
    """The example of the Wikipedia article: 14 raters, 10 subjects, 5 categories; kappa 0.210."""
    counts = [
        *([0, 0, 0, 0, 14], [0, 2, 6, 4, 2], [0, 0, 3, 5, 6], [0, 3, 9, 2, 0], [2, 2, 8, 1, 1]),
        *([7, 7, 0, 0, 0], [3, 2, 6, 3, 0], [2, 5, 3, 2, 2], [6, 5, 2, 1, 0], [0, 2, 2, 3, 7]),
    ]
    found = fleiss_kappa(np.array(counts))
    assert found.value == pytest.approx(0.210, abs=5e-4)
    assert found.n == 10
    with pytest.raises(ValueError, match="same number"):
        fleiss_kappa(np.array([[1, 1], [2, 1]]))


_ = -1
KRIPPENDORFF = {
    # Krippendorff, Computing Krippendorff's alpha-reliability, C: four observers, twelve units, missing data.
    0.743: [
        [1, 2, 3, 3, 2, 1, 4, 1, 2, _, _, _],
        [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, _, 3],
        [_, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, _],
        [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, _],
    ],
    # A: two observers, binary. B: two observers, five categories.
    0.095: [[0, 1, 0, 0, 0, 0, 0, 0, 1, 0], [1, 1, 1, 0, 0, 1, 0, 0, 0, 0]],
    0.692: [[0, 0, 1, 1, 3, 2, 2, 2, 4, 3, 3, 0], [1, 0, 1, 1, 1, 2, 2, 2, 4, 3, 3, 3]],
    # The example of the Wikipedia article: three coders, fifteen units.
    0.691: [
        [_, _, _, _, _, 3, 4, 1, 2, 1, 1, 3, 3, _, 3],
        [1, _, 2, 1, 3, 3, 4, 3, _, _, _, _, _, _, _],
        [_, _, 2, 1, 3, 4, 4, _, 2, 1, 1, 3, 3, _, 4],
    ],
}


@pytest.mark.parametrize("alpha", KRIPPENDORFF)
def test_krippendorff_alpha(alpha: float) -> None:
    assert krippendorff_alpha(np.array(KRIPPENDORFF[alpha]).T).value == pytest.approx(alpha, abs=5e-4)


def test_what_is_not_computable_says_why() -> None:
    same = np.zeros(10, dtype=int)
    for found in (
        cohen_kappa(same, same),
        fleiss_kappa(np.array([[3, 0]] * 4)),
        krippendorff_alpha(np.zeros((5, 2), int)),
    ):
        assert math.isnan(found.value)
        assert "only one label" in found.reason
        assert found.n > 0
    apart = cohen_kappa(np.array([0, -1]), np.array([-1, 1]))
    assert math.isnan(apart.value)
    assert "no clip in common" in apart.reason
    for found in (krippendorff_alpha(np.array([[0, -1], [-1, 1]])), fleiss_kappa(np.zeros((0, 3), int))):
        assert math.isnan(found.value)
        assert found.n == 0
        assert found.reason
    assert cohen_kappa(np.array([0, 1, 0, 1]), np.array([1, 0, 1, 0])).value == -1.0
    assert krippendorff_alpha(np.array([[0, 0], [1, 1]])).value == 1.0


def test_agreement_from_the_store(labels: LabelStore) -> None:
    said = {
        "Ada": ["normal", "normal", "anomaly", "anomaly", "unsure"],
        "Bob": ["normal", "anomaly", "anomaly", "anomaly"],
        "Cyd": ["normal", "anomaly", "normal"],
    }
    for annotator, own in said.items():
        for number, given in enumerate(own):
            label(labels, number, given, annotator)
    act(labels, 4, "skip", "Bob")
    act(labels, 1, "adjudicate", "Dan", label="anomaly")
    found = annotator_agreement(labels.current(DATASET), labels.adjudications(DATASET))
    assert found.annotators == ["Ada", "Bob", "Cyd"]
    assert found.pairs[["annotator_a", "annotator_b", "n"]].values.tolist() == [
        ["Ada", "Bob", 4],
        ["Ada", "Cyd", 3],
        ["Bob", "Cyd", 3],
    ]
    assert found.pairs["agreement"].tolist() == pytest.approx([3 / 4, 1 / 3, 2 / 3])
    # Ada and Bob: marginals 2:2 and 1:3, so chance agrees in (2·1 + 2·3) / 16 = 1/2.
    assert found.pairs["kappa"][0] == pytest.approx(0.5)
    assert found.fleiss.n == 3
    assert found.alpha.n == 4
    table = found.conflicts
    assert table["clip_sha256"].tolist() == [sha(1), sha(2)]
    assert table["adjudicated"].tolist() == ["anomaly", None]
    assert table["labels"][0] == {"Ada": "normal", "Bob": "anomaly", "Cyd": "anomaly"}
    assert table[["n_normal", "n_anomaly", "n_unsure"]].values.tolist() == [[1, 2, 0], [1, 2, 0]]


def test_unsure_is_a_label_unless_it_is_left_out(labels: LabelStore) -> None:
    for number, (a, b) in enumerate([("normal", "normal"), ("anomaly", "anomaly"), ("unsure", "normal")]):
        label(labels, number, a, "Ada")
        label(labels, number, b, "Bob")
    current = labels.current(DATASET)
    assert annotator_agreement(current).pairs["n"].tolist() == [3]
    decided = annotator_agreement(current, labels=("normal", "anomaly"))
    assert decided.pairs[["n", "agreement"]].values.tolist() == [[2, 1.0]]
    assert len(conflicts(current)) == 1
    values, clips, _annotators = codes(current)
    assert values.tolist() == [[0, 0], [1, 1], [2, 0]]
    assert clips == [sha(k) for k in range(3)]


def test_nobody_has_labelled(labels: LabelStore) -> None:
    found = annotator_agreement(labels.current(DATASET), labels.adjudications(DATASET))
    assert found.annotators == []
    assert found.pairs.empty
    assert found.conflicts.empty
    assert math.isnan(found.alpha.value)
    label(labels, 1, "normal")
    alone = annotator_agreement(labels.current(DATASET))
    assert alone.pairs.empty
    assert "two" in alone.fleiss.reason
    assert isinstance(alone.pairs, pd.DataFrame)
