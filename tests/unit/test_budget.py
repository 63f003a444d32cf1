"""Training in a time: the cheapest first, corrected by how long the first ones took, and going on where it stopped."""

import json
import time
from pathlib import Path
from typing import Any

import pytest

from asd_core.datasets import Dataset
from asd_core.detectors import REGISTRY
from asd_core.training import cheapest_first, expected_amount, expected_seconds, fitting, time_left, train, within
from asd_core.training.budget import Budget, duration
from asd_core.training.time_left import TimeLeft


def test_everything_is_ordered_by_cost_with_the_fusion_last() -> None:
    order = cheapest_first(REGISTRY)
    assert sorted(order) == sorted(REGISTRY)
    assert order[-1] == "fusion"
    assert order[-2] == "f_anogan"
    assert order.index("pca_kde") < order.index("vae_kde") < order.index("cnn_ae")


def test_a_longer_time_holds_more() -> None:
    short, long = within(REGISTRY, 960, 120), within(REGISTRY, 960, 900)
    assert len(short) < len(long)
    assert short == long[: len(short)]
    assert sum(expected_seconds(key, 960) for key in short) <= 120
    assert "f_anogan" not in short
    assert len(within(["f_anogan"], 960, 1)) == 1, "one at least"
    assert len(within(REGISTRY, 60, 120)) > len(short), "fewer clips take less"


def test_long_clips_count_as_several_and_short_ones_as_one() -> None:
    assert expected_amount(80, [60.0, 60.0]) == pytest.approx(480.0)
    assert expected_amount(80, [2.0, 30.0]) == pytest.approx(160.0)
    assert expected_amount(80, []) == 80.0


def test_a_slow_machine_is_noticed() -> None:
    budget = Budget(60.0, 960)
    assert budget.allows("f_anogan"), "the first one always"
    budget = Budget(200.0, 960)
    budget.took("pca_kde", 10 * expected_seconds("pca_kde", 960))
    assert budget.speed == pytest.approx(10.0)
    assert budget.expects("deep_svdd") == pytest.approx(10 * expected_seconds("deep_svdd", 960))
    assert not budget.allows("vae_kde")
    assert budget.allows("deep_svdd")
    assert budget.left(["deep_svdd", "f_anogan"]) == pytest.approx(budget.expects("deep_svdd"))
    assert Budget(None, 960, done=["x"]).allows("f_anogan")


def test_times_for_people() -> None:
    assert [duration(s) for s in (0.2, 20, 89, 90, 600)] == ["1 s", "20 s", "89 s", "2 min", "10 min"]


def test_what_does_not_fit_is_left_out_and_said(brief_dataset: Dataset, tmp_path: Path) -> None:
    said: list[str] = []
    keys = ["control_rms", "pca_kde", "f_anogan"]
    trained = train(brief_dataset, tmp_path, detectors=keys, preset="quick", seconds=1.0, notify=said.append)
    assert "f_anogan" not in trained
    assert trained
    assert any("f-AnoGAN was left out: it would take about" in sentence for sentence in said)


def test_a_second_run_goes_on_where_the_first_stopped(brief_dataset: Dataset, tmp_path: Path) -> None:
    train(brief_dataset, tmp_path, detectors=["pca_kde"])
    before = (tmp_path / "pca_kde" / "manifest.json").stat().st_mtime_ns
    said: list[str] = []
    again = train(
        brief_dataset, tmp_path, detectors=["pca_kde", "control_rms"], resume=True, progress=lambda _, m: said.append(m)
    )
    assert again == ["pca_kde", "control_rms"]
    assert (tmp_path / "pca_kde" / "manifest.json").stat().st_mtime_ns == before
    assert any("Control: clip level (1 of 1, about" in message for message in said)
    train(brief_dataset, tmp_path, detectors=["pca_kde"], resume=True, seed=1)
    assert (tmp_path / "pca_kde" / "manifest.json").stat().st_mtime_ns > before, "another seed is another training"


