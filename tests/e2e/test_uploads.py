"""Several uploads at once, as a person uses their table; and the channel of a recording that has two."""

import io
import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from asd_core.datasets import open_dataset
from asd_core.sound import wav_bytes
from tests.e2e.helpers import choose, scores, wait_idle
from tests.e2e.test_clip_views import FEW, frame, rows, settle

playwright = pytest.importorskip("playwright.sync_api")

UPLOADS = "The uploads, a row each"
SAME = "press line.wav"
NAME, BELONGS, VERDICT, AGREE, MARGIN, FROM = range(6)  # cells of a row
HEADING, ROW = 37, 26  # pixels


@pytest.fixture(scope="module")
def sounds() -> dict[str, np.ndarray]:
    """Of the demo's machine id 00: a normal clip and a fault; and white noise."""
    demo = open_dataset("demo")
    clips = demo.rows(machine_id="00", split="test").groupby("label")["clip_id"]
    normal, anomaly = (
        demo.read(clips.get_group(label).iloc[place]).samples[0] for label, place in (("normal", 3), ("anomaly", -1))
    )
    noise = np.random.default_rng(0).normal(0, 0.1, len(normal)).astype(np.float32)
    return {"normal": normal, "anomaly": anomaly, "noise": noise}


def drop(page: Any, address: str, files: list[tuple[str, bytes]]) -> None:
    page.goto(f"{address}/?from=Upload&{FEW}")
    page.get_by_text("Drop one recording or several").wait_for()
    wait_idle(page)
    dropped = [{"name": name, "mimeType": "audio/wav", "buffer": data} for name, data in files]
    page.locator("input[type=file]").set_input_files(dropped)
    page.locator("[data-testid=stMarkdown] strong", has_text=files[-1][0]).first.wait_for()
    settle(page)


def scored(page: Any) -> list[list[str]]:
    """The rows, once all of them are there."""
    pending = frame(page, UPLOADS).locator("tbody td", has_text=re.compile("^…$"))
    playwright.expect(pending).to_have_count(0, timeout=30_000)
    settle(page)
    return rows(page, UPLOADS)


def title(page: Any) -> str:
    """Name of the open recording."""
    return str(page.locator("[data-testid=stMarkdown] strong").first.inner_text())


def verdict(page: Any) -> str:
    return str(page.locator(".st-key-verdict").inner_text())


def press(page: Any, row: int, left: float) -> None:
    """Click the table, `left` pixels from its left edge: its heading for a row of -1."""
    canvas = frame(page, UPLOADS).locator("canvas").first
    canvas.scroll_into_view_if_needed()
    wait_idle(page)
    box = canvas.bounding_box()
    page.mouse.click(box["x"] + left, box["y"] + (HEADING + ROW * (row + 0.5) if row >= 0 else HEADING / 2))
    settle(page)


def test_three_uploads_are_rows_that_sort_and_open(page: Any, address: str, sounds: dict[str, np.ndarray]) -> None:
    files = [(SAME, wav_bytes(sounds[name], 16000)) for name in ("normal", "anomaly")]
    drop(page, address, [*files, ("white noise.wav", wav_bytes(sounds["noise"], 16000))])
    table = scored(page)
    assert [row[NAME] for row in table] == [SAME, f"{SAME} (2)", "white noise.wav"]
    assert [row[VERDICT] for row in table] == ["· normal", "▲ anomaly", "✕ not this machine"]
    assert [row[BELONGS].split(":")[0] for row in table] == ["yes", "yes", "no"]
    assert [bool(row[FROM]) for row in table] == [False, True, False]

    press(page, 0, 90)  # of two of one name the normal one
    assert (title(page), "Normal" in verdict(page)) == (SAME, True)
    press(page, 1, 300)  # a figure's cell does as well as the name's
    assert (title(page), "Anomaly" in verdict(page)) == (f"{SAME} (2)", True)

    press(page, -1, 90)  # by name
    press(page, -1, 90)  # the other way round
    assert [row[NAME] for row in scored(page)] == ["white noise.wav", f"{SAME} (2)", SAME]
    for place in (2, 0, 1):  # a row opens what stands in it, wherever it was moved
        press(page, place, 90)
        assert title(page) == ["white noise.wav", f"{SAME} (2)", SAME][place]
    page.get_by_role("button", name="Next", exact=True).click()  # the table goes along
    settle(page)

    with page.expect_download() as saved:
        page.locator(".st-key-uploads_csv button").click()
    written = pd.read_csv(io.StringIO(Path(saved.value.path()).read_text("utf-8")))
    assert written["name"].tolist() == [row[NAME] for row in table]
    assert written["verdict"].tolist() == ["normal", "anomaly", "not sure"]
    assert written["margin"].tolist() == pytest.approx([float(row[MARGIN]) for row in table])
    assert written["agree"].tolist()[:2] == [int(row[AGREE]) for row in table[:2]]
    assert table[2][AGREE] == ""  # on no verdict
    assert written["t0"].dropna().tolist() == pytest.approx([float(row[FROM]) for row in table if row[FROM]])
    assert written["sha256"].nunique() == 3

    page.get_by_role("link", name="Compare").click()  # and back: nothing is lost
    page.get_by_role("heading", name="Compare").wait_for()
    page.get_by_role("link", name="Clip", exact=True).click()
    settle(page)
    assert scored(page) == table


def test_a_silent_left_channel_and_the_choice_of_channels(
    page: Any, address: str, sounds: dict[str, np.ndarray]
) -> None:
    silent = np.zeros_like(sounds["anomaly"])
    stereo = [np.stack([silent, sounds["anomaly"]]), np.stack([sounds["normal"], sounds["anomaly"]])]
    drop(page, address, [("silent.wav", wav_bytes(stereo[0], 16000)), ("both.wav", wav_bytes(stereo[1], 16000))])
    assert [row[VERDICT] for row in scored(page)] == ["▲ anomaly", "· normal"]
    assert [row[-1] for row in scored(page)] == ["2", "1"]
    first = scores(page)
    fetched: list[str] = []
    page.on("request", lambda request: fetched.append(request.url) if "/fetched/" in request.url else None)

    choose(page, "Channel", "2")
    settle(page)
    assert "channel=2" in page.url
    assert "Anomaly" in verdict(page)
    assert scores(page) != first
    assert len(fetched) == 3, "the player has the other channel's sound, and both ends of its denoising"
    assert page.get_by_text("channel 2 of 2").count() == 1
    assert [row[VERDICT] for row in scored(page)] == ["▲ anomaly", "▲ anomaly"]

    choose(page, "Channel", "1")
    settle(page)
    press(page, 0, 90)
    page.get_by_text("Channel 1 of silent.wav is silent: channel 2 is analysed instead.").wait_for()
    assert "Anomaly" in verdict(page)
    assert page.locator("[data-testid=stException]").count() == 0
