"""Components alone, each on the test page in its folder."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from tests.conftest import ROOT
from tests.e2e.helpers import wait_idle
from tests.e2e.label_page import wait_for_labelling
from tests.e2e.server import serve

COMPONENTS = ROOT / "pages" / "components"


@contextmanager
def opened(page: Any, component: str) -> Iterator[None]:
    with serve(COMPONENTS / component / "test_page.py", PYTHONPATH=str(ROOT)) as served:
        page.goto(served)
        yield


def text(page: Any, words: str) -> Any:
    return page.locator("[data-testid=stText]").get_by_text(words, exact=True)


def test_the_score_table_follows_a_player_and_no_other(page: Any) -> None:
    with opened(page, "score_table"):
        page.locator(".asd-scores[data-strength='0.60']").wait_for()
        first = page.locator(".asd-scores tbody tr").first
        page.locator("[data-part=details]").click()
        first = page.locator(".asd-scores tbody tr:not(.group)").first
        assert "0.9123" in first.inner_text()
        turn = """({ key, strength }) => window.dispatchEvent(new CustomEvent("asd-strength",
          { detail: { key, clip: "0".repeat(64), strength, turn: 0 }, cancelable: true }))"""
        assert page.evaluate(turn, {"key": "another", "strength": 0.1})  # nobody follows
        assert not page.evaluate(turn, {"key": "player", "strength": 0.5})
        text(page, "asked 0.50").wait_for()
        page.locator(".asd-scores[data-strength='0.50']").wait_for()
        assert "0.4562" in first.inner_text()


@pytest.mark.parametrize("wide", [900, 505, 440])  # 505 beside the player of a window of 1440 pixels, 440 at the least
def test_margins_and_decisions_of_both_sounds_are_seen_without_scrolling(page: Any, wide: int) -> None:
    with opened(page, "score_table"):
        page.locator(".asd-scores[data-strength='0.60']").wait_for()
        page.locator(".asd-scores").evaluate("(table, wide) => (table.style.width = `${wide}px`)", wide)
        scroll = page.locator(".asd-scores .scroll")
        over = "(box) => box.scrollWidth - box.clientWidth"
        bars = page.locator(".asd-scores tbody tr:not(.group)").first.locator(".margin i")
        assert scroll.evaluate(over) == 0
        first, second = (bars.nth(i).bounding_box()["width"] for i in (0, 1))
        assert first == pytest.approx(second, abs=2)  # bars of one length, or they cannot be compared
        page.locator("[data-part=details]").click()
        if scroll.evaluate(over):  # the last column is reached
            scroll.evaluate("(box) => box.scrollBy(box.scrollWidth, 0)")
        right = scroll.bounding_box()["x"] + scroll.bounding_box()["width"]
        last = page.locator(".asd-scores thead th").last.bounding_box()
        assert last["x"] + last["width"] <= right


def test_the_label_panel_sends_every_act_once_in_order(page: Any) -> None:
    with opened(page, "label_panel"):
        page.get_by_text("Clip 1 of 3").wait_for()
        page.get_by_label("Note").fill("squeaks")
        page.get_by_label("Note").press("Enter")
        wait_for_labelling(page)
        page.keyboard.press("a")
        page.get_by_text("Clip 2 of 3").wait_for()
        wait_for_labelling(page)
        page.keyboard.press("s")
        page.keyboard.press("z")  # before the answer: the browser still shows the second clip
        text(page, "undo (-), clip 1, note: -").wait_for()
        shown = page.locator("[data-testid=stText]").all_inner_texts()
        expected = ["label (anomaly), clip 0, note: squeaks", "skip (-), clip 1, note: -", "undo (-), clip 1, note: -"]
        assert shown == expected


def test_the_hover_card_names_the_point_under_the_pointer_and_rings_the_clicked_one(page: Any) -> None:
    with opened(page, "hover_card"):
        page.wait_for_selector(".js-plotly-plot[data-hover=ready]")
        point = page.locator(".js-plotly-plot .point").nth(1).bounding_box()
        x, y = point["x"] + point["width"] / 2, point["y"] + point["height"] / 2
        page.mouse.move(x - 30, y + 30)
        page.mouse.move(x, y, steps=3)
        card = page.locator(".asd-hover-card")
        card.wait_for()
        assert card.inner_text().split("\n")[:2] == ["clip_1.wav", "fact 1"]
        before = card.element_handle()
        page.mouse.down()
        page.mouse.up()
        text(page, "clicked 1").wait_for()
        ring = page.locator(".asd-hover-ring")
        ring.wait_for()
        box = ring.bounding_box()
        assert (box["x"] + box["width"] / 2, box["y"] + box["height"] / 2) == pytest.approx((x, y), abs=2)
        assert before.evaluate("(card) => card.isConnected"), (
            "a card made anew would fetch its names and pictures again"
        )


def test_the_threshold_slider_speaks_while_it_is_held_and_starts_anew_for_another(page: Any) -> None:
    with opened(page, "threshold_slider"):
        text(page, "at 0.12").wait_for()
        wait_idle(page)  # its margins come with its data: measured before, the pointer would be somewhere else
        slider = page.get_by_role("slider", name="Your threshold")
        box = slider.bounding_box()
        middle = box["y"] + box["height"] / 2
        page.mouse.move(box["x"] + 8 + (box["width"] - 16) * 1.1234567 / 4, middle)
        page.mouse.down()
        page.mouse.move(box["x"] + box["width"] / 2, middle, steps=10)
        text(page, "at 1.00").wait_for()
        page.mouse.move(box["x"] + box["width"] / 2 + (box["width"] - 16) / 4, middle, steps=10)
        text(page, "at 2.00").wait_for()
        page.mouse.up()
        slider.press("End")
        text(page, "at 3.00").wait_for()
        page.get_by_text("other", exact=True).click()
        text(page, "at 0.12").wait_for()
        assert page.locator(".asd-threshold output").inner_text() == "0.1235"
