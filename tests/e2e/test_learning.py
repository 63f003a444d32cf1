"""The loss of a network while it trains, in the browser: drawn on without a flicker, and there again after a reload."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from asd_core import jobs
from asd_core.datasets import import_recordings
from asd_core.settings import get_settings
from tests.conftest import ROOT
from tests.e2e.server import serve

CHART = ".st-key-losses_train-press .marks"
EPOCH = "Number(/epoch (\\d+) of/.exec(document.body.innerText)?.[1] ?? 0)"


@pytest.fixture
def training(small_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A server whose dataset Press has no detectors yet."""
    folders = {"ASD_MODELS_DIR": str(tmp_path / "models"), "ASD_DATA_DIR": str(tmp_path / "data")}
    for name, value in folders.items():
        monkeypatch.setenv(name, value)
    get_settings.cache_clear()
    files = [(str(path.relative_to(small_folder.parent)), path.read_bytes) for path in small_folder.rglob("*.wav")]
    place = str(import_recordings("Press", files).place)
    # As the button starts it, but with a network alone that takes longer than the test.
    arguments = ["train", "--data", place, "--out", str(tmp_path / "models" / "press"), "--detectors", "cnn_ae"]
    jobs.start("train-press", [*arguments, "--preset", "paper"], "Training on Press")
    with serve(ROOT / "app.py", **folders) as running:
        yield running
        jobs.cancel("train-press")  # of a test that failed before it stopped it


@pytest.mark.long  # a network is trained
def test_the_loss_is_drawn_on_while_a_network_trains(page: Any, training: str) -> None:
    page.goto(f"{training}/data?data=Press")
    chart = page.locator(CHART)
    chart.wait_for()
    page.get_by_text("CNN autoencoder (1 of 1, about").wait_for()  # the time left stands beside it
    epoch, before = page.evaluate(EPOCH), chart.evaluate("drawn => { drawn.seen = true; return drawn.innerHTML; }")
    page.wait_for_function(f"{EPOCH} > {epoch + 1}", timeout=300_000)  # an epoch takes what it takes on a busy machine
    page.wait_for_function(f"before => document.querySelector('{CHART}').innerHTML !== before", arg=before)
    assert chart.evaluate("drawn => drawn.seen"), "the chart was taken away and drawn anew"
    page.reload()
    chart.wait_for()
    page.get_by_role("button", name="Stop").click()
    page.get_by_text("was stopped").wait_for()
    assert chart.count() == 0
