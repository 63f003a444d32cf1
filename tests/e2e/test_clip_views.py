"""The views below the player, as a person uses them."""

import io
import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from asd_core.datasets.slide_rail import simulate
from tests.conftest import write_wav
from tests.e2e.helpers import TABLE, table_text, wait_idle

playwright = pytest.importorskip("playwright.sync_api")

VIEWS = ["Why", "Spectrum", "Denoising", "Similar clips", "Over time"]
FEW = "detectors=PCA+%2B+KDE&detectors=GWRP+%2B+Gaussian&detectors=Control%3A+clip+level"
WHY, MOMENTS, NORMALS = "Why every detector", "Flagged moments", "Similar clips: normals"
FAULT = (10.0, 20.0)  # s of the long recording


def settle(page: Any) -> None:
    """Until the player has its sound and nothing is computed beside the page any more."""
    page.locator(".asd-player[data-ready=true]").first.wait_for()
    page.wait_for_function("() => ![...document.querySelectorAll('button')].some(b => b.innerText.trim() === 'Stop')")
    wait_idle(page)


def open_view(page: Any, address: str, view: str, more: str = "") -> None:
    page.goto(f"{address}/?look={view.replace(' ', '+')}&{FEW}{more}")
    settle(page)


def position(page: Any, seconds: float) -> None:
    """The player's cursor comes to stand there."""
    page.wait_for_function(
        "([r, s]) => Math.abs(Number(r.dataset.position) - s) < 0.05",
        arg=[page.locator(".asd-player").first.element_handle(), seconds],
    )
    settle(page)


def frame(page: Any, alt: str) -> Any:
    """The table that a screen reader calls so."""
    return page.locator(TABLE).filter(has=page.locator(f'[aria-label*="{alt}"]'))


def press_cell(page: Any, key: str, row: int, left: float) -> None:
    """Click a button in a table: `left` pixels from its left edge, in a row of 30 pixels."""
    canvas = frame(page, key).locator("canvas").first
    canvas.scroll_into_view_if_needed()
    wait_idle(page)
    box = canvas.bounding_box()
    at = box["x"] + left, box["y"] + 31 + 30 * row + 15
    page.mouse.move(*at, steps=4)
    page.wait_for_function(
        "([c]) => c.style.cursor === 'pointer' || getComputedStyle(c).cursor === 'pointer'",
        arg=[canvas.element_handle()],
    )
    page.mouse.click(*at)


def rows(page: Any, key: str) -> list[list[str]]:
    """A table's text, from its accessible copy."""
    frame(page, key).locator("tbody tr td").first.wait_for(state="attached")
    return table_text(frame(page, key))


def shown_map(page: Any, expected: str) -> None:
    """The player's list says which map lies over its spectrogram, and its entry in the table says so, too."""
    found = page.locator(".asd-player").first.locator("[data-part=overlay]")
    playwright.expect(found).to_have_value(expected, timeout=30_000)
    label = "Hide map" if expected else "Show map"
    frame(page, WHY).locator("tbody tr td", has_text=label).first.wait_for(state="attached")
    settle(page)


def no_errors(page: Any) -> None:
    assert page.get_by_role("alert").filter(has_text="error").count() == 0
    assert page.locator("[data-testid=stException]").count() == 0


def upload(page: Any, files: list[Path]) -> None:
    page.get_by_role("radio", name="Upload").or_(page.get_by_role("button", name="Upload", exact=True)).first.click()
    page.get_by_text("Drop one recording or several").wait_for()
    page.locator("input[type=file]").set_input_files(files)
    page.locator("[data-testid=stMarkdown]", has_text=files[-1].name).first.wait_for()
    settle(page)


def test_every_view_opens_and_the_player_stays(page: Any, address: str) -> None:
    open_view(page, address, VIEWS[0])
    player = page.locator(".asd-player").first.element_handle()
    for view in [*VIEWS[1:], VIEWS[0]]:
        page.get_by_role("radio", name=view).or_(page.get_by_role("button", name=view, exact=True)).first.click()
        settle(page)
        no_errors(page)
        assert page.evaluate("p => p.isConnected", player), view
        assert f"look={view.replace(' ', '+')}" in page.url or view == VIEWS[0]


