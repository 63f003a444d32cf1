"""The Label page, as people label: by keyboard, in several browsers at once, and back after a break."""

import re
import signal
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from asd_core.datasets import demo_dataset
from asd_core.labels import LabelStore, new_uid
from benchmarks.browser import serve
from tests.conftest import ROOT
from tests.e2e.helpers import cells, wait_idle

NAME = "[data-testid=stMain] .st-key-annotator input"
READY = ".asd-player[data-ready=true]"
COUNT = 20


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("labels") / "labels.sqlite3"


@pytest.fixture(scope="module")
def served(database: Path) -> Iterator[str]:
    with serve(ROOT / "app.py", ASD_DATABASE_URL=f"sqlite:///{database}") as found:
        yield found


def log(database: Path, annotator: str) -> list[tuple[str, str, str]]:
    """What is in the database, read without our code: kind, label, clip."""
    with sqlite3.connect(f"file:{database}?mode=ro", uri=True) as connection:
        rows = connection.execute(
            "SELECT kind, coalesce(label, ''), clip_id FROM label_events WHERE annotator = ? ORDER BY id", (annotator,)
        )
        return [tuple(row) for row in rows]


def given(database: Path, annotator: str, labels: list[str]) -> None:
    """Labels of somebody else, on the first clips of the test split."""
    clips = pd.read_parquet(ROOT / "trained_models" / "demo" / "features.parquet", columns=["clip_id", "sha256"])
    hashes = clips.set_index("clip_id")["sha256"]
    rows = demo_dataset().rows(split="test").head(len(labels))
    store = LabelStore.open(f"sqlite:///{database}")
    for clip_id, machine_id, label in zip(rows["clip_id"], rows["machine_id"], labels, strict=True):
        store.add(
            kind="label",
            annotator=annotator,
            dataset="demo",
            uid=new_uid(),
            clip_sha256=hashes[clip_id],
            clip_id=clip_id,
            machine_id=machine_id,
            label=label,
        )
    store.close()


def enter(page: Any, address: str, name: str, query: str = "") -> None:
    """Open the page and say who is there."""
    page.goto(f"{address}/label?{query}")
    page.locator(NAME).wait_for()
    wait_idle(page)
    if page.locator(NAME).input_value() != name:
        page.locator(NAME).fill(name)
        page.locator(NAME).press("Enter")
    page.locator(READY).wait_for()
    wait_idle(page)


def place(page: Any) -> int:
    """Which clip of the queue is heard."""
    text = page.get_by_text(re.compile(r"Clip [\d,]+ of [\d,]+")).first.inner_text()
    found = re.search(r"Clip ([\d,]+) of", text)
    assert found, text
    return int(found[1].replace(",", ""))


def name_of(page: Any) -> str:
    return str(page.get_by_text(re.compile(r"^(normal|anomaly)_id_\d\d_\d+\.wav$")).first.inner_text())


def press(page: Any, key: str, expected: int) -> None:
    """Press a key and wait for the place in the queue that it leads to."""
    page.wait_for_timeout(350)  # nobody judges a clip sooner, and a second press that soon is a double click
    page.keyboard.press(key)
    page.get_by_text(re.compile(rf"Clip {expected} of")).first.wait_for()
    wait_idle(page)
    page.locator(READY).wait_for()


