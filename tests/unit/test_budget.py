"""Training in a time: the cheapest first, corrected by how long the first ones took, and going on where it stopped."""

import json
from pathlib import Path

import pytest

from asd_core.datasets import Dataset
from asd_core.detectors import REGISTRY
from asd_core.training import cheapest_first, expected_amount, expected_seconds, train, within
from asd_core.training.budget import Budget, duration


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
