"""Finding clips that sound alike, as a person does it."""

import re
from pathlib import Path
from typing import Any

import pandas as pd

from asd_core.datasets.slide_rail import simulate
from tests.conftest import write_wav
from tests.e2e.helpers import FRAME, TABLE, cells, titles, wait_idle

CHART = ".st-key-space_chart .js-plotly-plot"
PLAYING = ".asd-player[data-ready=true][data-playing=true]"
CARD = ".asd-hover-card"
# The point that lies farthest from all others of those of a trace that are in the frame: where it is on the screen.
LONELY = """(trace) => {
  const chart = document.querySelector('.st-key-space_chart .js-plotly-plot'), layout = chart._fullLayout
  const t = chart._fullData[trace], box = chart.getBoundingClientRect()
  const place = (t, k) => [layout.xaxis._offset + layout.xaxis.l2p(t.x[k]), layout.yaxis._offset + layout.yaxis.l2p(t.y[k])]
  const every = chart._fullData.filter((t) => t.customdata).flatMap((t) => [...t.x].map((_, k) => place(t, k)))
  const gap = (p) => every.map((q) => Math.hypot(q[0] - p[0], q[1] - p[1])).sort((a, b) => a - b)[1]
  const inside = (p) => layout.xaxis._offset < p[0] && p[0] < layout.xaxis._offset + layout.xaxis._length
    && layout.yaxis._offset < p[1] && p[1] < layout.yaxis._offset + layout.yaxis._length
  const best = [...t.x].map((_, k) => k).filter((k) => inside(place(t, k))).sort((a, b) => gap(place(t, b)) - gap(place(t, a)))[0]
  const [x, y] = place(t, best)
  return [box.x + x, box.y + y, t.customdata[best]]
}"""
# WebGL has drawn the points: its picking buffer, too, is ready.
DRAWN_IN_SPACE = """() => {
  const chart = document.querySelector('.st-key-space_chart .js-plotly-plot'), scene = chart._fullLayout.scene?._scene
  return scene?.glplot && !scene.glplot.dirty && scene.glplot.objects.length > 0
}"""
# How many clips lie outside the frame.
HIDDEN = """() => {
  const chart = document.querySelector('.st-key-space_chart .js-plotly-plot'), { xaxis, yaxis } = chart._fullLayout
  const out = (axis, v) => v < axis.range[0] || v > axis.range[1]
  return chart._fullData.filter((t) => t.customdata).flatMap((t) => [...t.x].map((x, k) => out(xaxis, x) || out(yaxis, t.y[k])))
    .filter(Boolean).length
}"""
POINTS = """() => document.querySelector('.st-key-space_chart .js-plotly-plot')._fullData.filter((t) => t.customdata)
  .map((t) => [...t.x].concat([...t.y]))"""
STARS = """() => document.querySelector('.st-key-space_chart .js-plotly-plot')._fullData
  .filter((t) => (t.mode || '').includes('text')).flatMap((t) => [...t.text].map((name, k) => [name, t.x[k], t.y[k]]))"""


def open_space(page: Any, address: str, query: str = "") -> None:
    page.goto(f"{address}/feature_space{query}")
    page.wait_for_selector(f"{CHART}[data-hover=ready]")
    wait_idle(page)


def point_at(page: Any, trace: int) -> tuple[str, int]:
    """Hold the pointer over a lonely point; the clip's name on its card, and its number."""
    x, y, number = page.evaluate(LONELY, trace)
    page.mouse.move(x - 4, y - 4)
    page.mouse.move(x, y, steps=3)
    page.locator(CARD).wait_for()
    return page.locator(CARD).get_attribute("data-clip"), number


def click(page: Any) -> None:
    page.mouse.down()
    page.mouse.up()