def test_twenty_clips_by_keyboard_with_undo_reload_and_a_second_visit(
    page: Any, browser: Any, served: str, database: Path
) -> None:
    enter(page, served, "Ada")
    assert place(page) == 1
    expected = []
    for number in range(COUNT):
        key, label = (("n", "normal"), ("a", "anomaly"), ("u", "unsure"))[number % 3]
        expected.append(("label", label, name_of(page)))
        press(page, key, number + 2)
    assert [(kind, label, clip.rsplit("/", 1)[-1]) for kind, label, clip in log(database, "Ada")] == expected

    press(page, "z", COUNT)  # back at the clip of the label that was taken back
    assert name_of(page) == expected[-1][2]
    press(page, "n", COUNT + 1)
    assert [kind for kind, _, _ in log(database, "Ada")][-2:] == ["undo", "label"]
    page.get_by_text(f"You labelled {COUNT} in all").wait_for()

    page.reload()
    page.locator(READY).wait_for()
    wait_idle(page)
    assert page.locator(NAME).input_value() == "Ada", "this browser remembers the name"
    page.get_by_text(f"You labelled {COUNT} in all").wait_for()
    assert name_of(page) not in {clip for _, _, clip in expected}, "what is labelled has left the queue"

    state = page.context.storage_state()
    later = browser.new_context(storage_state=state, viewport={"width": 1440, "height": 900}).new_page()
    later.goto(f"{served}/label?unlabelled=false")
    later.locator(READY).wait_for()
    wait_idle(later)
    assert later.locator(NAME).input_value() == "Ada"
    assert name_of(later) == expected[0][2]
    later.get_by_text("you: normal").wait_for()
    for number in range(1, 4):
        press(later, "ArrowRight", number + 1)
        later.get_by_text(f"you: {expected[number][1]}").wait_for()
    press(later, "ArrowLeft", 3)
    later.context.close()


def test_a_double_click_labels_one_clip(page: Any, served: str, database: Path) -> None:
    enter(page, served, "Grace")
    page.get_by_role("button", name=re.compile("Anomaly")).first.dblclick()
    page.get_by_text("Clip 2 of").wait_for()
    wait_idle(page)
    page.wait_for_timeout(500)
    assert len(log(database, "Grace")) == 1
    assert place(page) == 2


def test_a_press_as_soon_as_the_next_clip_comes_is_half_of_a_double_click(
    page: Any, served: str, database: Path
) -> None:
    enter(page, served, "Sofia")
    page.wait_for_timeout(350)
    page.locator(".asd-label [data-part=place]").evaluate(
        """(place, key) => new Promise((done) => {
          const press = () => document.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true }));
          new MutationObserver(() => done(press())).observe(place, { childList: true });
          press();
        })""",
        "n",
    )
    page.wait_for_timeout(1000)
    wait_idle(page)
    assert place(page) == 2
    assert len(log(database, "Sofia")) == 1


def test_keys_pressed_before_the_answer_are_all_done_in_order(page: Any, served: str, database: Path) -> None:
    enter(page, served, "Katherine")
    page.wait_for_timeout(350)
    page.evaluate(
        """(keys) => {
          for (const key of keys) document.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true }));
        }""",
        ["n", "z", "a", "ArrowRight", "ArrowRight"],  # the A comes too late: the clip is left already
    )
    page.get_by_text("Clip 3 of").wait_for()
    wait_idle(page)
    assert [(kind, label) for kind, label, _ in log(database, "Katherine")] == [("label", "normal"), ("undo", "")]


def test_a_note_is_kept_with_the_label(page: Any, served: str, database: Path) -> None:
    enter(page, served, "Ida", "unlabelled=false")
    page.get_by_label("Note").fill("squeaks at n a u")
    page.get_by_label("Note").press("Enter")  # and letters are keys again
    press(page, "u", 2)
    assert page.get_by_label("Note").input_value() == ""
    press(page, "ArrowLeft", 1)
    assert page.get_by_label("Note").input_value() == "squeaks at n a u"
    assert page.get_by_role("button", name="Unsure").get_attribute("aria-pressed") == "true"
    press(page, "s", 2)
    with sqlite3.connect(f"file:{database}?mode=ro", uri=True) as connection:
        rows = connection.execute("SELECT kind, note FROM label_events WHERE annotator = 'Ida' ORDER BY id").fetchall()
    assert rows == [("label", "squeaks at n a u"), ("skip", None)]


