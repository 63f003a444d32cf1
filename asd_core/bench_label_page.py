"""Speed of the Label page in a browser: until it is open, and from a key to the next clip, drawn and ready to play."""

import tempfile
import time
from pathlib import Path
from typing import Any

from asd_core.bench_browser import CHROMIUM_FLAGS, Figure, figure, serve
from asd_core.settings import PROJECT_ROOT

LABELS = 100_000  # of other clips, by other people, in the same database
PRESSES, OPENS = 14, 4  # the first of each is not counted: it loads what the others share
NAME = ".st-key-annotator input"
READY = ".asd-player[data-ready=true]"
PLACE = "Clip {} of"
# The player carries its clip; the text says which one it is. Both are looked at in the page, in every frame: asking from
# outside would add a round trip.
NEXT = """(player, text) => new Promise((done) => {
  const began = performance.now(), before = player.dataset.clip;
  const place = document.querySelector("[data-testid=stProgress]").parentElement;
  const look = () => {
    const there = player.dataset.ready === "true" && player.dataset.clip !== before;
    if (there && place.textContent.includes(text)) done((performance.now() - began) / 1000);
    else requestAnimationFrame(look);
  };
  document.dispatchEvent(new KeyboardEvent("keydown", { key: "n", code: "KeyN", keyCode: 78, which: 78, bubbles: true }));
  document.dispatchEvent(new KeyboardEvent("keyup", { key: "n", code: "KeyN", keyCode: 78, which: 78, bubbles: true }));
  requestAnimationFrame(look);
})"""


def label_page_speed(browser: str) -> dict[str, Figure]:
    """Seconds with 100,000 labels in the database, on the demo's clips."""
    from playwright.sync_api import sync_playwright

    opened: list[float] = []
    took: list[float] = []
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        url = f"sqlite:///{Path(folder) / 'labels.sqlite3'}"
        _fill(url)
        chrome = playwright.chromium.launch(executable_path=browser, args=CHROMIUM_FLAGS)
        with serve(PROJECT_ROOT / "app.py", ASD_DATABASE_URL=url) as address:
            page = chrome.new_page(viewport={"width": 1440, "height": 900})
            page.goto(f"{address}/label")
            page.locator(NAME).fill("Ada")
            page.locator(NAME).press("Enter")
            page.wait_for_selector(READY, timeout=120_000)
            page.wait_for_timeout(3000)
            for number in range(OPENS):
                began = time.perf_counter()
                page.reload()
                page.wait_for_selector(f"text={PLACE.format(1)}")
                page.wait_for_selector(READY)
                if number:
                    opened.append(time.perf_counter() - began)
            page.locator("h1").click()
            for number in range(2, PRESSES + 2):
                page.wait_for_timeout(1500)  # it is heard; meanwhile the one after it is fetched
                seconds: Any = page.locator(".asd-player").evaluate(NEXT, PLACE.format(number))
                if number > 2:
                    took.append(float(seconds))
        chrome.close()
    return {"label_page_open_s": figure(opened, "s"), "label_page_next_clip_s": figure(took, "s")}


def _fill(url: str) -> None:
    """Labels that the page has to find its way among."""
    from asd_core.labels import Draft, LabelStore

    store = LabelStore.open(url)
    store.add_many(
        [
            Draft(
                kind="label",
                annotator=("Bob", "Eve")[number % 2],
                dataset="demo",
                clip_sha256=f"{number:064x}",
                clip_id=f"test/normal_id_00_{number:08d}.wav",
                machine_id="00",
                label="normal",
            )
            for number in range(LABELS)
        ]
    )
    store.close()