def test_pointing_shows_a_spectrogram_and_a_click_plays_that_clip(page: Any, address: str) -> None:
    open_space(page, address)
    assert page.locator(".asd-player").count() == 0
    name, _ = point_at(page, 2)
    assert name.startswith("id 00 · clip ")
    card = page.locator(CARD)
    assert "anomaly" in card.inner_text()
    page.wait_for_function("() => document.querySelector('.asd-hover-card canvas').style.display === 'block'")
    colours = card.locator("canvas").evaluate(
        "(c) => new Set([...c.getContext('2d').getImageData(0, 0, c.width, c.height).data].filter((_, i) => i % 4 < 3)).size"
    )
    assert colours > 50  # a picture, no plain area
    click(page)
    page.wait_for_selector(PLAYING)
    assert page.locator(".st-key-space_clip strong").first.inner_text() == name
    assert page.locator(".asd-hover-ring").is_visible()
    sound = page.locator(".asd-player").get_attribute("data-clip")
    wait_idle(page)  # the player has moved the chart
    point_at(page, 0)
    page.locator(f"{CARD}:not([data-clip='{name}'])").wait_for()
    other = page.locator(CARD).get_attribute("data-clip")
    click(page)
    page.wait_for_selector(f"{PLAYING}:not([data-clip='{sound}'])")
    assert page.locator(".st-key-space_clip strong").first.inner_text() == other != name
    page.locator(".st-key-space_open button").click()
    page.wait_for_selector("h1:has-text('normal')")
    page.get_by_text(other).first.wait_for()


def test_the_map_opens_on_the_bulk_and_shows_outliers_at_a_click(page: Any, address: str) -> None:
    open_space(page, address)
    found = re.search(r"(\d+) of 420 clips lie outside this view", page.inner_text("body"))
    assert found
    assert page.evaluate(HIDDEN) == int(found[1]) > 0
    page.get_by_text(f"Show all {found[1]} outliers").click()
    wait_idle(page)
    assert page.evaluate(HIDDEN) == 0
    assert "lie outside" not in page.inner_text("body")
    page.get_by_text(f"Show all {found[1]} outliers").click()
    wait_idle(page)
    assert page.evaluate(HIDDEN) == int(found[1])


def test_a_score_is_a_margin_on_the_map_and_on_the_card(page: Any, address: str) -> None:
    open_space(page, address, "?colour=score+of+a+detector&by=GWRP+%2B+Gaussian&outliers=true")
    assert "no score" not in page.locator(CHART).text_content()  # of the training clips, too, there are scores
    margins = page.evaluate(
        f"() => document.querySelector('{CHART}')._fullData.flatMap((t) => t.customdata ? [...t.text] : [])"
    )
    assert len(margins) == 420
    assert max(map(float, margins)) > 10
    name, _ = point_at(page, 2)
    assert name.startswith("id 00 · clip ")
    assert re.search(r"GWRP \+ Gaussian, margin: [+-]\d+\.\d$", page.locator(CARD).inner_text())


def test_a_lasso_fills_the_table_which_is_heard_and_downloaded(page: Any, address: str, downloads: Path) -> None:
    open_space(page, address)
    assert page.locator(TABLE).count() == 0
    box = page.locator(CHART).bounding_box()
    left, top = box["x"] + 0.55 * box["width"], box["y"] + 40
    right, bottom = box["x"] + box["width"] - 20, box["y"] + 0.6 * box["height"]
    page.mouse.move(left, top)
    page.mouse.down()
    for x, y in ((right, top), (right, bottom), (left, bottom), (left, top)):
        page.mouse.move(x, y, steps=12)
        page.evaluate(FRAME)  # Plotly draws the line frame by frame, and joins moves within one
    page.mouse.up()
    page.locator(TABLE).wait_for()
    rows = cells(page)
    found = re.search(r"(\d+) clips selected of 420 on the map: (\d+) normal, (\d+) anomalies", page.inner_text("body"))
    assert found
    n, normal, anomalies = map(int, found.groups())
    assert n == normal + anomalies > 3
    assert sum(row[3] == "anomaly" for row in rows) == min(anomalies, len(rows))
    assert all(row[0].startswith("id 00 · clip ") for row in rows)
    with page.expect_download() as started:
        page.locator(".st-key-space_csv button").click()
    started.value.save_as(downloads / "clips.csv")
    written = pd.read_csv(downloads / "clips.csv", dtype={"machine_id": str})
    assert len(written) == n
    assert titles()[written["clip_id"][0]] == rows[0][0]
    assert set(written["machine_id"]) == {"00"}
    assert set(written["applicable"]) == {True}
    assert set(written["false_alarm_rate"]) == {0.05}
    detector = written.columns[-1].removesuffix(", model version")
    assert written[f"{detector}, margin"].notna().all()
    table = page.locator(TABLE)
    table.scroll_into_view_if_needed()
    wait_idle(page)
    place = table.bounding_box()
    page.mouse.click(place["x"] + 16, place["y"] + 26 * 2 + 13)  # the box that chooses the second row
    page.wait_for_selector(PLAYING)
    assert rows[1][0].endswith(page.locator(".st-key-space_clip strong").first.inner_text())
    page.locator(".st-key-space_clear button").click()
    wait_idle(page)
    assert page.locator(TABLE).count() == 0