def test_after_another_order_is_chosen_letters_are_keys(page: Any, served: str, database: Path) -> None:
    enter(page, served, "Maryam")
    first = name_of(page)
    order = page.locator(".st-key-order input")
    order.fill("random")
    order.press("Enter")
    page.get_by_text(first).wait_for(state="detached")
    wait_idle(page)
    other = name_of(page)
    assert other != first
    press(page, "u", 2)
    assert [(label, clip.rsplit("/", 1)[-1]) for _, label, clip in log(database, "Maryam")] == [("unsure", other)]


def test_two_browsers_at_once_lose_nothing(browser: Any, served: str, database: Path) -> None:
    people = ("Lise", "Emmy", "Emmy")  # two tabs of one person among them
    tabs = [browser.new_context(viewport={"width": 1440, "height": 900}).new_page() for _ in people]
    for tab, name in zip(tabs, people, strict=True):
        enter(tab, served, name)
    for number in range(5):
        tabs[0].wait_for_timeout(350)
        for tab, key in zip(tabs, "nau", strict=True):
            tab.keyboard.press(key)
        for tab in tabs:
            tab.get_by_text(re.compile(rf"Clip {number + 2} of")).first.wait_for()
            wait_idle(tab)
    assert [label for _, label, _ in log(database, "Lise")] == ["normal"] * 5
    both = [label for _, label, _ in log(database, "Emmy")]
    assert sorted(both) == ["anomaly"] * 5 + ["unsure"] * 5
    for tab in tabs:
        tab.context.close()


def drag(page: Any) -> None:
    """Drag a region over the spectrogram."""
    box = page.locator("[data-part=top]").bounding_box()
    page.mouse.move(box["x"] + 200, box["y"] + 180)
    page.mouse.down()
    for step in range(1, 6):
        page.mouse.move(box["x"] + 200 + 20 * step, box["y"] + 180 + 10 * step)
    page.mouse.up()


def test_a_region_is_marked_drawn_and_taken_away(page: Any, served: str, database: Path) -> None:
    enter(page, served, "Marie")
    drag(page)
    loose = page.get_by_role("button", name=re.compile("loose belt")).first
    loose.wait_for()
    wait_idle(page)
    page.keyboard.press("2")
    listed = page.get_by_role("button", name=re.compile(r"loose belt: [\d.]+–[\d.]+ s, [\d.]+–[\d.]+ kHz"))
    listed.wait_for()
    with sqlite3.connect(f"file:{database}?mode=ro", uri=True) as connection:
        ((t0, t1, f0, f1),) = connection.execute(
            "SELECT t0, t1, f0, f1 FROM label_events WHERE kind = 'region' AND annotator = 'Marie'"
        )
    assert 0 < t0 < t1 < 10
    assert 0 < f0 < f1 < 8000
    wait_idle(page)
    listed.click()
    listed.wait_for(state="detached")
    assert [kind for kind, _, _ in log(database, "Marie")] == ["region", "remove_region"]


def test_the_list_of_classes_is_edited_on_the_page(page: Any, served: str) -> None:
    enter(page, served, "Dorothy")
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


def test_blind_hides_what_others_said_and_disagreement_is_adjudicated(page: Any, served: str, database: Path) -> None:
    given(database, "Barbara", ["normal"])
    enter(page, served, "Rosalind", "unlabelled=false")
    assert page.get_by_text("Barbara: normal").count() == 0
    assert page.get_by_text("Dataset:").count() == 0
    press(page, "a", 2)
    press(page, "ArrowLeft", 1)
    page.get_by_text("Blind", exact=True).click()
    page.get_by_text("Barbara: normal").first.wait_for()
    page.get_by_text("Dataset: ").wait_for()
    page.get_by_text("Agreement", exact=True).click()
    page.get_by_text("Krippendorff's α").wait_for()
    page.get_by_role("button", name="It is an anomaly").click()
    wait_idle(page)
    assert ("adjudicate", "anomaly") in [(kind, label) for kind, label, _ in log(database, "Rosalind")]


