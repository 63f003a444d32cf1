"""Choosing a detector, as a person does it."""

import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from asd_core.plots.emphasis import BACKGROUND
from tests.conftest import ROOT
from tests.e2e.helpers import (
    TABLE,
    cells,
    choose,
    clip_name,
    press,
    remember_nobody,
    requests,
    wait_for_request,
    wait_idle,
)
from tests.e2e.server import serve

MARKS = """() => document.querySelector('.st-key-roc_chart .js-plotly-plot').data
    .filter(t => t.mode == 'markers').map(t => [t.name, t.x[0], t.y[0]])"""


def open_compare(page: Any, address: str, query: str = "") -> None:
    page.goto(f"{address}/compare{query}")
    page.locator(TABLE).first.wait_for()
    wait_idle(page)


def test_the_false_alarm_rate_moves_the_marks_and_the_numbers(page: Any, address: str) -> None:
    open_compare(page, address)
    page.wait_for_selector(".st-key-roc_chart .scatterlayer .trace")
    before, table = page.evaluate(MARKS), cells(page)
    press(page, "False alarms allowed", "ArrowRight", 3)
    after = page.evaluate(MARKS)
    assert len(before) == len(after) == len(table)
    assert all(b[1] <= a[1] and b[2] <= a[2] for b, a in zip(before, after, strict=True))
    assert sum(b[1:] != a[1:] for b, a in zip(before, after, strict=True)) > len(before) / 2
    assert cells(page) == table  # AUC knows no threshold
    assert "rate=15" in page.url
    open_compare(page, address, "?view=Thresholds&of_ids=00")
    strict = cells(page)
    page.get_by_text("promises 4.9% false alarms on average").wait_for()
    press(page, "False alarms allowed", "ArrowRight", 3)
    loose = cells(page)
    page.get_by_text("promises 14.8% false alarms on average").wait_for()
    assert all(float(b[1]) < float(a[1]) for a, b in zip(strict, loose, strict=True))


def test_a_disagreement_opens_its_clip(page: Any, address: str) -> None:
    open_compare(page, address, "?view=Agreement")
    name = cells(page)[1][0]
    box = page.locator(TABLE).first.bounding_box()
    page.mouse.click(box["x"] + 12, box["y"] + 26 * 2 + 13)  # the box that chooses the second row
    page.wait_for_selector("h1:has-text('normal')")
    page.locator(TABLE).first.wait_for()
    wait_idle(page)
    assert clip_name(page) == name
    assert page.get_by_role("alert").count() == 0


def test_a_worst_clip_plays_and_opens(page: Any, address: str) -> None:
    page.goto(f"{address}/compare?view=Where it fails&rate=20%25")
    page.locator("audio").nth(5).wait_for()
    wait_idle(page)
    duration = page.evaluate(
        """async () => { const a = document.querySelector('audio'); a.muted = true; await a.play();
        await new Promise(r => { a.ontimeupdate = () => a.currentTime > 0 && r(); }); a.pause(); return [a.duration, a.currentTime]; }"""
    )
    assert duration[0] > 9
    assert duration[1] > 0
    button = page.get_by_role("button", name=re.compile("id .* · clip")).first
    name = re.search(r"id \S+ · clip \d+", button.inner_text())
    assert name
    button.click()
    page.wait_for_selector("h1:has-text('normal')")
    page.locator(TABLE).first.wait_for()
    wait_idle(page)
    assert clip_name(page) == name[0]
    page.get_by_role("button", name="Back to Compare").click()
    page.wait_for_selector("h1:has-text('Compare')")
    wait_idle(page)
    assert "view=Where" in page.url
    assert page.locator("[data-testid=stSidebar] [data-testid=stSliderThumbValue]").inner_text() == "20%"


def test_filters_change_the_figures_and_a_copied_link_restores_them(page: Any, address: str) -> None:
    open_compare(page, address)
    every = cells(page)
    choose(page, "Only clips by", "fault")
    page.get_by_role("combobox", name=re.compile("Fault")).click()
    page.get_by_role("option", name="no grease").click()
    page.keyboard.press("Escape")
    wait_idle(page)
    page.get_by_text("only fault no grease: 240 normal and 80 anomalous clips").wait_for()
    filtered, link = cells(page), page.url
    assert filtered != every
    assert "of_fault=" in link
    other = page.context.new_page()
    other.goto(link)
    other.get_by_text("only fault no grease: 240 normal and 80 anomalous clips").wait_for()
    assert cells(other) == filtered


