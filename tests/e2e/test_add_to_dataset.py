"""An upload is kept in a dataset while the page is still scoring, and is found on the Data page."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from asd_core.datasets import open_dataset
from asd_core.sound import wav_bytes
from tests.conftest import ROOT
from tests.e2e.helpers import wait_idle
from tests.e2e.server import serve
from tests.e2e.test_uploads import drop, scored


@pytest.mark.long  # a server of its own, that reads every detector anew
def test_uploads_are_kept_while_they_are_scored(page: Any, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    files = [(f"RUN_{n}.wav", wav_bytes(rng.normal(0, 0.05, 160000).astype(np.float32), 16000)) for n in range(4)]
    with serve(ROOT / "app.py", ASD_DATA_DIR=str(tmp_path / "data")) as address:
        drop(page, address, files[:1])
        dropped = [{"name": name, "mimeType": "audio/wav", "buffer": data} for name, data in files]
        page.locator("input[type=file]").first.set_input_files(
            dropped[1:]
        )  # they are scored while the choices are made
        page.locator("[data-testid=stMarkdown] strong", has_text=files[-1][0]).first.wait_for()
        page.get_by_role("button", name="Keep in a dataset").click()
        page.get_by_text("All 4 uploads").click()
        page.get_by_label("Name", exact=True).fill("Press line 3")
        page.get_by_label("Name", exact=True).press("Tab")
        page.get_by_text("Normal", exact=True).last.click()
        page.get_by_role("button", name="Keep 4 recordings").click()
        page.get_by_text("Kept in Press line 3 as kept/RUN_0.wav and 3 more.").wait_for()
        place = tmp_path / "data" / "user" / "datasets" / "press-line-3" / "dataset.toml"
        assert open_dataset(place).catalogue["label"].tolist() == ["normal"] * 4
        assert len(scored(page)) == 4
        page.get_by_role("link", name="Press line 3 on the Data page").click()
        page.get_by_text("What was understood").wait_for()
        wait_idle(page)
        assert page.get_by_text("There is no anomaly").count() == 1
        assert page.get_by_role("alert").filter(has_text="Traceback").count() == 0