def test_labels_go_out_and_change_what_detectors_are_measured_by(page: Any, served: str, database: Path) -> None:
    for name in ("Chien", "Jocelyn", "Vera"):
        given(database, name, ["anomaly"] * 30)  # of clips that the dataset calls normal
    page.goto(f"{served}/label?label_view=Import+and+export&export_format=csv")
    with page.expect_download() as found:
        page.get_by_role("button", name="Download", exact=True).click()
    text = Path(found.value.path()).read_text("utf-8")
    assert "Chien" in text
    assert text.count("\n") > 90
    page.goto(f"{served}/compare?against=the+majority%27s+labels")
    page.get_by_text("labels: the majority's labels").first.wait_for()
    page.get_by_text("Labels overridden: 30").wait_for()
    rows = cells(page)
    fusion = next(row for row in rows if row[0] == "Fusion")
    assert fusion[3].startswith("-"), "thirty normal clips called anomalies make every detector look worse"
    assert page.get_by_role("alert").count() == 0


@pytest.mark.parametrize(("name", "key"), [("Hedy", "n"), ("Joan", "Enter")])
def test_a_key_that_is_held_down_labels_one_clip(page: Any, served: str, database: Path, name: str, key: str) -> None:
    enter(page, served, name)
    page.wait_for_timeout(350)
    page.get_by_role("button", name="Normal").focus()
    for _ in range(12):
        page.keyboard.down(key)  # after the first, repeats
        page.wait_for_timeout(150)
    page.keyboard.up(key)
    page.get_by_text("Clip 2 of").wait_for()
    wait_idle(page)
    assert len(log(database, name)) == 1


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
    page: Any, served: str, database: Path, name: str, harm: str, mend: str
) -> None:
    enter(page, served, name)
    page.get_by_label("Note").fill("rattles")
    page.get_by_label("Note").press("Enter")
    page.wait_for_timeout(350)
    with sqlite3.connect(database) as connection:
        connection.execute(harm)
    try:
        page.keyboard.press("a")
        page.get_by_text("Not saved.").wait_for()
        wait_idle(page)
        assert place(page) == 1
    finally:
        with sqlite3.connect(database) as connection:
            connection.execute(mend)
    press(page, "ArrowLeft", 1)
    page.get_by_role("button", name="Anomaly").wait_for()
    assert page.get_by_label("Note").input_value() == "rattles"
    press(page, "a", 2)
    with sqlite3.connect(f"file:{database}?mode=ro", uri=True) as connection:
        query = "SELECT label, note FROM label_events WHERE annotator = ?"
        assert connection.execute(query, (name,)).fetchall() == [("anomaly", "rattles")]


def test_a_server_that_hangs_does_what_was_pressed_once_and_nothing_pressed_meanwhile(
    page: Any, tmp_path: Path
) -> None:
    database = tmp_path / "labels.sqlite3"
    server = serve(ROOT / "app.py", ASD_DATABASE_URL=f"sqlite:///{database}")
    with server as address:
        enter(page, address, "Vera")
        press(page, "n", 2)
        press(page, "a", 3)
        page.wait_for_timeout(350)
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


def test_a_label_is_kept_when_the_page_is_left_before_it_is_answered(page: Any, tmp_path: Path) -> None:
    database = tmp_path / "labels.sqlite3"
    server = serve(ROOT / "app.py", ASD_DATABASE_URL=f"sqlite:///{database}")
    with server as address:
        enter(page, address, "Chien-Shiung")
        page.wait_for_timeout(350)
        server.process.send_signal(signal.SIGSTOP)
        try:
            page.keyboard.press("u")
            page.get_by_role("link", name="Experiments").click()
            page.wait_for_timeout(500)
        finally:
            server.process.send_signal(signal.SIGCONT)
        page.get_by_role("heading", name="Experiments").wait_for()
        wait_idle(page)
        page.get_by_role("link", name="Label").click()
        page.get_by_text("Clip 2 of").wait_for()
        wait_idle(page)
        assert [(kind, label) for kind, label, _ in log(database, "Chien-Shiung")] == [("label", "unsure")]
