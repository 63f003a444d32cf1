"""Nothing that reaches the browser of whoever labels blind says what a clip is: everything that comes is searched for it."""

import base64
import itertools
import json
import re
from pathlib import Path
from typing import Any

import numpy as np

from asd_core.datasets import demo_dataset
from asd_core.scoring import AS_RECORDED, read_scores
from tests.conftest import ROOT
from tests.e2e.helpers import titles, wait_idle
from tests.e2e.label_page import READY, drag, enter, given, hashes, name_of, press


def forms(text: str) -> set[bytes]:
    """A text as it may travel: UTF-8, UTF-16, and inside base64 at any of the three offsets."""
    result = {text.encode(), text.encode("utf-16-le"), json.dumps(text)[1:-1].encode()}
    for raw, offset in itertools.product(tuple(result), range(3)):
        coded = base64.b64encode(b"\0" * offset + raw)
        result.add(coded[(0, 2, 3)[offset] : len(coded) - 4 if (offset + len(raw)) % 3 else None])
    return result


class Received:
    """All that a tab gets and asks for: addresses, answers but the program's own files and sounds, messages both ways."""

    def __init__(self, page: Any) -> None:
        self.parts: list[bytes] = []
        page.on("websocket", self._socket)
        page.on("response", self._answer)
        page.on("framenavigated", lambda frame: self.parts.append(frame.url.encode()))

    def _socket(self, socket: Any) -> None:
        for event in ("framereceived", "framesent"):
            socket.on(event, lambda frame: self.parts.append(frame.encode() if isinstance(frame, str) else frame))

    def _answer(self, response: Any) -> None:
        self.parts.append(f"{response.url} {response.headers}".encode())
        if "/static/" not in response.url and response.status == 200:
            self.parts.append(response.body())

    def says(self, texts: "list[str]") -> list[str]:
        """Which of some texts came."""
        everything = b"\n".join(self.parts)
        wanted = {text: forms(text) for text in texts}
        there = eights(
            everything, {part for forms in wanted.values() for form in forms for part in (form[:8], form[-8:])}
        )
        return [
            text
            for text, forms in wanted.items()
            if any(form[:8] in there and form[-8:] in there and form in everything for form in forms)
        ]


def eights(data: bytes, wanted: set[bytes]) -> set[bytes]:
    """Which of some texts of eight bytes (or fewer, which are all taken to be) are in the data: thousands of names are looked
    for in it by how they begin and end, and hardly one is there."""
    keys = np.unique(np.frombuffer(b"".join(key for key in wanted if len(key) == 8), np.uint64))
    there: set[np.uint64] = set()
    for offset in range(min(8, len(data))):
        windows = np.frombuffer(data, np.uint64, (len(data) - offset) // 8, offset)
        found = keys[np.searchsorted(keys, windows).clip(max=len(keys) - 1)] == windows
        there.update(windows[found])
    return {key.tobytes() for key in there} | {key for key in wanted if len(key) < 8}


def secrets() -> list[str]:
    """Names of the clips and of their files, what is in them, and how every score begins where it is written out."""
    rows = demo_dataset().rows(split="test")
    stems = [clip.rsplit("/", 1)[-1].removesuffix(".wav") for clip in rows["clip_id"]]
    stems += [titles()[clip_id] for clip_id in rows["clip_id"]]
    faults = [fault for fault in rows["fault"].dropna().unique() if fault]
    folder = ROOT / "trained_models" / "demo"
    scores = read_scores(folder, None, AS_RECORDED)
    detector = scores["detector"].iloc[0]
    raw = scores.loc[scores["detector"] == detector, "raw"]
    assert len(faults) >= 3
    return [*stems, "anomaly_id", "normal_id", *faults, *(repr(value)[:8] for value in raw)]


def test_a_text_is_found_however_it_travels() -> None:
    received = Received.__new__(Received)
    for offset in range(4):
        received.parts = [base64.b64encode(b"x" * offset + b"anomaly_id_00.wav")]
        assert received.says(["anomaly_id", "normal_id"]) == ["anomaly_id"]
    received.parts = ["anomaly_id".encode("utf-16-le")]
    assert received.says(["anomaly_id"]) == ["anomaly_id"]


def test_nothing_that_reaches_a_blind_browser_says_what_a_clip_is(
    page: Any, label_server: str, label_database: Path
) -> None:
    given(label_database, "Bob", ["unsure"] * 6)
    given(label_database, "Eve", ["normal"] * 6)  # six conflicts
    received = Received(page)
    enter(page, label_server, "Ada")
    for number, key in enumerate(("n", "a", "u", "s"), start=2):
        press(page, key, number)
    press(page, "z", 4)
    press(page, "ArrowRight", 5)
    drag(page)
    page.get_by_role("button", name=re.compile("rattle")).first.wait_for()
    wait_idle(page)
    page.keyboard.press("2")
    page.get_by_role("button", name=re.compile(r"rattle: [\d.]+–")).wait_for()
    wait_idle(page)
    heard, opened = name_of(page), page.url
    page.goto("about:blank")
    page.goto(opened)
    page.locator(READY).wait_for()
    wait_idle(page)
    assert name_of(page) == heard, "the address keeps the place"
    page.get_by_text("Agreement", exact=True).click()
    page.get_by_text("Where all labelled").wait_for()
    page.get_by_role("button", name="It is normal").click()
    wait_idle(page)
    page.get_by_text("Import and export", exact=True).click()
    page.get_by_text("switch off Blind").wait_for()
    wait_idle(page)

    assert received.says(secrets()) == []
    assert len(received.says([heard])) == 1, "what is searched holds what was shown"


def test_the_search_finds_what_open_eyes_see(page: Any, label_server: str) -> None:
    received = Received(page)
    enter(page, label_server, "Ida", "blind=false")
    assert name_of(page).removesuffix(".wav") in received.says(secrets())
    assert len(hashes()) > 100


def test_a_reload_keeps_the_place_and_the_browsers_back_goes_to_the_clip_before(page: Any, label_server: str) -> None:
    enter(page, label_server, "Emmy", "unlabelled=false")
    first = name_of(page)
    press(page, "ArrowRight", 2)
    second = name_of(page)
    press(page, "ArrowRight", 3)
    third = name_of(page)
    assert len({first, second, third}) == 3
    page.reload()
    page.locator(READY).wait_for()
    wait_idle(page)
    assert name_of(page) == third
    page.go_back()
    page.locator(".asd-label [data-part=name]", has_text=second).wait_for()
    wait_idle(page)
    page.go_back()
    page.locator(".asd-label [data-part=name]", has_text=first).wait_for()
