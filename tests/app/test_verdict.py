"""The verdict card says no more than holds."""

import re
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from asd_core.evaluation import Reliability, bootstrap, measure_reliability
from asd_core.scoring import AS_RECORDED, DetectorScore, read_scores
from asd_core.settings import get_settings
from pages.clip_page.listening import colour_strength
from pages.clip_page.verdict import of_the_whole, verdict

TRUSTED = Reliability(
    ("gwrp_gaussian", "knn_bands", "pca_lof"), ("pca_kde",), (), ("control_rms",), {"gwrp_gaussian": 0.9}
)


def score(key: str, margin: float) -> DetectorScore:
    return DetectorScore(key, margin, 50.0, 0.0, "anomaly" if margin > 0 else "normal", margin)


@pytest.mark.parametrize(
    ("margins", "held_out", "head", "reason"),
    [
        (
            (9, 3, 2, -3, -3),
            60,
            "Anomaly",
            "Far beyond anything normal, says the most accurate detector; all 3 trusted ones call it an anomaly.",
        ),
        ((2.5, 3, 2, -3, -3), 60, "Anomaly", "Well beyond"),
        (
            (-2, -3, -2, 3, 3),
            60,
            "Normal",
            "Like most normal clips, says the most accurate detector; all 3 trusted ones call it normal.",
        ),
        (
            (0.3, 3, 2, 3, 3),
            60,
            "Not sure",
            "too close to its threshold to tell; the other 2 trusted ones call it an anomaly: listen",
        ),
        ((-0.1, 3, 2, 3, 3), 60, "Not sure", "; the other 2 trusted ones call it an anomaly: listen"),
        (
            (9, -3, -2, 3, 3),
            60,
            "Not sure",
            "Far beyond anything normal, says the most accurate detector, but half or more of the trusted ones that can tell say otherwise: listen",
        ),
        ((9, 3, 2, 3, 3), 3, "", "Too few normal clips to decide: 19 are needed for 5%; 3 set the threshold."),
        ((9, 3, 2, 3, 3), 18, "", "Too few normal clips"),
        ((9, 3, 2, 3, 3), 19, "Anomaly", "Far beyond"),
    ],
)
def test_head_and_reason(margins: tuple[float, ...], held_out: int, head: str, reason: str) -> None:
    said = verdict([score(k, m) for k, m in zip(TRUSTED.order, margins, strict=True)], TRUSTED, None, held_out, 0.05)
    assert said.head == head
    assert reason in said.reason


def test_controls_do_not_vote() -> None:
    margins = (9, 3, -2, 3, -3)
    said = verdict([score(k, m) for k, m in zip(TRUSTED.order, margins, strict=True)], TRUSTED, None, 60, 0.05)
    assert said.reason.endswith("; 2 of 3 trusted ones call it an anomaly, 1 normal.")
    assert said.votes == (
        "**GWRP + Gaussian** is the most accurate on this dataset, so it decides, unless half of those that can tell disagree."
    )


def test_who_cannot_tell_decides_nothing_and_has_no_vote() -> None:
    said = verdict(
        [score(k, m) for k, m in zip(TRUSTED.order, (0.1, 3, -2, 3, -3), strict=True)], TRUSTED, None, 60, 0.05
    )
    assert "; 1 of the other 2 trusted ones calls it an anomaly, 1 normal: listen" in said.reason
    assert said.votes == (
        "**GWRP + Gaussian** is the most accurate on this dataset, so there is no verdict while it cannot tell."
    )


def test_who_is_near_its_threshold_cannot_tell() -> None:
    """As the table beside the card has it: neither counts a margin of .1 as a decision."""

    def said(*margins: float) -> tuple[str, str]:
        shown = verdict([score(k, m) for k, m in zip(TRUSTED.order, margins, strict=False)], TRUSTED, None, 60, 0.05)
        return shown.reason, shown.votes

    assert said(9, 3, 0.2)[0].endswith("; 2 of 3 trusted ones call it an anomaly, 1 cannot tell.")
    assert "; 1 of the other 2 trusted ones calls it an anomaly, 1 cannot tell: listen" in said(0.1, 3, -0.2)[0]
    assert "; the other 2 trusted ones cannot tell either: listen" in said(0.1, 0.2, -0.2)[0]
    assert said(9, -3, -0.2)[1].endswith("Of the other 2 trusted detectors 1 calls it normal, 1 cannot tell.")


def test_who_stands_alone_is_not_counted_as_agreeing_with_itself() -> None:
    scores = [score(k, m) for k, m in zip(TRUSTED.order, (9, -3, -2, 3, 3), strict=True)]
    assert (
        "the most accurate on this dataset, calls it an anomaly. The other 2 trusted detectors call it normal."
        in verdict(scores, TRUSTED, None, 60, 0.05).votes
    )
    alone = verdict(scores[:1], TRUSTED, None, 60, 0.05)
    assert (alone.head, alone.reason) == (
        "Anomaly",
        "Far beyond anything normal, says the most accurate detector.",
    )


