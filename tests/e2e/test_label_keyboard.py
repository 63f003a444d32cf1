"""The Label page by keyboard and mouse: clip after clip and back, and presses that come too soon, too often or held down."""

import re
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.helpers import wait_idle
from tests.e2e.label_page import NAME, READY, blind_name, enter, log, name_of, place, press, wait_for_labelling

COUNT = 9  # three by each key
SILENT_FROM = 3  # one by each key while its clip plays: a cursor that moves costs half a core


def test_clips_by_keyboard_with_undo_reload_and_a_second_visit(
    page: Any, label_server: str, label_database: Path
) -> None:
    enter(page, label_server, "Ada", autoplay=True)
    assert place(page) == 1
    page.locator(".asd-player[data-playing=true]").wait_for()
    expected = []
    for number in range(COUNT):
        if number == SILENT_FROM:
            page.get_by_text("Autoplay", exact=True).click()
            page.locator("h1").click()  # and letters are keys
            wait_idle(page)
        key, label = (("n", "normal"), ("a", "anomaly"), ("u", "unsure"))[number % 3]
        expected.append(("label", label, name_of(page)))
        press(page, key, number + 2)
    assert [(kind, label, blind_name(clip)) for kind, label, clip in log(label_database, "Ada")] == expected

    press(page, "z", COUNT)  # back at the clip of the label that was taken back
    assert name_of(page) == expected[-1][2]
    press(page, "n", COUNT + 1)
    assert [kind for kind, _, _ in log(label_database, "Ada")][-2:] == ["undo", "label"]
    page.get_by_text(f"{COUNT} of 50 labelled").wait_for()

    page.reload()
    page.locator(READY).wait_for()
    wait_idle(page)
    assert page.locator(NAME).input_value() == "Ada", "this browser remembers the name"
    page.get_by_text(f"{COUNT} of 50 labelled").wait_for()
    assert name_of(page) not in {clip for _, _, clip in expected}, "what is labelled has left the queue"

    page.close()
    later = page.context.new_page()  # of the same browser
    later.goto(f"{label_server}/label?unlabelled=false&autoplay=false")
    later.locator(READY).wait_for()
    wait_idle(later)
    assert later.locator(NAME).input_value() == "Ada"
    assert name_of(later) == expected[0][2]
    later.get_by_text("you: normal").wait_for()
    for number in range(1, 4):
        press(later, "ArrowRight", number + 1)
        later.get_by_text(f"you: {expected[number][1]}").wait_for()
    press(later, "ArrowLeft", 3)


def test_a_double_click_labels_one_clip(page: Any, label_server: str, label_database: Path) -> None:
    enter(page, label_server, "Grace")
    wait_for_labelling(page)
    page.get_by_role("button", name=re.compile("Anomaly")).first.dblclick()
    page.get_by_text("Clip 2 of").wait_for()
    wait_idle(page)
    assert len(log(label_database, "Grace")) == 1
    assert place(page) == 2


def test_a_press_as_soon_as_the_next_clip_comes_is_half_of_a_double_click(
    page: Any, label_server: str, label_database: Path
) -> None:
    enter(page, label_server, "Sofia")
    wait_for_labelling(page)
    page.locator(".asd-label [data-part=place]").evaluate(
        """(place, key) => new Promise((done) => {
          const press = () => document.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true }));
          new MutationObserver(() => done(press())).observe(place, { childList: true });
          press();
        })""",
        "n",
    )
    wait_idle(page)
    assert place(page) == 2
    assert len(log(label_database, "Sofia")) == 1


def test_keys_pressed_before_the_answer_are_all_done_in_order(
    page: Any, label_server: str, label_database: Path
) -> None:
    enter(page, label_server, "Katherine")
    wait_for_labelling(page)
    page.evaluate(
        """(keys) => {
          for (const key of keys) document.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true }));
        }""",
        ["n", "z", "a", "ArrowRight", "ArrowRight"],  # the A comes too late: the clip is left already
    )
    page.get_by_text("Clip 3 of").wait_for()
    wait_idle(page)
    assert [(kind, label) for kind, label, _ in log(label_database, "Katherine")] == [("label", "normal"), ("undo", "")]


@pytest.mark.parametrize(("name", "key"), [("Hedy", "n"), ("Joan", "Enter")])
def test_a_key_that_is_held_down_labels_one_clip(
    page: Any, label_server: str, label_database: Path, name: str, key: str
) -> None:
    enter(page, label_server, name)
    wait_for_labelling(page)
    page.get_by_role("button", name="Normal").focus()
    page.keyboard.down(key)
    page.get_by_text("Clip 2 of").wait_for()
    wait_for_labelling(page)
    for _ in range(3):
        page.keyboard.down(key)  # a repeat, at a time when a press would count
    page.keyboard.up(key)
    wait_idle(page)
    assert place(page) == 2
    assert len(log(label_database, name)) == 1


def test_after_another_order_is_chosen_letters_are_keys(page: Any, label_server: str, label_database: Path) -> None:
    enter(page, label_server, "Maryam")
    first = name_of(page)
    order = page.locator(".st-key-order input")
    order.fill("disagree")
    order.press("Enter")
    page.get_by_text(first).wait_for(state="detached")
    wait_idle(page)
    other = name_of(page)
    assert other != first
    press(page, "u", 2)
    assert [(label, blind_name(clip)) for _, label, clip in log(label_database, "Maryam")] == [("unsure", other)]
