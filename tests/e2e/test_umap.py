"""UMAP in a browser: a file of its own, as compiling it takes most of a minute."""

import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import ROOT
from tests.e2e.helpers import wait_idle
from tests.e2e.server import serve
from tests.e2e.test_feature_space import CHART, POINTS


@pytest.mark.long
def test_umap_starts_when_asked_shows_progress_and_is_kept(page: Any, small_models: Path, tmp_path: Path) -> None:
    shutil.copytree(small_models, tmp_path / "models" / "small")
    folders = {"ASD_MODELS_DIR": str(tmp_path / "models"), "ASD_DATA_DIR": str(tmp_path / "data")}
    with serve(ROOT / "app.py", **folders) as address:
        page.goto(f"{address}/feature_space?method=UMAP&only=false")
        button = page.get_by_role("button", name="Compute the map")
        button.wait_for()
        wait_idle(page)
        assert not (tmp_path / "data" / "user").exists()  # no job and no map before it is asked for
        button.click()
        bar = page.locator("[data-testid=stProgress]")
        bar.get_by_text(re.compile("loading UMAP|principal|starting")).wait_for()
        page.reload()  # the job goes on beside the page
        page.get_by_role("button", name="Stop").click()
        page.get_by_text("was stopped. Nothing of it is kept.").wait_for()
        assert list(tmp_path.rglob("umap-*.safetensors")) == []
        page.get_by_role("button", name="Compute the map").click()
        page.wait_for_selector(CHART, timeout=480_000)
        wait_idle(page)
        drawn = page.evaluate(POINTS)
        assert sum(len(points) for points in drawn) / 2 == 72
        assert len(list(tmp_path.rglob("umap-*.safetensors"))) == 1
        page.reload()
        page.wait_for_selector(f"{CHART}[data-hover=ready]")
        wait_idle(page)
        assert page.evaluate(POINTS) == drawn
        assert button.count() == 0
