"""A stranger's recordings, from a ZIP to a comparison, in the browser alone."""

import io
import shutil
import zipfile
from pathlib import Path
from typing import Any

import pytest

from asd_core.artifacts import trained_keys
from asd_core.datasets.slide_rail import simulate
from asd_core.detectors import detector_class
from asd_core.sound import wav_bytes
from tests.conftest import ROOT
from tests.e2e.helpers import TABLE, cells, wait_idle
from tests.e2e.server import serve


def strange_zip() -> bytes:
    """60 files in folders that say nothing: 44 normal ones, 14 with a fault, one broken, one that is there twice."""
    buffer = io.BytesIO()
    normal = [simulate("00", seed=n, duration=2.0) for n in range(44)]
    faulty = [simulate("00", seed=500 + n, duration=2.0, fault="loose_belt", severity=1.0) for n in range(14)]
    with zipfile.ZipFile(buffer, "w") as archive:
        for n, clip in enumerate(normal):
            archive.writestr(f"Rig 7/week 12/RUN_{n:03}.wav", wav_bytes(clip.samples, clip.sample_rate))
        for n, clip in enumerate([*faulty, normal[0]]):
            archive.writestr(f"Rig 7/belt?/BELT_{n:03}.wav", wav_bytes(clip.samples, clip.sample_rate))
        archive.writestr("Rig 7/week 12/RUN_broken.wav", b"RIFF")
    return buffer.getvalue()


@pytest.mark.long
def test_a_zip_is_understood_trained_and_compared(page: Any, small_models: Path, tmp_path: Path) -> None:
    shutil.copytree(small_models, tmp_path / "models" / "another")
    archive = tmp_path / "press.zip"
    archive.write_bytes(strange_zip())
    folders = {"ASD_MODELS_DIR": str(tmp_path / "models"), "ASD_DATA_DIR": str(tmp_path / "data")}
    with serve(ROOT / "app.py", **folders) as address:
        page.goto(f"{address}/data")
        page.get_by_label("Name", exact=True).fill("Press line 3")
        page.get_by_label("Name", exact=True).press("Enter")
        wait_idle(page)
        page.locator("input[type=file]").set_input_files(archive)
        page.get_by_role("button", name="Add 1 file").click()
        page.get_by_text("45 recordings like").or_(page.get_by_text("44 recordings like")).wait_for()
        wait_idle(page)
        for example, label in (("BELT_000", "Anomaly"), ("RUN_000", "Normal"), ("RUN_broken", "Normal")):
            question = page.locator("[data-testid=stElementContainer]", has_text=f"{example}.wav").locator(
                "[data-testid=stButtonGroup]"
            )
            question.get_by_text(label, exact=True).click()
            wait_idle(page)
        page.get_by_role("button", name="Save").click()
        page.get_by_text("The same sound is called normal and anomaly").wait_for()
        assert page.get_by_text("1 file not used").count() == 1
        page.get_by_role("button", name="Train", exact=True).click()
        page.get_by_role("button", name="Stop").wait_for()
        page.reload()
        page.get_by_role("link", name="Compare the trained detectors").wait_for(
            timeout=300_000
        )  # the first ones are there
        if (stop := page.get_by_role("button", name="Stop")).count():
            stop.click()
        wait_idle(page)
        page.get_by_role("link", name="Compare the trained detectors").click()
        page.get_by_text("What to take away").wait_for()
        page.locator(TABLE).first.wait_for()
        wait_idle(page)
        assert page.locator("[data-testid=stSidebar] input").first.input_value() == "Press line 3"
        trained = [detector_class(key).info.title for key in trained_keys(tmp_path / "models" / "press-line-3")]
        shown = {row[0].removeprefix("● ") for row in cells(page)}
        assert shown
        assert shown <= set(trained)  # what was being written when it was stopped may have no scores yet
        page.get_by_text("Where it fails", exact=True).click()
        page.locator("audio").first.wait_for()
        wait_idle(page)
        heard = page.evaluate(
            """async () => { const a = document.querySelector('audio'); a.muted = true; await a.play();
            await new Promise(r => { a.ontimeupdate = () => a.currentTime > 0 && r(); }); return a.duration; }"""
        )
        assert abs(heard - 2.0) < 0.1
        assert page.get_by_role("alert").filter(has_text="Traceback").count() == 0
