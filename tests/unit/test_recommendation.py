"""Which detector to use: labelled, unlabelled, ties, controls, alarms; and never another word than the takeaways'."""

import numpy as np
import pandas as pd
import pytest

from asd_core.artifacts import Manifest, read_manifest
from asd_core.evaluation import Draws, anomalies_to_settle, bootstrap, paired_difference, tied_with_best
from asd_core.report import Assumptions, opening_sentences, recommend_by_evidence, recommend_by_labels
from asd_core.training import Evidence
from tests.unit.test_evidence import DEMO, KEYS, made_up, partly_known

ALARM = ["its scores of different clips are nearly the same."]


def labelled(shifts: dict[str, float], n: int = 60, seed: int = 0) -> pd.DataFrame:
    """Scores of ``n`` normal clips and as many anomalies of one machine id."""
    rng = np.random.default_rng(seed)
    hard = rng.normal(size=2 * n)
    label = np.repeat(["normal", "anomaly"], n)
    return pd.concat(
        pd.DataFrame(
            {
                "detector": key,
                "machine_id": "00",
                "label": label,
                "clip_id": [f"{k}.wav" for k in range(2 * n)],
                "raw": hard + 0.3 * rng.normal(size=2 * n) + shift * (label == "anomaly"),
            }
        )
        for key, shift in shifts.items()
    )


def manifests(shifts: dict[str, float], alarmed: tuple[str, ...] = ()) -> dict[str, Manifest]:
    return {k: read_manifest(DEMO / k).model_copy(update={"alarms": ALARM if k in alarmed else []}) for k in shifts}


def drawn(shifts: dict[str, float], n: int = 60) -> Draws:
    return bootstrap(labelled(shifts, n))


def agrees(shifts: dict[str, float], detector: str, of: dict[str, Manifest]) -> str:
    """The takeaways, after a look that they call no other one the best without a tie."""
    scores = labelled(shifts)
    said = opening_sentences(scores, bootstrap(scores), of, Assumptions())
    tied = tied_with_best(bootstrap(scores))
    if detector and not of[tied[0]].alarms:
        assert detector in tied
    return " ".join(said)


def test_of_those_tied_the_cheapest_to_score_leads() -> None:
    of, draws = manifests(KEYS), drawn(KEYS)
    assert tied_with_best(draws) == ["gwrp_gaussian", "knn_bands"]
    use = recommend_by_labels(draws, of, {"gwrp_gaussian": 0.02, "knn_bands": 0.004})
    assert use.detector == "knn_bands"
    assert "not to be told apart from the best, GWRP + Gaussian" in use.why[0]
    assert use.why[1] == "Of 2 detectors tied for the best it is the cheapest to score: 4.0 ms a clip."
    agrees(KEYS, use.detector, of)
    unmeasured = recommend_by_labels(draws, of, {"knn_bands": 0.004})
    assert unmeasured.detector == "gwrp_gaussian"
    assert "it comes first among them" in unmeasured.why[1]
    assert unmeasured.change.startswith(
        "Measured scoring times (below the ranking) would let the cheapest of them lead."
    )


def test_a_clear_best_is_set_against_the_control_and_a_pinned_one_is_named() -> None:
    shifts = {"gwrp_gaussian": 2.5, "pca_kde": 1.2, "control_rms": 0.1}
    use = recommend_by_labels(drawn(shifts), manifests(shifts), {}, in_use="pca_kde")
    assert use.detector == "gwrp_gaussian"
    assert ", the best." in use.why[0]
    assert use.why[1].startswith("The best control, Control: clip level, has 0.")
    assert use.why[2] == "PCA + KDE is in use all the same: a person pinned it."
    assert use.change == "Faults unlike those that are labelled here may change it."


def test_an_alarmed_detector_is_not_named() -> None:
    of = manifests(KEYS, alarmed=("gwrp_gaussian",))
    use = recommend_by_labels(drawn(KEYS), of, {"gwrp_gaussian": 0.001, "knn_bands": 0.004})
    assert use.detector == "knn_bands"
    assert "GWRP + Gaussian measures higher, but raised an alarm in training." in use.why
    of = manifests(KEYS, alarmed=("gwrp_gaussian", "knn_bands"))
    use = recommend_by_labels(drawn(KEYS), of, {})
    assert (use.detector, use.title) == ("", "none yet")
    assert use.why == ("2 detectors stand clearly above the controls. Each raised an alarm in training.",)


@pytest.mark.parametrize("shifts", [{"pca_kde": 0.3, "control_rms": 0.3}, {"pca_kde": 0.1, "control_rms": 2.0}])
def test_without_a_detector_above_the_controls_none_is_named(shifts: dict[str, float]) -> None:
    of = manifests(shifts)
    use = recommend_by_labels(drawn(shifts), of, {})
    assert use.detector == ""
    assert use.why == ("No detector stands clearly above the best control, Control: clip level.",)
    assert "stand clearly above" in (said := agrees(shifts, "", of))
    assert "on this evidence it should not be relied on" in said
    assert "No detector is to be relied on yet. " in said
    assert "separates" not in said


def test_a_detector_that_knows_fewer_machines_is_counted_nowhere() -> None:
    """Card and takeaways agree: on the easy machine that it knows alone it is far above the control."""
    shifts = {"gwrp_gaussian": 0.1, "pca_kde": 3.0, "control_rms": 0.1}
    both = pd.concat([labelled(shifts), labelled(shifts, seed=1).assign(machine_id="02")])
    scores, of = both[(both["detector"] != "pca_kde") | (both["machine_id"] == "00")], manifests(shifts)
    assert recommend_by_labels(bootstrap(scores), of, {}).detector == ""
    said = opening_sentences(scores, bootstrap(scores), of, Assumptions())[1]
    assert said.startswith("The detector does not stand clearly above the best control")
    assert said.endswith(" Not counted: 1 detector without a figure of every machine id.")