def test_training_clips_are_of_one_class_and_have_no_auc(page: Any, address: str) -> None:
    page.goto(f"{address}/compare?of_split=train&view=Ranking")
    page.get_by_text("Only normal clips are in scope").wait_for()
    wait_idle(page)
    assert page.get_by_text("0.500").count() == 0
    # An empty number is drawn as a dash.
    assert {(row[1], row[2], row[3]) for row in cells(page)} == {("", "not computable", "")}
    page.goto(f"{address}/compare?of_split=train&view=Thresholds&of_ids=00")
    page.locator(TABLE).first.wait_for()
    observed = cells(page)
    assert all(re.fullmatch(r"\d+(\.\d+)?", row[2]) for row in observed)  # false alarms are counted
    assert {(row[4], row[7]) for row in observed} == {("", "")}  # detections are not, nor what misses cost
    page.get_by_role("radio", name="test", exact=True).or_(
        page.get_by_role("button", name="test", exact=True)
    ).first.click()
    page.locator(TABLE).first.wait_for()


@pytest.mark.long  # a server of its own scores two sets of clips
def test_missing_scores_are_computed_beside_the_page(page: Any, small_models: Path, tmp_path: Path) -> None:
    shutil.copytree(small_models, tmp_path / "models" / "small")
    folders = {"ASD_MODELS_DIR": str(tmp_path / "models"), "ASD_DATA_DIR": str(tmp_path / "data")}
    with serve(ROOT / "app.py", **folders) as address:
        page.goto(f"{address}/compare?of_denoise=0.5")
        page.get_by_role("button", name="Compute the missing scores").click()
        page.get_by_text("Test split, denoised at 0.5: 12 normal and 12 anomalous clips").wait_for(timeout=120_000)
        assert len(cells(page)) == 3
        assert page.get_by_role("button", name="Compute the missing scores").count() == 0
        assert page.get_by_text("were trained on undenoised sound").count() == 1


PLACES = """() => {
    const bins = document.querySelector('.st-key-moved_histogram .nsewdrag').getBoundingClientRect()
    const plot = document.querySelector('.st-key-moved_histogram .js-plotly-plot')
    const line = name => plot._fullData.find(t => t.name == name).x[0]
    const at = name => bins.left + plot._fullLayout.xaxis.d2p(line(name))
    return { yours: at('yours'), calibrated: at('calibrated'), ends: [bins.left, bins.right] }
}"""


def thumb(slider: Any) -> float:
    """Where the middle of a slider's thumb is on the screen: it stays half its width inside the ends."""
    found: float = slider.evaluate(
        """input => { const { left, width } = input.getBoundingClientRect(), share = (input.value - input.min) / (input.max - input.min)
        return left + 8 + share * (width - 16) }"""
    )
    return found


def test_a_threshold_is_moved_on_the_axis_of_its_histogram(page: Any, address: str) -> None:
    open_compare(page, address, "?view=Thresholds&of_ids=00&threshold_by=PCA+%2B+KDE")
    slider = page.get_by_role("slider", name="Your threshold")
    slider.scroll_into_view_if_needed()
    page.wait_for_selector(
        ".st-key-moved_histogram .scatterlayer .trace", state="attached"
    )  # an upright line has no width
    wait_idle(page)
    before, table, places = cells(page, 2), cells(page), page.evaluate(PLACES)
    assert before[0][1:] == before[1][1:]  # yours is the calibrated one at first
    assert abs(places["yours"] - places["calibrated"]) < 1
    for key in ("Home", "End"):
        asked = requests(page)
        slider.press(key)
        wait_for_request(page, asked)
        wait_idle(page)
        now = page.evaluate(PLACES)
        assert abs(now["yours"] - thumb(slider)) < 2
        assert abs(now["yours"] - now["ends"][key == "End"]) < 3  # within a step
        assert abs(now["calibrated"] - places["calibrated"]) < 1
    rows = cells(page, 2)
    assert rows[0][2:4] == ["60 of 60", "0 of 60"]
    assert rows[1:] == before[1:]
    assert page.get_by_text(
        "Your threshold is an oracle, chosen on the very clips that it is judged by, so expect worse on new ones."
    ).is_visible()
    box = slider.bounding_box()
    page.mouse.move(thumb(slider), box["y"] + box["height"] / 2)
    page.mouse.down()
    page.mouse.move(places["calibrated"] + 120, box["y"] + box["height"] / 2, steps=20)
    page.wait_for_function(
        f"(x) => Math.abs(({PLACES})().yours - x) < 3", arg=places["calibrated"] + 120
    )  # while it is held
    assert cells(page, 2)[0][2:4] != rows[0][2:4]
    page.mouse.up()
    wait_idle(page)
    assert abs(page.evaluate(PLACES)["yours"] - thumb(slider)) < 2
    assert cells(page) == table
    press(page, "False alarms allowed", "ArrowRight", 3)  # another calibrated threshold: the slider starts there
    places = page.evaluate(PLACES)
    assert abs(places["yours"] - places["calibrated"]) < 1


def test_what_a_miss_costs_changes_the_cost_and_the_cheapest_threshold(page: Any, address: str) -> None:
    open_compare(page, address, "?view=Thresholds&of_ids=00&prevalence=10")
    before, moved = cells(page), cells(page, 2)
    field = page.get_by_role("spinbutton", name="A miss costs")
    asked = requests(page)
    field.fill("100")
    field.press("Enter")
    wait_for_request(page, asked)
    wait_idle(page)
    after = cells(page)
    assert [row[:-1] for row in after] == [row[:-1] for row in before]
    assert all(float(a[-1]) > float(b[-1]) for a, b in zip(after, before, strict=True))
    assert float(cells(page, 2)[2][1]) < float(moved[2][1])  # the dearer a miss, the lower the threshold of least cost
    assert "miss_cost=100" in page.url


