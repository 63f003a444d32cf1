"""Annotations as the truth."""

import pandas as pd
import pytest

from asd_core.errors import LabelError
from asd_core.labels import LabelStore, effective_labels, truth
from tests.unit.label_helpers import DATASET, act, clips, label, sha


def named(found: dict[str, str]) -> dict[int, str]:
    numbers = {sha(k): k for k in range(20)}
    return {numbers[s]: v for s, v in sorted(found.items(), key=lambda item: numbers[item[0]])}


@pytest.fixture
def opinions(labels: LabelStore) -> LabelStore:
    """Clips 0: all normal. 1: two to one. 2: a tie. 3: only unsure. 4: unsure and anomaly. 5: a tie, decided. 6: decided
    against all. 7: decided to be unsure."""
    said = {
        "Ada": ["normal", "anomaly", "normal", "unsure", "unsure", "normal", "normal", "normal"],
        "Bob": ["normal", "anomaly", "anomaly", None, "anomaly", "anomaly", "normal", "normal"],
        "Cyd": ["normal", "normal"],
    }
    for annotator, own in said.items():
        for number, given in enumerate(own):
            if given:
                label(labels, number, given, annotator)
    for number, decided in ((5, "anomaly"), (6, "anomaly"), (7, "unsure")):
        act(labels, number, "adjudicate", "Dan", label=decided)
    return labels


def test_each_basis_has_its_rule(opinions: LabelStore) -> None:
    assert effective_labels(opinions, DATASET, "dataset")[0] == {}
    mine = {0: "normal", 1: "anomaly", 2: "normal", 5: "normal", 6: "normal", 7: "normal"}
    assert named(effective_labels(opinions, DATASET, "mine", "Ada")[0]) == mine
    majority = {0: "normal", 1: "anomaly", 4: "anomaly", 6: "normal", 7: "normal"}
    assert named(effective_labels(opinions, DATASET, "majority")[0]) == majority
    adjudicated = {0: "normal", 5: "anomaly", 6: "anomaly"}
    assert named(effective_labels(opinions, DATASET, "adjudicated")[0]) == adjudicated
    assert effective_labels(opinions, "another", "majority")[0] == {}
    with pytest.raises(LabelError, match="Enter a name"):
        effective_labels(opinions, DATASET, "mine")
    with pytest.raises(LabelError, match="no basis"):
        effective_labels(opinions, DATASET, "loudest")  # type: ignore[arg-type]


def test_over_the_catalogue_or_in_its_place() -> None:
    table = clips(5)
    table["label"] = ["normal", "anomaly", "unlabelled", "anomaly", "normal"]
    table.loc[4, "sha256"] = ""
    annotations = {sha(0): "normal", sha(1): "normal", sha(2): "anomaly", sha(99): "anomaly"}
    over = truth(table, annotations)
    assert (over.same, over.overridden, over.added, over.missing) == (1, 1, 1, 2)
    assert over.table["state"].tolist() == ["same", "overridden", "added", "missing", "missing"]
    assert over.table["label"].tolist() == ["normal", "normal", "anomaly", "anomaly", "normal"]
    assert over.table["annotation"].tolist() == ["normal", "normal", "anomaly", "", ""]
    assert over.table["catalogue"].tolist() == table["label"].tolist()
    assert over.sentence() == (
        "Labels overridden: 1, confirmed: 1, added: 1; not annotated, with the catalogue's label: 2."
    )
    instead = truth(table, annotations, missing="drop")
    assert instead.table["label"].tolist() == ["normal", "normal", "anomaly", "", ""]
    assert "left out: 2" in instead.sentence()
    assert truth(table, {}).table["label"].tolist() == table["label"].tolist()
    assert isinstance(truth(table.iloc[:0], {}).table, pd.DataFrame)


def test_how_labels_were_given_is_counted_and_blind_ones_can_be_chosen(labels: LabelStore) -> None:
    given = [
        (0, "normal", True, "random"),
        (1, "anomaly", True, "most anomalous"),
        (2, "anomaly", False, "most anomalous"),
    ]
    for number, name, blind, queue in given:
        act(labels, number, "label", "Ada", label=name, blind=blind, queue=queue)
    label(labels, 3, "normal", "Ada")  # nobody knows how
    act(labels, 1, "adjudicate", "Dan", label="normal")
    found, provenance = effective_labels(labels, DATASET, "mine", "Ada")
    assert named(found) == {0: "normal", 1: "anomaly", 2: "anomaly", 3: "normal"}
    assert (provenance.blind, provenance.seeing, provenance.unknown) == (2, 1, 1)
    assert provenance.queues == {"": 1, "most anomalous": 2, "random": 1}
    assert "no fair sample" in provenance.sentence()
    assert "flatter the detectors" in provenance.sentence()
    found, provenance = effective_labels(labels, DATASET, "mine", "Ada", blind_only=True)
    assert named(found) == {0: "normal", 1: "anomaly"}
    assert (provenance.blind, provenance.seeing, provenance.unknown) == (2, 0, 0)
    found, provenance = effective_labels(labels, DATASET, "adjudicated")
    assert (named(found)[1], provenance.seeing) == ("normal", 2)
    assert named(effective_labels(labels, DATASET, "adjudicated", blind_only=True)[0]) == {0: "normal", 1: "anomaly"}