def test_a_control_counts_that_is_not_shown() -> None:
    """The same word whatever is shown beside a detector, and the control that decided it by name."""
    shifts = {"pca_kde": 1.0, "control_rms": 0.1, "control_mahalanobis": 2.0}
    draws, of = drawn(shifts).shown(["pca_kde", "control_rms"]), manifests(shifts)
    assert draws.detectors == ("pca_kde", "control_rms")
    use = recommend_by_labels(draws, of, {})
    why = "No detector stands clearly above the best control, Control: mean log-mel, not shown here."
    assert (use.detector, use.why) == ("", (why,))
    weaker = drawn({**shifts, "control_mahalanobis": 0.5}).shown(["pca_kde"])
    assert (
        "The best control, Control: mean log-mel, not shown here, has 0." in recommend_by_labels(weaker, of, {}).why[1]
    )


def test_of_a_single_machine_an_auc_is_no_mean() -> None:
    shifts = {"gwrp_gaussian": 2.5, "pca_kde": 1.2, "control_rms": 0.1}
    scores, of = labelled(shifts), manifests(shifts)
    several = pd.concat([scores, scores.assign(machine_id="02", clip_id="2" + scores["clip_id"])])
    for table, mean in ((scores, False), (several, True)):
        draws = bootstrap(table)
        said = " ".join(opening_sentences(table, draws, of, Assumptions(), in_use="pca_kde"))
        said += " ".join(recommend_by_labels(draws, of, {}).why)
        assert ("mean AUC" in said) == mean
        assert said.count("AUC") >= 4


def test_controls_alone_are_no_choice() -> None:
    shifts = {"control_rms": 1.0}
    use = recommend_by_labels(drawn(shifts), manifests(shifts), {})
    assert (use.detector, use.why) == ("", ("Only controls are chosen, and these are yardsticks.",))


def test_a_detector_without_a_control_beside_it_is_still_the_best() -> None:
    shifts = {"gwrp_gaussian": 2.0, "pca_kde": 0.2}
    assert recommend_by_labels(drawn(shifts), manifests(shifts), {}).detector == "gwrp_gaussian"


def test_how_many_more_anomalies_would_settle_it_is_about_right() -> None:
    """With so many clips more, the interval about ends at 0."""
    shifts = {"gwrp_gaussian": 1.4, "knn_bands": 1.3}
    draws = drawn(shifts, 40)
    more = anomalies_to_settle(draws, "gwrp_gaussian", "knn_bands")
    pair = paired_difference(draws, "gwrp_gaussian", "knn_bands")
    assert more
    assert pair.low < 0 < pair.difference
    half = (pair.difference - pair.low) * np.sqrt(40 / (40 + more))
    assert half == pytest.approx(pair.difference, rel=0.05)
    assert anomalies_to_settle(draws, "knn_bands", "gwrp_gaussian") == more
    use = recommend_by_labels(draws, manifests(shifts), {})
    assert f"about {more:,} more labelled anomalies beside these 40 would tell GWRP + Gaussian and kNN" in use.change
    clear = drawn({"gwrp_gaussian": 3.0, "pca_kde": 0.1})
    assert anomalies_to_settle(clear, "gwrp_gaussian", "pca_kde") == 0
    same = bootstrap(labelled({"gwrp_gaussian": 1.0}))
    assert anomalies_to_settle(same, "gwrp_gaussian", "gwrp_gaussian") is None


def test_without_labels_what_knows_every_machine_is_chosen() -> None:
    of, table = manifests(KEYS), partly_known()
    assert recommend_by_evidence(Evidence(table, of).sensitivity(), of).detector == "knn_bands"
    # The control alone knows both machines.
    control = table[(table["detector"] == "control_rms") | (table["machine_id"] == "00")]
    assert recommend_by_evidence(Evidence(control, of).sensitivity(), of).why == ("None knows every machine id.",)


def test_without_labels_synthetic_anomalies_choose() -> None:
    of = manifests(KEYS)
    use = recommend_by_evidence(Evidence(made_up(KEYS), of).sensitivity(), of)
    assert use.detector == "gwrp_gaussian"
    assert use.why[0].startswith(
        "No anomaly is labelled. It tells synthetic ones from held-out normal clips best: AUC 0."
    )
    assert "cannot be told apart from it" in use.why[1]
    assert use.change.startswith("Synthetic anomalies are our guess at what faults do: real ones may differ")
    assert (
        recommend_by_evidence(Evidence(made_up(KEYS), of).sensitivity(), of, record="It was right twice.").why[-1]
        == "It was right twice."
    )
    of = manifests(KEYS, alarmed=("gwrp_gaussian",))
    assert recommend_by_evidence(Evidence(made_up(KEYS), of).sensitivity(), of).detector == "knn_bands"
    of = manifests(KEYS, alarmed=tuple(KEYS))
    use = recommend_by_evidence(Evidence(made_up(KEYS), of).sensitivity(), of)
    assert (use.detector, "raised an alarm" in use.why[0]) == ("", True)
    weak = {"pca_kde": 0.1, "control_rms": 0.3}
    use = recommend_by_evidence(Evidence(made_up(weak), of).sensitivity(), of)
    assert use.why == (
        "By synthetic anomalies no detector stands clearly above the best control, Control: clip level.",
    )
    use = recommend_by_evidence(Evidence(made_up(KEYS)[:0], of).sensitivity(), of)
    assert (use.detector, "neither a labelled anomaly" in use.why[0]) == ("", True)
