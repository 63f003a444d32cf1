"""The Label page when several write at once, the label_database refuses, the server hangs, or the page is left."""

import re
import signal
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import ROOT
from tests.e2e.helpers import new_tab, requests, wait_for_request, wait_idle
from tests.e2e.label_page import enter, log, place, press, wait_for_labelling
from tests.e2e.server import serve


@pytest.mark.long
def test_two_browsers_at_once_lose_nothing(page: Any, browser: Any, label_server: str, label_database: Path) -> None:
    people = ("Lise", "Emmy", "Emmy")  # two tabs of one person among them
    tabs = [new_tab(browser), page, page.context.new_page()]
    for tab, name in zip(tabs, people, strict=True):
        enter(tab, label_server, name)
    for number in range(3):
        for tab in tabs:
            wait_for_labelling(tab)
        for tab, key in zip(tabs, "nau", strict=True):
            tab.keyboard.press(key)
        for tab in tabs:
            tab.get_by_text(re.compile(rf"Clip {number + 2} of")).first.wait_for()
            wait_idle(tab)
    assert [label for _, label, _ in log(label_database, "Lise")] == ["normal"] * 3
    both = [label for _, label, _ in log(label_database, "Emmy")]
    assert sorted(both) == ["anomaly"] * 3 + ["unsure"] * 3
    tabs[0].context.close()


@pytest.mark.parametrize(
    ("name", "harm", "mend"),
    [
        (
            "Rita",
            "CREATE TRIGGER full BEFORE INSERT ON label_events BEGIN SELECT RAISE(ABORT, 'the disk is full'); END",
            "DROP TRIGGER full",
        ),
        ("Tu", "ALTER TABLE label_current RENAME TO away", "ALTER TABLE away RENAME TO label_current"),
    ],
    ids=["cannot be written", "cannot be read either"],
)
def test_what_could_not_be_saved_keeps_its_note(
    page: Any, label_server: str, label_database: Path, name: str, harm: str, mend: str
) -> None:
    enter(page, label_server, name)
    page.get_by_label("Note").fill("rattles")
    page.get_by_label("Note").press("Enter")
    wait_for_labelling(page)
    with sqlite3.connect(label_database) as connection:
        connection.execute(harm)
    try:
        page.keyboard.press("a")
        page.get_by_text("Not saved.").wait_for()
        wait_idle(page)
        assert place(page) == 1
    finally:
        with sqlite3.connect(label_database) as connection:
            connection.execute(mend)
    press(page, "ArrowLeft", 1)
    page.get_by_role("button", name="Anomaly").wait_for()
    assert page.get_by_label("Note").input_value() == "rattles"
    press(page, "a", 2)
    with sqlite3.connect(f"file:{label_database}?mode=ro", uri=True) as connection:
        query = "SELECT label, note FROM label_events WHERE annotator = ?"
        assert connection.execute(query, (name,)).fetchall() == [("anomaly", "rattles")]


@pytest.mark.long
def test_a_server_that_hangs_does_what_was_pressed_once_and_nothing_pressed_meanwhile(
    page: Any, tmp_path: Path
) -> None:
    database = tmp_path / "labels.sqlite3"
    server = serve(ROOT / "app.py", ASD_DATABASE_URL=f"sqlite:///{database}")
    with server as address:
        enter(page, address, "Vera")
        press(page, "n", 2)
        press(page, "a", 3)
        wait_for_labelling(page)
        server.process.send_signal(signal.SIGSTOP)
        try:
            page.keyboard.press("z")
            page.get_by_text("Waiting for the server").wait_for()
            page.keyboard.press("z")
            page.get_by_text("No answer").wait_for()  # it has been sent three times
        finally:
            server.process.send_signal(signal.SIGCONT)
        page.get_by_text("Clip 2 of").wait_for()
        wait_idle(page)
        press(page, "ArrowRight", 3)
        assert [kind for kind, _, _ in log(database, "Vera")] == ["label", "label", "undo"]


@pytest.mark.long
def test_a_label_is_kept_when_the_page_is_left_before_it_is_answered(page: Any, tmp_path: Path) -> None:
    database = tmp_path / "labels.sqlite3"
    server = serve(ROOT / "app.py", ASD_DATABASE_URL=f"sqlite:///{database}")
    with server as address:
        enter(page, address, "Chien-Shiung")
        wait_for_labelling(page)
        server.process.send_signal(signal.SIGSTOP)
        try:
            before = requests(page)
            page.keyboard.press("u")
            wait_for_request(page, before)
            page.get_by_role("link", name="Experiments").click()
            wait_for_request(page, before + 1)
        finally:
            server.process.send_signal(signal.SIGCONT)
        page.get_by_role("heading", name="Experiments").wait_for()
        wait_idle(page)
        page.get_by_role("link", name="Label").click()
        page.get_by_text("Clip 2 of").wait_for()
        wait_idle(page)
        assert [(kind, label) for kind, label, _ in log(database, "Chien-Shiung")] == [("label", "unsure")]
