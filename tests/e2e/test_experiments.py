"""A sweep that a person starts: it runs beside the page, survives a reload, can be stopped, and shows its result."""

import json
import os
import shutil
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import ROOT
from tests.e2e.helpers import TABLE, cells, wait_idle
from tests.e2e.server import serve

pytestmark = pytest.mark.long  # detectors are trained

SWEEP = "experiments?experiment=New+sweep+…&sweep_detector=CNN+autoencoder&sweep_parameter=epochs"


@contextmanager
def held(job: Path) -> Iterator[None]:
    """A job stands still meanwhile: what is done on the page then is done while it runs, however fast it is."""
    pid = json.loads((job / "job.json").read_text("utf-8"))["pid"]
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def test_a_sweep_is_started_reloaded_stopped_and_finished(page: Any, small_models: Path, tmp_path: Path) -> None:
    shutil.copytree(small_models, tmp_path / "models" / "small")
    folders = {"ASD_MODELS_DIR": str(tmp_path / "models"), "ASD_DATA_DIR": str(tmp_path / "data")}
    with serve(ROOT / "app.py", **folders) as address:
        page.goto(f"{address}/{SWEEP}")
        page.get_by_label("Values").fill("300, 400, 500")
        page.get_by_label("Values").press("Enter")
        page.get_by_role("button", name="Train 3 times").click()
        page.get_by_role("button", name="Stop").wait_for()
        page.reload()
        page.get_by_label("Values").fill("300, 400, 500")
        page.get_by_label("Values").press("Enter")
        wait_idle(page)  # the run that Enter asked for draws the button anew: a press on the old one is lost
        page.get_by_role("button", name="Stop").click()
        page.get_by_text("was stopped. What was finished is kept").wait_for()
        page.get_by_label("Values").fill("1, 2")
        page.get_by_label("Values").press("Enter")
        page.get_by_role("button", name="Train 2 times").click()
        page.get_by_role("button", name="Stop").wait_for()
        page.get_by_text("Sweep of epochs of CNN autoencoder has ended: here is its result.").wait_for(timeout=300_000)
        page.locator(TABLE).wait_for()
        wait_idle(page)
        assert [row[0] for row in cells(page)] == ["epochs 1", "epochs 2"]
        assert page.locator(".js-plotly-plot .scatterlayer").count() == 1
        assert "started" not in page.url
        page.reload()
        page.locator(TABLE).wait_for()
        wait_idle(page)
        assert page.locator("h3").inner_text() == "How much hangs on epochs of CNN autoencoder?"


def test_a_result_is_opened_after_a_reload_and_whatever_is_looked_at(
    page: Any, small_models: Path, tmp_path: Path
) -> None:
    shutil.copytree(small_models, tmp_path / "models" / "small")
    folders = {"ASD_MODELS_DIR": str(tmp_path / "models"), "ASD_DATA_DIR": str(tmp_path / "data")}
    job = tmp_path / "data" / "user" / "jobs" / "experiment-small-sweep-cnn_ae-epochs-quick"
    progress = job / "progress.json"

    def start(values: str) -> None:
        page.goto(f"{address}/{SWEEP}&sweep_preset=quick")
        page.get_by_label("Values").fill(values)
        page.get_by_label("Values").press("Enter")
        page.get_by_role("button", name="Train 2 times").click()
        page.get_by_role("button", name="Stop").wait_for()
        page.wait_for_url("**started=**")

    def result_is_opened() -> None:
        page.get_by_text("Sweep of epochs of CNN autoencoder has ended: here is its result.").wait_for(timeout=300_000)
        page.get_by_role("heading", name="How much hangs on epochs of CNN autoencoder?").wait_for()
        page.locator(TABLE).wait_for()

    with serve(ROOT / "app.py", **folders) as address:
        start("4, 8")
        with held(job):
            page.get_by_role("radio", name="Batch size").or_(
                page.get_by_role("button", name="Batch size")
            ).first.click()
            page.get_by_role("heading", name="Does the batch size").wait_for()
            page.reload()
            page.get_by_role("heading", name="Does the batch size").wait_for()
        result_is_opened()
        start("1, 2")
        url = page.url
        page.goto("about:blank")  # nobody looks while it ends
        while not (progress.is_file() and '"exit"' in progress.read_text()):
            page.wait_for_timeout(100)
        page.goto(url)
        result_is_opened()
