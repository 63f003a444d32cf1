"""What is said of a clip on the Label page: notes, regions, classes, what others said, and where labels go."""

import re
import sqlite3
from pathlib import Path
from typing import Any

from asd_core.datasets import demo_dataset
from asd_core.labels import opaque_name
from tests.e2e.helpers import cells, wait_idle
from tests.e2e.label_page import drag, enter, given, hashes, log, name_of, place, press


def test_a_note_is_kept_with_the_label(page: Any, label_server: str, label_database: Path) -> None:
    enter(page, label_server, "Ida", "unlabelled=false")
    page.get_by_label("Note").fill("squeaks at n a u")
    page.get_by_label("Note").press("Enter")  # and letters are keys again
    press(page, "u", 2)
    assert page.get_by_label("Note").input_value() == ""
    press(page, "ArrowLeft", 1)
    assert page.get_by_label("Note").input_value() == "squeaks at n a u"
    assert page.get_by_role("button", name="Unsure").get_attribute("aria-pressed") == "true"
    press(page, "s", 2)
    with sqlite3.connect(f"file:{label_database}?mode=ro", uri=True) as connection:
        rows = connection.execute("SELECT kind, note FROM label_events WHERE annotator = 'Ida' ORDER BY id").fetchall()
    assert rows == [("label", "squeaks at n a u"), ("skip", None)]


def test_a_region_is_marked_drawn_and_taken_away(page: Any, label_server: str, label_database: Path) -> None:
    enter(page, label_server, "Marie")
    drag(page)
    page.get_by_role("button", name=re.compile("rattle")).first.wait_for()
    wait_idle(page)
    page.keyboard.press("2")
    listed = page.get_by_role("button", name=re.compile(r"rattle: [\d.]+–[\d.]+ s, [\d.]+–[\d.]+ kHz"))
    listed.wait_for()
    with sqlite3.connect(f"file:{label_database}?mode=ro", uri=True) as connection:
        ((t0, t1, f0, f1),) = connection.execute(
            "SELECT t0, t1, f0, f1 FROM label_events WHERE kind = 'region' AND annotator = 'Marie'"
        )
    assert 0 < t0 < t1 < 10
    assert 0 < f0 < f1 < 8000
    wait_idle(page)
    listed.click()
    listed.wait_for(state="detached")
    assert [kind for kind, _, _ in log(label_database, "Marie")] == ["region", "remove_region"]


def test_the_list_of_classes_is_edited_on_the_page(page: Any, label_server: str) -> None:
    enter(page, label_server, "Dorothy")
    drag(page)
    page.get_by_text("Edit the classes").click()
    box = page.get_by_label("Classes, one a line")
    wrong = "rail damage\nrail damage"
    for typed, sign in ((wrong, page.get_by_role("alert")), ("rail damage\nbent rail", page.get_by_text("bent rail"))):
        box.fill(typed)
        box.press("Control+Enter")
        wait_idle(page)
        page.get_by_role("button", name="Save the classes").click()
        sign.first.wait_for()
        wait_idle(page)
    page.keyboard.press("Escape")
    page.get_by_role("button", name="bent rail").click()
    page.get_by_role("button", name=re.compile(r"bent rail: [\d.]+–")).wait_for()


def test_blind_hides_what_others_said_and_disagreement_is_adjudicated(
    page: Any, label_server: str, label_database: Path
) -> None:
    given(label_database, "Barbara", ["normal"])
    first = opaque_name("demo", hashes()[demo_dataset().rows(split="test")["clip_id"].iloc[0]])
    enter(page, label_server, "Rosalind", f"unlabelled=false&item={first}")
    assert name_of(page) == first[:6]
    at = place(page)
    assert page.get_by_text("Barbara: normal").count() == 0
    assert page.get_by_text("Dataset:").count() == 0
    press(page, "a", at + 1)
    press(page, "ArrowLeft", at)
    page.get_by_text("Blind", exact=True).click()
    page.get_by_text("Barbara: normal").first.wait_for()
    page.get_by_text("Dataset: ").wait_for()
    page.get_by_text("Agreement", exact=True).click()
    page.get_by_text("Where all labelled").wait_for()
    page.get_by_role("button", name="It is an anomaly").click()
    wait_idle(page)
    assert ("adjudicate", "anomaly") in [(kind, label) for kind, label, _ in log(label_database, "Rosalind")]


def test_labels_go_out_and_change_what_detectors_are_measured_by(
    page: Any, label_server: str, label_database: Path
) -> None:
    for name in ("Chien", "Jocelyn", "Vera"):
        given(label_database, name, ["anomaly"] * 30)  # of clips that the dataset calls normal
    page.goto(f"{label_server}/label?label_view=Import+and+export&blind=false&export_format=csv")
    with page.expect_download() as found:
        page.get_by_role("button", name="Download", exact=True).click()
    text = Path(found.value.path()).read_text("utf-8")
    assert "Chien" in text
    assert text.count("\n") > 90
    page.goto(f"{label_server}/compare?against=the+majority%27s+labels")
    page.get_by_text("labels: the majority's labels").first.wait_for()
    page.get_by_text("Labels overridden: 30").wait_for()
    rows = cells(page)
    fusion = next(row for row in rows if row[0] == "Fusion")
    assert fusion[3].startswith("-"), "thirty normal clips called anomalies make every detector look worse"
    assert page.get_by_role("alert").count() == 0