def test_a_map_goes_over_the_spectrogram_and_off_again(page: Any, address: str) -> None:
    open_view(page, address, "Why")
    table = rows(page, WHY)
    row = next(i for i, cells in enumerate(table) if "GWRP + Gaussian" in cells)
    shown_map(page, "gwrp_gaussian")  # the best detector's, from the start
    press_cell(page, WHY, row, 150 + 43)
    shown_map(page, "")
    press_cell(page, WHY, row, 150 + 43)
    shown_map(page, "gwrp_gaussian")
    page.get_by_text(re.compile("GWRP . Gaussian: .* of what raises the score")).wait_for()
    page.locator("[data-part=denoised]").first.click()  # the browser speaks after Python did
    shown_map(page, "gwrp_gaussian")
    page.locator("[data-part=overlay]").first.select_option("")
    shown_map(page, "")
    press_cell(page, WHY, row, 150 + 43)
    shown_map(page, "gwrp_gaussian")
    press_cell(page, WHY, row, 150 + 43)
    shown_map(page, "")
    no_errors(page)


SHORT, LASTS = (42.0, 131.0, 217.0), 3.0  # s: where three faults of five minutes begin


@pytest.fixture(scope="module")
def five_minutes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Five minutes of a slide rail, without grease for three seconds at three instants."""
    normal, faulty = (
        np.tile(simulate("00", seed=7, snr_db=6, duration=60.0, **fault).samples, 5)
        for fault in ({}, {"fault": "no_grease", "severity": 1.0})
    )
    for begins in SHORT:
        part = slice(int(begins * 16000), int((begins + LASTS) * 16000))
        normal[part] = faulty[part]
    return write_wav(tmp_path_factory.mktemp("five") / "five minutes.wav", normal)


@pytest.mark.long  # minutes of sound are scored
def test_go_lands_on_the_fault_where_every_window_is_above_the_threshold(
    page: Any, address: str, five_minutes: Path
) -> None:
    page.goto(f"{address}/?look=Over+time&window=2+s+every+1+s&detectors=PCA+%2B+LOF&detectors=kNN+per+sub-band")
    settle(page)
    upload(page, [five_minutes])
    page.get_by_text("flagged moment").first.wait_for()
    page.get_by_text("from beginning to end").wait_for()
    settle(page)
    table = rows(page, MOMENTS)
    reached = set()
    for row, cells in enumerate(table[:6]):  # three faults, two detectors
        press_cell(page, MOMENTS, row, 32)
        position(page, float(cells[4]))
        at = float(page.locator(".asd-player").first.get_attribute("data-position"))
        reached |= {(cells[1], begins) for begins in SHORT if begins - 1.0 <= at <= begins + LASTS + 1.0}
    assert len(reached) == 6
    no_errors(page)


@pytest.fixture(scope="module")
def long_recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """40 s of a slide rail, without grease from 10 to 20 s."""
    parts = [simulate("00", seed=60 + n, snr_db=6).samples for n in range(4)]
    parts[1] = simulate("00", seed=99, snr_db=6, fault="no_grease", severity=1.0).samples
    return write_wav(tmp_path_factory.mktemp("long") / "press line.wav", np.concatenate(parts))


def test_a_long_recording_lists_moments_jumps_to_them_and_exports_them(
    page: Any, address: str, long_recording: Path
) -> None:
    open_view(page, address, "Over time")
    page.get_by_text("is one window").wait_for()
    upload(page, [long_recording])
    page.get_by_text("flagged moment").first.wait_for()
    settle(page)
    table = rows(page, MOMENTS)
    row = next(i for i, cells in enumerate(table) if "GWRP + Gaussian" in cells)
    start = float(table[row][table[row].index("GWRP + Gaussian") + 3])  # where its map is strongest
    assert FAULT[0] <= start <= FAULT[1]
    root = page.locator(".asd-player").first
    assert float(root.get_attribute("data-position")) == 0.0
    press_cell(page, MOMENTS, row, 32)
    position(page, start)
    chart = page.locator(".st-key-timeline .js-plotly-plot")
    x, y = chart.evaluate(
        """g => { const a = g._fullLayout, point = g.calcdata[g.calcdata.length - 1][3];
        return [a.xaxis._offset + a.xaxis.l2p(point.x), a.yaxis._offset + a.yaxis.l2p(point.y)]; }"""
    )
    chart.scroll_into_view_if_needed()
    box = chart.bounding_box()
    page.mouse.move(box["x"] + x, box["y"] + y, steps=5)
    chart.locator(".hoverlayer .hovertext").first.wait_for()
    page.mouse.click(box["x"] + x, box["y"] + y)
    position(page, 15.0)  # where the fourth window starts
    with page.expect_download() as found:
        page.get_by_role("button", name="Moments as Audacity labels").click()
    labels = [line.split("\t") for line in io.StringIO(Path(found.value.path()).read_text()).read().splitlines()]
    assert re.fullmatch(
        r"moments_[A-Za-z0-9-]+_id-00_16000-Hz_original(_not-applicable)?_\w{8}\.txt", found.value.suggested_filename
    )
    with page.expect_download() as windows:
        page.get_by_role("button", name="Windows as CSV").click()
    saved = pd.read_csv(windows.value.path())
    assert {"clip", "machine_id", "sample_rate", "version", "denoise", "applicable", "applicability_reason"} <= set(
        saved
    )
    assert saved["applicable"].notna().all()
    times = [(float(a), float(b)) for a, b, _ in labels if a != "\\"]
    bands = [(float(low), float(high)) for a, low, high in labels if a == "\\"]
    assert len(times) == len(table)
    assert all(0 <= a < b <= 40 for a, b in times)
    assert bands
    assert all(0 <= low < high <= 8000 for low, high in bands)
    no_errors(page)


@pytest.mark.long  # minutes of sound are scored
def test_a_scan_can_be_stopped_and_begun_again(page: Any, address: str, tmp_path: Path) -> None:
    minutes = write_wav(tmp_path / "minutes.wav", np.tile(simulate("00", seed=61, snr_db=6).samples, 20))
    slow = "detectors=f-AnoGAN&detectors=Masked+CNN+autoencoder&detectors=Auxiliary-class+embedding"  # 7 s: not done in a moment
    page.goto(f"{address}/?look=Over+time&window=2+s+every+1+s&from=Upload&{slow}")
    page.get_by_text("Drop one recording or several").wait_for()
    page.locator("input[type=file]").set_input_files([minutes])
    page.get_by_text(re.compile("Scoring 199 windows by 3 detectors")).first.wait_for()
    page.get_by_role("button", name="Stop").click()
    page.get_by_text("detectors was stopped").wait_for()
    page.get_by_role("button", name="Start again").click()
    page.get_by_text(re.compile(r"Scoring 199 windows by 3 detectors: ")).wait_for()
    page.get_by_role("button", name="Stop").click()
    page.get_by_text("detectors was stopped").wait_for()
    no_errors(page)


def test_uploads_are_stepped_through_and_compared(page: Any, address: str, tmp_path: Path) -> None:
    files = [
        write_wav(tmp_path / f"{name}.wav", simulate("00", seed=seed, duration=3.0).samples)
        for seed, name in enumerate(("first", "second"))
    ]
    open_view(page, address, "Similar clips")
    upload(page, files)
    heading = page.locator("[data-testid=stMarkdown] strong").first
    assert "second.wav" in heading.inner_text()
    page.get_by_text("Uploaded clip (2 of 2)").wait_for()
    page.locator(".st-key-previous_uploaded button").click()
    page.get_by_text("Uploaded clip (1 of 2)").wait_for()
    settle(page)
    assert "first.wav" in heading.inner_text()
    press_cell(page, NORMALS, 0, 39)  # Listen
    settle(page)
    page.locator(".asd-player[data-ready=true]").nth(2).wait_for()
    assert page.locator(".asd-player").count() == 3
    nearest = rows(page, NORMALS)[0][1]
    page.get_by_text(f"Beside it: {nearest}").wait_for()
    page.locator(".st-key-levels .js-plotly-plot").wait_for()
    players = page.locator(".asd-player")
    assert players.nth(2).get_attribute("data-duration") == "10.000"
    players.nth(1).locator("[data-part=play]").click()
    players.nth(1).and_(page.locator("[data-playing=true]")).wait_for()
    playing = [players.nth(i).get_attribute("data-playing") for i in range(3)]
    assert playing == ["false", "true", "false"]
    page.get_by_role("combobox", name=re.compile("Compare with")).click()
    page.get_by_role("option", name="second.wav (upload)").click()
    settle(page)
    page.get_by_text("Beside it: second.wav (upload)").wait_for()
    assert page.locator(".asd-player").nth(2).get_attribute("data-duration") == "3.000"
    no_errors(page)


def test_a_narrow_window_repeats_the_sentences_that_its_rows_cut(page: Any, address: str) -> None:
    open_view(page, address, "Why")
    sentence = page.locator(".st-key-why_short").get_by_text("PCA + KDE")
    assert not sentence.is_visible()
    page.set_viewport_size({"width": 900, "height": 900})
    sentence.wait_for()