def test_weak_and_unmeasured_detectors_and_controls_alone() -> None:
    weak = verdict([score("pca_kde", 9.0), score("control_rms", 9.0)], TRUSTED, None, 60, 0.05)
    assert weak.head == "Not sure"
    assert weak.reason == "None of these detectors is clearly better than a control on this dataset."
    alone = verdict([score("control_rms", 9.0)], TRUSTED, None, 60, 0.05)
    assert (alone.head, alone.votes) == ("Not sure", "")
    unknown = verdict([score("pca_kde", 9.0)], Reliability((), (), ("pca_kde",), (), {}), None, 60, 0.05)
    assert unknown.head == "Anomaly"
    assert "how good it is was not measured here" in unknown.votes


def test_without_a_trusted_detector_the_card_tells_a_clip_that_all_call_an_anomaly_from_one_that_none_does() -> None:
    keys = ("pca_kde", "knn_bands", "pca_lof", "control_rms")
    weak = Reliability((), keys[:2], keys[2:3], keys[3:], {"pca_kde": 0.6, "control_rms": 0.6})

    def said(*margins: float) -> str:
        return verdict([score(k, m) for k, m in zip(keys, margins, strict=False)], weak, None, 60, 0.05).votes

    first = "**PCA + KDE** calls it an anomaly (not trusted here)."
    assert said(9, 8, 7, -3) == f"{first} The other 2 detectors say so."
    assert said(9, -8, 0.1, 3) == f"{first} Of the other 2 detectors 1 calls it normal, 1 cannot tell."
    assert said(9, -8) == f"{first} The other detector calls it normal."
    assert said(9) == first


def test_a_pinned_detector_against_trusted_ones_that_agree() -> None:
    """They do: it is the pinned one that stands apart."""
    pinned = Reliability(("knn_bands", "pca_lof"), (), ("pca_kde",), (), {"knn_bands": 0.9, "pca_lof": 0.9}).led_by(
        "pca_kde"
    )
    scores = [score("pca_kde", 9.0), score("knn_bands", -3.0), score("pca_lof", -2.0)]
    shown = verdict(scores, pinned, None, 60, 0.05)
    assert (shown.head, shown.reason) == (
        "Not sure",
        "Far beyond anything normal, says the detector in use, but half or more of the trusted ones that can tell say otherwise: listen, or "
        "record again.",
    )


def test_trusted_ones_that_cannot_tell_beside_a_pinned_one_that_can() -> None:
    pinned = Reliability(("knn_bands", "pca_lof"), (), ("pca_kde",), (), {"knn_bands": 0.9}).led_by("pca_kde")
    scores = [score("pca_kde", 9.0), score("knn_bands", 0.2), score("pca_lof", 0.1)]
    assert verdict(scores, pinned, None, 60, 0.05).reason.endswith("; all 2 trusted ones cannot tell.")


def test_a_control_that_tells_the_classes_and_says_the_same_makes_no_doubt() -> None:
    """Anomalies that a level meter finds: nothing is clearly better than it, and a clip far above every threshold is one."""
    controls = ("control_rms", "control_random")
    easy = Reliability((), ("pca_kde",), (), controls, {"pca_kde": 1.0, "control_rms": 1.0}, {"control_rms": 0.93})
    scores = [score("pca_kde", 84.0), score("control_rms", 10.0), score("control_random", -0.6)]
    shown = verdict(scores, easy, None, 60, 0.05)
    assert shown.head == "Anomaly"
    assert shown.reason == (
        "Control: clip level decides the same; it separates normal from anomalous clips well here, and none of these detectors is clearly better."
    )
    assert verdict([scores[0], score("control_rms", -3.0)], easy, None, 60, 0.05).head == "Not sure"
    assert verdict([scores[0], score("control_rms", 0.2)], easy, None, 60, 0.05).head == "Not sure"
    assert verdict(scores, replace(easy, auc_low={"control_rms": 0.68}), None, 60, 0.05).head == "Not sure", (
        "of few clips"
    )


def test_the_maps_colours_are_no_surer_than_the_verdict() -> None:
    """A clip just beyond the threshold glowed as one far beyond it, and was taken for a clear anomaly."""
    margins = (-3.0, 0.2, 0.6, 2.0, 5.0, 40.0)
    strengths = [colour_strength(score("knn_bands", margin), named=False) for margin in margins]
    assert strengths == sorted(strengths)
    assert strengths[0] < 0.2
    assert 0.5 <= strengths[2] < 0.6 < strengths[3] < strengths[4] == strengths[5] == 1.0
    assert colour_strength(score("knn_bands", -0.2), named=True) <= strengths[1]


def test_the_auc_of_a_single_machine_is_no_mean() -> None:
    scores = read_scores(get_settings().models_dir / "demo", None, AS_RECORDED)
    scores = scores[scores["detector"].isin(["pca_kde", "control_rms"])]
    for some, called in ((scores, "mean AUC"), (scores[scores["machine_id"] == "00"], "AUC")):
        measured = measure_reliability(bootstrap(some), ["pca_kde", "control_rms"], ["control_rms"]).of(["pca_kde"])
        figures = verdict([score("pca_kde", 9.0)], measured, None, 60, 0.05).figures
        assert re.search(rf"; {called} 0\.\d{{3}} on this dataset's test clips", figures)


def test_a_long_recording_is_sent_to_the_view_from_where_it_is_said() -> None:
    context: Any = SimpleNamespace(signal=SimpleNamespace(clip=SimpleNamespace(duration=60.0)))
    assert "averaged away: *Over time* below scores" in of_the_whole(context)
    assert "*Over time* on the Clip page scores" in of_the_whole(context, "*Over time* on the Clip page")
