"""What people do on the Label page, and what is in its database then."""

import re
import sqlite3
from pathlib import Path
from typing import Any

import pandas as pd

from asd_core.datasets import demo_dataset
from asd_core.labels import LabelStore, opaque_name
from tests.conftest import ROOT
from tests.e2e.helpers import wait_idle
from tests.unit.label_helpers import label as give_label

NAME = "[data-testid=stMain] .st-key-annotator input"
READY = ".asd-player[data-ready=true]"


def log(database: Path, annotator: str) -> list[tuple[str, str, str]]:
    """What is in the database, read without our code: kind, label, clip."""
    with sqlite3.connect(f"file:{database}?mode=ro", uri=True) as connection:
        rows = connection.execute(
            "SELECT kind, coalesce(label, ''), clip_id FROM label_events WHERE annotator = ? ORDER BY id", (annotator,)
        )
        return [tuple(row) for row in rows]


def given(database: Path, annotator: str, labels: list[str]) -> None:
    """Labels of somebody else, on the first clips of the test split."""
    known = hashes()
    rows = demo_dataset().rows(split="test").head(len(labels))
    store = LabelStore.open(f"sqlite:///{database}")
    for clip_id, machine_id, label in zip(rows["clip_id"], rows["machine_id"], labels, strict=True):
        clip = {"clip_sha256": known[clip_id], "clip_id": clip_id, "machine_id": machine_id}
        give_label(store, 0, label, annotator, dataset="demo", **clip)
    store.close()


def enter(page: Any, address: str, name: str, query: str = "", *, autoplay: bool = False) -> None:
    """Open the page and say who is there. Clips stay silent unless asked for: a cursor that moves costs half a core."""
    page.goto(f"{address}/label?autoplay={str(autoplay).lower()}&{query}")
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
    """What the clip is called in the panel: while blind, as :func:`blind_name` has it."""
    return str(page.locator(".asd-label [data-part=name]").inner_text())


def blind_name(clip_id: str) -> str:
    """What a clip of the demo is called while blind."""
    return opaque_name("demo", hashes()[clip_id])[:6]


def hashes() -> "pd.Series[str]":
    """sha256 of the demo's clips by their id."""
    clips = pd.read_parquet(ROOT / "trained_models" / "demo" / "features.parquet", columns=["clip_id", "sha256"])
    return clips.set_index("clip_id")["sha256"]


def wait_for_labelling(page: Any) -> None:
    """Until the page takes a press for a judgement of its clip, and not for the second half of a double click on the one
    before: by its own clock, which nothing on it shows, and which begins again with what comes after the first picture."""
    wait_idle(page)
    page.wait_for_timeout(350)


def press(page: Any, key: str, expected: int) -> None:
    """Press a key and wait for the place in the queue that it leads to."""
    wait_for_labelling(page)
    page.keyboard.press(key)
    page.get_by_text(re.compile(rf"Clip {expected} of")).first.wait_for()
    wait_idle(page)
    page.locator(READY).wait_for()


def drag(page: Any) -> None:
    """Drag a region over the spectrogram."""
    box = page.locator("[data-part=top]").bounding_box()
    page.mouse.move(box["x"] + 200, box["y"] + 180)
    page.mouse.down()
    for step in range(1, 6):
        page.mouse.move(box["x"] + 200 + 20 * step, box["y"] + 180 + 10 * step)
    page.mouse.up()
