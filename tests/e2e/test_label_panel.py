"""The Label page's panel: its keys, its place on the screen, and presses that come faster than clips."""

import re
from pathlib import Path
from typing import Any

from tests.e2e.helpers import wait_idle
from tests.e2e.label_page import blind_name, enter, log, name_of, wait_for_labelling

REFUSED = ".asd-label [data-part=refused]"


def test_every_key_stands_beside_its_button_above_the_fold_at_1280(page: Any, label_server: str) -> None:
    page.set_viewport_size({"width": 1280, "height": 720})
    enter(page, label_server, "Nettie")
    rows = {}
    keys = {
        "Normal": "N",
        "Anomaly": "A",
        "Unsure": "U",
        "Skip": "S",
        "Undo": "Z",
        "The clip before": "←",
        "The next": "→",
    }
    for name, key in keys.items():
        button = page.get_by_role("button", name=re.compile(f"^{name}"))
        assert button.locator("kbd").inner_text() == key
        box = button.bounding_box()
        assert 0 < box["y"] < box["y"] + box["height"] < 720, name
        assert box["x"] + box["width"] < 1280
    for selector in (".st-key-annotator", ".st-key-label_view", ".st-key-blind"):
        box = page.locator(f"[data-testid=stMain] {selector}").bounding_box()
        rows[selector] = box["y"] + box["height"]
    assert max(rows.values()) - min(rows.values()) < 3, "name and view end on one line"


def test_every_press_is_a_label_of_its_clip_or_visibly_refused(
    page: Any, label_server: str, label_database: Path
) -> None:
    enter(page, label_server, "Nancy")
    wait_for_labelling(page)
    seen = page.locator(".asd-label").evaluate(
        """async (panel) => {
          const seen = [], name = panel.querySelector("[data-part=name]");
          for (let press = 0; press < 35; press++) {
            seen.push(name.textContent);
            document.dispatchEvent(new KeyboardEvent("keydown", { key: "nau"[press % 3], bubbles: true }));
            await new Promise((done) => setTimeout(done, 257));
          }
          return seen;
        }"""
    )
    wait_idle(page)
    shown = page.locator(REFUSED).inner_text()
    written = [(label, blind_name(clip)) for _, label, clip in log(label_database, "Nancy")]
    found = re.search(r"(\d+) press", shown)
    assert found, shown
    assert len(written) + int(found[1]) == len(seen) == 35
    pressed = {(("normal", "anomaly", "unsure")[number % 3], name) for number, name in enumerate(seen)}
    assert set(written) <= pressed, "a label is of the clip that stood there when its key was pressed"
    assert len({clip for _, clip in written}) == len(written) > 3
    page.locator(REFUSED).wait_for(state="hidden")


def test_a_press_shows_at_once_that_it_is_on_its_way(page: Any, label_server: str, label_database: Path) -> None:
    enter(page, label_server, "Lillian")
    wait_for_labelling(page)
    clip = name_of(page)
    state = page.locator(".asd-label").evaluate(
        """(panel) => {
          for (const key of ["a", "ArrowRight", "n"]) document.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true }));
          const part = (name) => panel.querySelector(`[data-part=${name}]`);
          const pressed = part("labels").querySelector("[aria-pressed=true]").value;
          return [part("pending").textContent, part("refused").textContent, pressed];
        }"""
    )
    assert state == ["2 on their way", "1 press not counted: too early for the next clip", "anomaly"]
    page.get_by_text("Clip 3 of").wait_for()
    wait_idle(page)
    assert page.locator(".asd-label [data-part=pending]").inner_text() == ""
    assert [(label, blind_name(name)) for _, label, name in log(label_database, "Lillian")] == [("anomaly", clip)]


def test_a_goal_is_set_and_fills(page: Any, label_server: str) -> None:
    enter(page, label_server, "Alice")
    box = page.get_by_role("spinbutton", name="Goal")
    box.fill("2")
    box.press("Enter")
    page.get_by_text("0 of 2 labelled").wait_for()
    wait_idle(page)
    box.blur()
    wait_for_labelling(page)
    page.keyboard.press("n")
    page.get_by_text("1 of 2 labelled").wait_for()
    assert "label_goal=2" in page.url