SIDEWAYS = """() => [...document.querySelectorAll('[data-testid=stDataFrame] .dvn-scroller')].map(
    t => [t.clientWidth > 0, t.scrollWidth - t.clientWidth])"""


@pytest.mark.parametrize("view", ["Ranking", "Thresholds", "Agreement"])
def test_no_table_scrolls_sideways(page: Any, address: str, view: str) -> None:
    open_compare(page, address, f"?view={view}" + ("&of_ids=00" if view == "Thresholds" else ""))
    cells(page)
    if view == "Thresholds":
        page.get_by_text("Details", exact=True).click()
        cells(page, 1)
    for width in (1440, 1280):
        page.set_viewport_size({"width": width, "height": 900})
        wait_idle(page)
        found = page.evaluate(SIDEWAYS)
        assert len(found) == {"Ranking": 1, "Thresholds": 3, "Agreement": 1}[view]
        assert [over for _, over in found] == [0] * len(found), width
        row = page.locator(".st-key-of_split, .st-key-against, .st-key-each_id").all()  # one row of controls
        ends = [box["y"] + box["height"] for box in (one.bounding_box() for one in row)]
        assert max(ends) - min(ends) < 2, width
    page.set_viewport_size({"width": 900, "height": 900})
    wait_idle(page)
    last = page.get_by_role("radio", name="Without labels").or_(page.get_by_role("button", name="Without labels")).first
    box, table = last.bounding_box(), page.locator(TABLE).first.bounding_box()
    assert box["x"] + box["width"] <= table["x"] + table["width"]  # no view's name is cut


def test_a_grey_curve_says_its_name(page: Any, address: str) -> None:
    open_compare(page, address)
    page.wait_for_selector(".st-key-roc_chart .scatterlayer .trace")
    page.locator(".st-key-roc_chart").scroll_into_view_if_needed()
    wait_idle(page)
    x, y, colour = page.evaluate(
        """() => {
        const plot = document.querySelector('.st-key-roc_chart .js-plotly-plot'), { xaxis, yaxis } = plot._fullLayout
        const curve = plot._fullData.find(t => t.legendgroup == 'pca_kde' && t.mode == 'lines'), at = Math.floor(curve.x.length * 0.4)
        const bins = plot.querySelector('.nsewdrag').getBoundingClientRect()
        return [bins.left + xaxis.d2p(curve.x[at]), bins.top + yaxis.d2p(curve.y[at]), curve.line.color] }"""
    )
    assert colour == BACKGROUND
    page.mouse.move(x - 40, y)
    page.mouse.move(x, y, steps=8)
    label = page.locator(".st-key-roc_chart .hoverlayer .hovertext")
    label.wait_for()
    assert "PCA + KDE" in label.text_content()


@pytest.mark.long  # a server of its own scores two sets of clips
def test_a_detector_is_put_in_use_and_times_are_measured_beside_the_page(
    page: Any, small_models: Path, tmp_path: Path
) -> None:
    shutil.copytree(small_models, tmp_path / "models" / "small")
    folders = {"ASD_MODELS_DIR": str(tmp_path / "models"), "ASD_DATA_DIR": str(tmp_path / "data")}
    said = "A person's choice, not a measured rank."
    with serve(ROOT / "app.py", **folders) as address:
        open_compare(page, address)
        # Not the best one; nobody is offered a control.
        second = next(row[0] for row in cells(page)[1:] if not row[0].startswith("Control"))
        page.get_by_role("button", name="In use").click()
        choose(page, "Detector in use", second)
        page.locator("[data-testid=stSidebar]").get_by_text(said).wait_for()
        page.keyboard.press("Escape")
        verdicts = {row[0]: row[4] for row in cells(page)}
        assert verdicts.pop(second).startswith("in use")
        assert not any(verdict.startswith("in use") for verdict in verdicts.values())
        assert {row[7] for row in cells(page)} == {""}  # a dash is drawn
        page.get_by_role("button", name="Measure scoring times").click()
        page.get_by_role("button", name="Measure scoring times").wait_for(state="detached", timeout=120_000)
        wait_idle(page)
        page.get_by_role("progressbar").wait_for(state="detached", timeout=120_000)
        assert all(float(row[7]) > 0 for row in cells(page))
    with serve(ROOT / "app.py", **folders) as address:  # started again, in another browser
        page.close()
        other = page.context.new_page()
        remember_nobody(other)
        open_compare(other, address, "?view=Thresholds")
        assert cells(other)[0][0] == f"{second} (in use)"
        assert other.locator("[data-testid=stSidebar]").get_by_text(said).is_visible()