def test_a_detector_whose_preset_meant_something_else_is_trained_again(brief_dataset: Dataset, tmp_path: Path) -> None:
    """As after an upgrade: its card would say of it what does not hold. What follows the number of clips is no difference."""
    for key, name, value, again in (("knn_bands", "density_power", 0.25, True), ("knn_bands", "n_subbands", 3, False)):
        train(brief_dataset, tmp_path, detectors=[key])
        manifest = tmp_path / key / "manifest.json"
        content = json.loads(manifest.read_text("utf-8"))
        content["config"]["parameters"][name] = value
        manifest.write_text(json.dumps(content), "utf-8")
        train(brief_dataset, tmp_path, detectors=[key], resume=True)
        assert (json.loads(manifest.read_text("utf-8"))["config"]["parameters"].get(name) != value) == again


def test_the_time_left_follows_the_pace_of_what_trains_now() -> None:
    budget = Budget(None, 960)
    budget.took("pca_kde", expected_seconds("pca_kde", 960))
    left = TimeLeft(budget, ["vae_kde", "idnn"])
    estimated = expected_seconds("vae_kde", 960) + expected_seconds("idnn", 960)
    assert left.words(0.0) == f"about {duration(estimated)} left"
    left.reached(0.1, 20.0)  # 200 s in all: what follows will be slower, too
    pace = (budget.spent + 200) / (budget.predicted + expected_seconds("vae_kde", 960))
    assert left.words(20.0) == f"about {duration(180 + pace * expected_seconds('idnn', 960))} left"


def test_a_time_that_has_passed_is_promised_no_longer() -> None:
    """However long a detector says nothing."""
    for reached in (False, True):
        left = TimeLeft(Budget(None, 960), ["vae_kde"])
        end = expected_seconds("vae_kde", 960)
        if reached:
            left.reached(0.5, end / 2)
        assert left.words(end / 4) == f"about {duration(0.75 * end)} left"
        assert left.words(end + 4) == "about 4 s left"
        for late in (1.5, 3, 30):
            assert left.words(late * end) == "takes longer than estimated"


def test_the_time_left_is_told_again_while_the_work_says_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time_left, "AGAIN", 0.02)
    monkeypatch.setattr(time_left, "LATE_SECONDS", 0.05)
    budget = Budget(None, 960)
    budget.took("pca_kde", 0.001)
    said: list[tuple[float, str]] = []
    told = TimeLeft(budget, ["control_rms"])
    with time_left.retold(lambda *one: said.append(one), 0.5, 1.0, "Level", "1 of 1", told) as progress:
        progress(0.5, "measuring")
        deadline = time.monotonic() + 30
        while said[-1][1] != "Level (1 of 1, takes longer than estimated): measuring" and time.monotonic() < deadline:
            time.sleep(0.01)
    assert said[0] == (0.5, "Level (1 of 1, about 1 s left)")
    assert said[1] == (0.75, "Level (1 of 1, about 1 s left): measuring")
    assert said[-1] == (0.75, "Level (1 of 1, takes longer than estimated): measuring")
    n = len(said)
    time.sleep(0.1)
    assert len(said) == n, "nothing is told once it has ended"


def test_a_training_says_that_a_detector_takes_longer(
    brief_dataset: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(time_left, "AGAIN", 0.02)
    monkeypatch.setattr(time_left, "LATE_SECONDS", 0.05)
    said: list[str] = []
    fit = fitting.fit_one

    def loaded(*args: Any, **kwargs: Any) -> Any:
        deadline = time.monotonic() + 30
        while "longer" not in said[-1] and time.monotonic() < deadline:
            time.sleep(0.01)
        return fit(*args, **kwargs)

    monkeypatch.setattr(fitting, "fit_one", loaded)
    train(brief_dataset, tmp_path, detectors=["control_rms"], progress=lambda _, message: said.append(message))
    assert "Control: clip level (1 of 1, about 1 s left)" in said
    assert "Control: clip level (1 of 1, takes longer than estimated)" in said
