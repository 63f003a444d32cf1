"""Choosing a detector, as a person does it."""

import re
import shutil
from pathlib import Path
from typing import Any

from asd_core.artifacts import ModelSet
from asd_core.datasets import Dataset
from asd_core.scoring import Scope, compute_scores
from benchmarks.browser import serve
from tests.conftest import ROOT
from tests.e2e.helpers import TABLE, cells, choose, clip_name, press, wait_idle

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
    press(page, "False-alarm rate", "ArrowRight", 3)
    after = page.evaluate(MARKS)
    assert len(before) == len(after) == len(table)
    assert all(b[1] <= a[1] and b[2] <= a[2] for b, a in zip(before, after, strict=True))
    assert sum(b[1:] != a[1:] for b, a in zip(before, after, strict=True)) > len(before) / 2
    assert cells(page) == table  # AUC knows no threshold
    assert "rate=15" in page.url
    open_compare(page, address, "?view=Thresholds")
    strict = cells(page)
    press(page, "False-alarm rate", "ArrowRight", 3)
    loose = cells(page)
    assert {row[2] for row in strict} == {"0.05"}
    assert {row[2] for row in loose} == {"0.15"}
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
    button = page.get_by_role("button", name=re.compile("anomaly_id")).first
    name = re.search(r"anomaly\S+\.wav", button.inner_text())
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
    assert "rate=20" in page.url


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


def test_training_clips_are_of_one_class_and_offered_to_be_scored(page: Any, address: str) -> None:
    page.goto(f"{address}/compare?of_split=train")
    page.get_by_role("button", name="Compute the missing scores").wait_for()
    wait_idle(page)
    assert page.get_by_text("0.500").count() == 0
    assert page.locator(TABLE).count() == 0
    page.get_by_role("radio", name="test", exact=True).or_(
        page.get_by_role("button", name="test", exact=True)
    ).first.click()
    page.locator(TABLE).first.wait_for()


def test_missing_scores_are_computed_beside_the_page(
    page: Any, small_dataset: Dataset, small_models: Path, tmp_path: Path
) -> None:
    models = tmp_path / "models" / "small"
    shutil.copytree(small_models, models)
    compute_scores(small_dataset, ModelSet(models), Scope("train"))
    folders = {"ASD_MODELS_DIR": str(tmp_path / "models"), "ASD_DATA_DIR": str(tmp_path / "data")}
    with serve(ROOT / "app.py", **folders) as address:
        page.goto(f"{address}/compare?of_denoise=0.5")
        page.get_by_role("button", name="Compute the missing scores").click()
        page.get_by_text("Test split, denoised at 0.5: 12 normal and 12 anomalous clips").wait_for(timeout=120_000)
        assert len(cells(page)) == 3
        assert page.get_by_role("button", name="Compute the missing scores").count() == 0
        assert page.get_by_text("learned from undenoised sound").count() == 1
        page.goto(f"{address}/compare?of_split=train")  # normal clips alone
        page.get_by_text("Only normal clips are in scope").wait_for()
        # An empty number is drawn as a dash.
        assert {(row[1], row[2], row[3]) for row in cells(page)} == {("", "not computable", "")}
        page.goto(f"{address}/compare?of_split=train&view=Thresholds")
        page.locator(TABLE).first.wait_for()
        observed = cells(page)
        assert all(re.fullmatch(r"\d+(\.\d+)?", row[8]) for row in observed)  # false alarms are counted
        assert {(row[9], row[10]) for row in observed} == {("", "not computable")}  # detections are not
