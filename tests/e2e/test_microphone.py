"""A recording from the microphone: Chromium's own stand-in for one, which beeps."""

import re
from collections.abc import Iterator
from typing import Any

import pytest

from asd_core.detectors import detector_keys
from benchmarks.browser import CHROMIUM_FLAGS, chromium
from tests.e2e.helpers import SCORES, new_tab, scores, wait_idle

pytestmark = pytest.mark.long  # a browser of its own

MICROPHONE = ["--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream"]


@pytest.fixture
def hearing(browser: Any) -> Iterator[Any]:
    """A tab of a browser that has a microphone."""
    chrome = browser.browser_type.launch(executable_path=chromium(), args=[*CHROMIUM_FLAGS, *MICROPHONE])
    yield new_tab(chrome, permissions=["microphone"])
    chrome.close()


def test_what_the_microphone_hears_is_scored(hearing: Any, address: str) -> None:
    hearing.goto(f"{address}/?from=Upload")
    hearing.get_by_text("Drop one recording or several").wait_for()
    wait_idle(hearing)
    hearing.get_by_role("button", name="Record", exact=True).click()
    stop = hearing.get_by_role("button", name="Stop recording")
    stop.wait_for()
    hearing.locator("[data-testid=stAudioInput]").get_by_text("00:02").wait_for()  # as long as two seconds
    stop.click()
    hearing.locator("[data-testid=stMarkdown] strong", has_text=re.compile(r"^Microphone \d{4}-\d\d-\d\d")).wait_for()
    hearing.locator(".asd-player[data-ready=true]").wait_for()
    hearing.locator(f"{SCORES} tbody tr").first.wait_for()
    assert len(scores(hearing)) == len(detector_keys())
    assert 1.5 < float(hearing.locator(".asd-player").get_attribute("data-duration")) < 6.0
    said = [alert.inner_text() for alert in hearing.get_by_role("alert").all()]
    assert all("looks clipped" in text for text in said), said  # it beeps as loud as it can
