"""``python -m benchmarks``: only what is asked for is measured, under the names that are printed."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from asd_core.artifacts import trained_denoised
from asd_core.detectors import detector_keys
from benchmarks import run as benchmarks
from benchmarks.__main__ import main
from benchmarks.browser import APP, APPS, Figure, figure
from benchmarks.compare_page import open_pages, statistics_speed
from benchmarks.label_store import labelling_speed
from benchmarks.library import all_detectors, denoise_move, log_mel, window
from benchmarks.many_clips import scoring_speed
from benchmarks.run import BENCHMARKS, Benchmark, UnknownFigure, run
from benchmarks.synthetic import write_models


@pytest.fixture
def measured(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """Three benchmarks that take no time, the last of them in a browser; what was run, and with which browser."""
    calls: list[object] = []

    def measure(*names: str) -> Callable[..., dict[str, Figure]]:
        def run_it(browser: str = "none") -> dict[str, Figure]:
            calls.append((names[0], browser))
            return {name: figure([1.0, 2.0, 3.0], "s") for name in names}

        return run_it

    table = [
        Benchmark(("one",), measure("one")),
        Benchmark(("two", "three"), measure("two", "three")),
        Benchmark(("four",), measure("four"), in_browser=True),
    ]
    monkeypatch.setattr(benchmarks, "BENCHMARKS", table)
    monkeypatch.setattr(benchmarks, "chromium", lambda: "a browser")
    return calls


def test_only_what_is_needed_is_run(measured: list[object]) -> None:
    figures = run(["three", "four"])
    assert list(figures) == ["three", "four"]
    assert measured == [("two", "none"), ("four", "a browser")]
    assert figures["three"] == {"value": 2.0, "unit": "s", "n": 3, "spread": [1.0, 3.0]}
    measured.clear()
    assert list(run()) == ["one", "two", "three", "four"]
    assert len(measured) == 3


def test_without_a_browser_it_is_said(measured: list[object], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(benchmarks, "chromium", lambda: None)
    messages: list[str] = []
    assert list(run(notify=messages.append)) == ["one", "two", "three"]
    assert len(messages) == 1
    assert list(run(["one"], notify=messages.append)) == ["one"]
    assert len(messages) == 1  # nothing that was asked for needs one


def test_an_unknown_name_is_answered_with_the_known_ones(measured: list[object]) -> None:
    with pytest.raises(UnknownFigure, match=r"called nine: the names are one, two, three, four\."):
        run(["one", "nine"])
    assert measured == []


def test_the_table_names_what_is_measured(measured: list[object], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(benchmarks, "BENCHMARKS", [Benchmark(("other",), lambda: {"one": figure([1.0])})])
    with pytest.raises(RuntimeError, match="gives one, not other"):
        run()


def test_the_command(measured: list[object]) -> None:
    app = typer.Typer()
    app.command()(main)
    shown = CliRunner().invoke(app, ["--json", "--only", "one", "--only", "two"])
    assert shown.exit_code == 0
    assert set(json.loads(shown.stdout)) == {"one", "two"}
    wrong = CliRunner().invoke(app, ["--json", "--only", "nine"])
    assert wrong.exit_code == 2
    assert wrong.stdout == ""
    assert wrong.stderr == "No figure is called nine: the names are one, two, three, four.\n"


def test_names_are_unique_and_programs_are_files() -> None:
    names = [name for one in BENCHMARKS for name in one.names]
    assert len(names) == len(set(names))
    assert APP.is_file()
    assert {path.stem for path in APPS.glob("[a-z]*.py")} == {"bare_slider", "compare_page", "empty"}


@pytest.mark.long  # librosa compiles what it needs
def test_a_figure_of_the_library_is_measured() -> None:
    """One for real: against librosa, in one run."""
    found = log_mel(10)["logmel_vs_librosa"]
    assert (found["unit"], found["n"]) == ("ratio", 10)
    assert 0 < found["spread"][0] <= found["value"] <= found["spread"][1]


def test_made_up_models_can_be_compared(tmp_path: Path) -> None:
    """As the pages read them: what is timed would else be a sentence of error."""
    keys = detector_keys()[:2]
    write_models(tmp_path / "models", tmp_path / "recordings", 20, keys, seed=0)
    assert [trained_denoised(tmp_path / "models", key) for key in keys] == [0.0, 0.0]


@pytest.mark.long
def test_the_compare_page_is_opened_and_timed() -> None:
    """All of the bench but its size: its program, and the page as it is today."""
    found = open_pages({"a warm-up": 40, "other": 48})
    assert list(found) == ["a warm-up", "other"]
    assert all(page.seconds > 0 and page.megabytes > 50 for page in found.values())


@pytest.mark.parametrize(
    "measure",
    [
        lambda: denoise_move(1),
        lambda: all_detectors(1),
        lambda: window(1),
        lambda: statistics_speed(1, n_clips=40),
        lambda: labelling_speed(40, opens=1, labels=2),
        pytest.param(lambda: scoring_speed(8), marks=pytest.mark.long),  # librosa compiles what it needs
    ],
    ids=["denoise_move", "all_detectors", "window", "statistics", "labelling", "scoring"],
)
def test_a_figure_is_measured_at_a_small_size(measure: Callable[[], dict[str, Figure]]) -> None:
    """Under the names that the table promises."""
    found = measure()
    assert tuple(found) in {one.names for one in BENCHMARKS}
    assert all(one["value"] > 0 for one in found.values())
