"""Annotations as the truth."""

import pandas as pd
import pytest

from asd_core.errors import LabelError
from asd_core.labels import LabelStore, Provenance, effective_labels, truth
from asd_core.labels.evaluate import Annotations
from tests.unit.label_helpers import DATASET, act, clips, label, sha


def named(annotations: Annotations) -> dict[int, str]:
    numbers = {sha(k): k for k in range(20)}
    return {numbers[s]: v for s, v in sorted(annotations.labels.items(), key=lambda item: numbers[item[0]])}


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
    assert effective_labels(opinions, DATASET, "dataset").labels == {}
    mine = {0: "normal", 1: "anomaly", 2: "normal", 5: "normal", 6: "normal", 7: "normal"}
    assert named(effective_labels(opinions, DATASET, "mine", "Ada")) == mine
    majority = {0: "normal", 1: "anomaly", 4: "anomaly", 6: "normal", 7: "normal"}
    assert named(effective_labels(opinions, DATASET, "majority")) == majority
    adjudicated = {0: "normal", 5: "anomaly", 6: "anomaly"}
    assert named(effective_labels(opinions, DATASET, "adjudicated")) == adjudicated
    assert effective_labels(opinions, "another", "majority").labels == {}
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
    assert over.description() == (
        "Labels overridden: 1, confirmed: 1, added: 1; not annotated, with the catalogue's label: 2."
    )
    instead = truth(table, annotations, missing="drop")
    assert instead.table["label"].tolist() == ["normal", "normal", "anomaly", "", ""]
    assert "left out: 2" in instead.description()
    assert truth(table, {}).table["label"].tolist() == table["label"].tolist()
    assert isinstance(truth(table.iloc[:0], {}).table, pd.DataFrame)


@pytest.fixture
def queued(labels: LabelStore) -> LabelStore:
    """Ada and Bob agree on clips 0 and 1 and not on 2, which is decided; 3 is an import, which does not say how it was given."""
    label(labels, 0, "normal", "Ada", blind=True, queue="random")
    label(labels, 0, "normal", "Bob", blind=False, queue="second opinion")
    label(labels, 1, "anomaly", "Ada", blind=True, queue="most anomalous")
    label(labels, 1, "anomaly", "Bob", blind=True, queue="random")
    label(labels, 2, "anomaly", "Ada", blind=True, queue="random")
    label(labels, 2, "normal", "Bob", blind=False, queue="random")
    label(labels, 3, "normal", "Cyd")
    act(labels, 2, "adjudicate", "Dan", label="normal")
    return labels


def provenance(annotations: Annotations, *numbers: int) -> Provenance:
    return annotations.provenance(pd.Series([sha(number) for number in numbers]))


def test_how_the_labels_of_the_clips_in_question_were_given(queued: LabelStore) -> None:
    found = effective_labels(queued, DATASET, "majority")
    every = {"random": 2, "second opinion": 1, "most anomalous": 1, "": 1}
    assert provenance(found, 0, 1, 2, 3) == Provenance(3, 1, 1, every)
    assert provenance(found, 1) == Provenance(2, 0, 0, {"most anomalous": 1, "random": 1})
    assert provenance(found, 2) == Provenance(0, 0, 0, {}), "a tie is no label: nothing stands behind it"
    mine = effective_labels(queued, DATASET, "mine", "Ada")
    assert provenance(mine, 0, 1, 2, 3) == Provenance(3, 0, 0, {"random": 2, "most anomalous": 1})
    decided = effective_labels(queued, DATASET, "adjudicated")
    assert named(decided) == {0: "normal", 1: "anomaly", 2: "normal", 3: "normal"}
    assert provenance(decided, 2) == Provenance(0, 1, 0, {"conflicts": 1}), "the votes were overruled"
    act(queued, 2, "adjudicate", "Dan", label="unsure")
    assert provenance(effective_labels(queued, DATASET, "adjudicated"), 2) == Provenance(0, 0, 0, {})


def test_only_what_was_given_blind(queued: LabelStore) -> None:
    majority = effective_labels(queued, DATASET, "majority", blind_only=True)
    assert named(majority) == {0: "normal", 1: "anomaly", 2: "anomaly"}
    found = provenance(majority, 0, 1, 2, 3)
    assert (found.blind, found.seeing, found.unknown) == (4, 0, 0)
    assert named(effective_labels(queued, DATASET, "adjudicated", blind_only=True)) == {
        0: "normal",
        1: "anomaly",
        2: "anomaly",
    }
    assert named(effective_labels(queued, DATASET, "mine", "Cyd", blind_only=True)) == {}


def test_one_sentence_says_blind_queues_and_bias() -> None:
    assert Provenance(1204, 3, 5, {"random": 900, "most anomalous": 304, "": 8}).description() == (
        "Of 1,212 labels, 1,204 given blind, 3 with other labels or scores shown, 5 not recorded; from the queues random (900), "
        "most anomalous (304), not recorded (8); clips from most anomalous are no fair sample, so the figures can be biased."
    )
    assert Provenance(2, 0, 0, {"random": 2}).description() == (
        "Of 2 labels, 2 given blind, 0 with other labels or scores shown; from the queues random (2)."
    )
