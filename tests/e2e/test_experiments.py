"""A sweep that a person starts: it runs beside the page, survives a reload, can be stopped, and shows its result."""

import shutil
from pathlib import Path
from typing import Any

from benchmarks.browser import serve
from tests.conftest import ROOT
from tests.e2e.helpers import TABLE, cells, wait_idle

SWEEP = "experiments?experiment=New+sweep+…&sweep_detector=CNN+autoencoder&sweep_parameter=epochs"


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
        page.get_by_role("button", name="Stop").click()
        page.get_by_text("was stopped. What was finished is kept").wait_for()
        page.get_by_label("Values").fill("1, 2")
        page.get_by_label("Values").press("Enter")
        page.get_by_role("button", name="Train 2 times").click()
        page.get_by_role("button", name="CNN autoencoder: epochs").or_(
            page.get_by_role("radio", name="CNN autoencoder: epochs")
        ).first.click(timeout=120_000)
        page.locator(TABLE).wait_for()
        wait_idle(page)
        assert [row[0] for row in cells(page)] == ["epochs 1", "epochs 2"]
        assert page.locator(".js-plotly-plot .scatterlayer").count() == 1
