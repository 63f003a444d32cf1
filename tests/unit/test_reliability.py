"""Which detectors a dataset gives reason to trust, and what repeats plainly."""

import numpy as np
import pandas as pd

from asd_core.evaluation import Reliability, bootstrap, measure_reliability
from asd_core.explain import burst_period

KEYS = ["poor", "good", "control", "unscored"]


def table(labels: list[str]) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    shift = {"poor": 0.1, "good": 4.0, "control": 0.5}
    rows = [
        {
            "detector": key,
            "machine_id": "00",
            "label": label,
            "clip_id": str(n),
            "raw": rng.normal() + by * (label == "anomaly"),
        }
        for key, by in shift.items()
        for n, label in enumerate(labels)
    ]
    return pd.DataFrame(rows)


def test_trusted_are_those_clear_of_the_best_control() -> None:
    found = measure_reliability(bootstrap(table(["normal", "anomaly"] * 40)), KEYS, ["control"])
    assert (found.trusted, found.weak) == (("good",), ("poor",))
    assert (found.unmeasured, found.controls) == (("unscored",), ("control",))
    assert found.order == ("good", "poor", "unscored", "control")
    assert found.chosen() == "good"
    pinned = found.led_by("poor")
    assert pinned.chosen() == "poor"
    assert pinned.order == ("poor", "good", "unscored", "control")
    assert (pinned.trusted, pinned.weak) == (found.trusted, found.weak), "a choice is no measurement"
    assert pinned.of(["good", "control"]).chosen() == "good"
    assert found.led_by("control").chosen() == found.led_by("gone").chosen() == "good"
    assert found.of(["control", "poor"]).chosen() == "poor"
    assert found.of(["control"]).chosen() is None


def test_what_shares_no_machine_with_the_best_control_is_not_measured() -> None:
    clips = table(["normal", "anomaly"] * 40)
    clips.loc[clips["detector"] == "good", "machine_id"] = "02"
    found = measure_reliability(bootstrap(clips), KEYS, ["control"])
    assert (found.trusted, found.weak, found.unmeasured) == ((), ("poor",), ("good", "unscored"))


def test_without_labels_or_controls_nothing_is_trusted() -> None:
    for found in (
        measure_reliability(bootstrap(table(["normal"] * 40)), KEYS, ["control"]),
        measure_reliability(bootstrap(table(["normal", "anomaly"] * 40)), KEYS[:2], []),
    ):
        assert not found.trusted
        assert not found.weak
        assert isinstance(found, Reliability)
        assert found.chosen() == found.unmeasured[0]


def test_bursts_are_said_only_where_they_repeat() -> None:
    hop = 0.032
    t = np.arange(313) * hop
    rng = np.random.default_rng(1)
    noise = rng.random(313)
    regular = noise + 5.0 * ((t % 1.8) < 0.4)
    found = burst_period(regular, hop)
    assert found is not None
    assert abs(found - 1.8) < 0.1
    second = 1.0 + 0.7 * (np.floor(t / 1.1) % 2)  # is louder every time: the eye still counts them all
    found = burst_period(noise + 5.0 * ((t % 1.1) < 0.3) * second, hop)
    assert found is not None
    assert abs(found - 1.1) < 0.1
    assert burst_period(noise, hop) is None
    assert burst_period(noise + 5.0 * ((t > 2) & (t < 2.4)), hop) is None  # once
    assert burst_period(t, hop) is None  # a slow swell
    assert burst_period(np.zeros(313), hop) is None
    assert burst_period(noise[:5], hop) is None


def test_a_verdict_rests_on_the_leading_detector_or_the_best_control() -> None:
    known = Reliability(("b", "a"), ("weak",), (), ("level", "random"), {})
    assert known.deciding(["a", "b", "level"]) == "b"
    assert known.led_by("weak").deciding(["a", "b", "weak"]) == "weak"
    assert known.deciding(["random", "level"]) == "level"