def test_a_click_plays_in_space_too(page: Any, address: str) -> None:
    open_space(page, address, "?method=PCA+3-D")
    page.wait_for_function(DRAWN_IN_SPACE)
    box = page.locator(CHART).bounding_box()
    card = page.locator(CARD)
    for step in range(200):  # where points are in space, only the chart knows
        x, y = 0.25 + 0.025 * (step % 20), 0.35 + 0.04 * (step // 20)
        page.mouse.move(box["x"] + x * box["width"], box["y"] + y * box["height"])
        for _ in range(4):  # the chart looks what lies under the pointer when it draws its next frames
            page.evaluate(FRAME)
        if card.is_visible():
            break
    name = card.get_attribute("data-clip")
    click(page)
    page.wait_for_selector(PLAYING)
    assert page.locator(".st-key-space_clip strong").first.inner_text() == name


def test_a_copied_link_restores_the_view(page: Any, address: str) -> None:
    open_space(page, address, "?colour=fault&only=false&part=Log-mel%3A+peak+of+each+band&splits=test&contours=false")
    page.get_by_text("What the axes mean").click()
    page.locator(".st-key-scree_chart .js-plotly-plot").wait_for()
    wait_idle(page)
    here = page.evaluate(POINTS)
    assert sum(len(points) for points in here) / 2 == 480
    other = page.context.new_page()
    other.goto(page.url)
    other.locator(".st-key-scree_chart .js-plotly-plot").wait_for()
    wait_idle(other)
    assert other.evaluate(POINTS) == here
    assert other.locator(f"{CHART} .contourlayer path").count() == 0
    other.set_viewport_size({"width": 900, "height": 900})  # where the clip's panel goes below the map
    wait_idle(other)
    assert other.locator(".st-key-space_map").bounding_box()["width"] > 480


def test_an_upload_is_a_star_and_nothing_is_fitted_again(page: Any, address: str, tmp_path: Path) -> None:
    open_space(page, address)
    before = page.evaluate(POINTS)
    assert page.evaluate(STARS) == []
    clip = simulate("00", seed=987, snr_db=6, fault="no_grease", severity=1.0)
    page.get_by_role("link", name="Clip").click()
    page.wait_for_selector("h1:has-text('normal')")
    page.get_by_text("Upload", exact=True).first.click()
    page.locator("input[type=file]").first.set_input_files(write_wav(tmp_path / "mine.wav", clip.samples))
    page.get_by_text("mine.wav").first.wait_for()
    page.wait_for_selector(".asd-player[data-ready=true]")
    wait_idle(page)
    page.get_by_role("link", name="Feature space").click()
    page.wait_for_selector(f"{CHART}[data-hover=ready]")
    wait_idle(page)
    assert [name for name, *_ in page.evaluate(STARS)] == ["mine.wav"]
    assert page.evaluate(POINTS) == before
