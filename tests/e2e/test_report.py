"""From the Compare page to a file that a stakeholder opens: prepared, downloaded, opened from disk without a network."""

import csv
import io
import json
import re
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from tests.e2e.helpers import wait_idle


def prepare(page: Any, address: str, query: str = "") -> None:
    """Open Compare and have its report prepared."""
    page.goto(f"{address}/compare?{query}")
    page.get_by_role("button", name=re.compile("Report$")).click()
    page.get_by_role("button", name="Report (HTML)").wait_for()
    wait_idle(page)


def download(page: Any, label: str, folder: Path) -> Path:
    """Press a download button and keep the file."""
    with page.expect_download() as waited:
        page.get_by_role("button", name=label).click()
    path = folder / waited.value.suggested_filename
    waited.value.save_as(path)
    return path


def opened(browser: Any, path: Path) -> tuple[Any, list[str], list[str]]:
    """The file in a browser of its own that may load nothing but it; what it asked for and complained of."""
    context = browser.new_context(viewport={"width": 1440, "height": 900}, offline=True)
    page = context.new_page()
    requested: list[str] = []
    said: list[str] = []
    page.on("request", lambda r: requested.append(r.url) if not r.url.startswith("data:") else None)
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.goto(path.as_uri())
    return page, requested, said


def test_report_is_prepared_downloaded_and_read_offline(page: Any, browser: Any, address: str, downloads: Path) -> None:
    prepare(page, address)
    path = download(page, "Report (HTML)", downloads)
    assert re.fullmatch(r"report_demo_test_16000-Hz_original_[0-9a-f]{8}\.html", path.name)
    assert path.stat().st_size < 5e6
    table = list(csv.DictReader(io.StringIO(download(page, "Results (CSV)", downloads).read_text())))
    scores = download(page, "Scores of all clips (CSV)", downloads).read_text().splitlines()
    document = json.loads(download(page, "All tables (JSON)", downloads).read_text())
    assert len(scores) == 1 + len(document["tables"]["clips"])
    assert len(table) == len(document["tables"]["ranking"])

    report, requested, said = opened(browser, path)
    best = next(row for row in table if row["machine_id"] == "mean")
    assert best["title"] in report.locator(".takeaways li").first.inner_text()
    assert f"{float(best['auc']):.3f}" in report.locator("tr.best").first.inner_text()
    assert report.locator("figure svg polyline").count() > 40
    for index in range(4):
        box = report.locator(".charts svg").nth(index).bounding_box()
        assert box["width"] > 300
        assert box["height"] > 200
    assert (
        report.evaluate(
            "Promise.all([...document.querySelectorAll('image')].map(i => new Promise(done => { const p = new Image();"
            " p.onload = () => done(p.naturalWidth); p.onerror = () => done(0); p.src = i.href.baseVal; })))"
        )
        == [313] * report.locator("svg image").count()
    )
    # It is heard: the player knows how long it is and gets on.
    report.evaluate("document.querySelector('audio').muted = true")
    report.evaluate("document.querySelector('audio').play()")
    for _ in range(300):  # the page's own policy forbids waiting inside it, so a time it is
        if report.evaluate("document.querySelector('audio').currentTime") > 0.3:
            break
        report.wait_for_timeout(50)
    assert report.evaluate("document.querySelector('audio').currentTime") > 0.3
    assert abs(report.evaluate("document.querySelector('audio').duration") - 10.0) < 0.1
    # Nothing sticks out of the page, wide or narrow.
    for width in (1440, 900, 420):
        report.set_viewport_size({"width": width, "height": 900})
        assert report.evaluate("document.documentElement.scrollWidth") <= width
    assert requested == [path.as_uri()]
    assert said == []
    report.context.close()


def test_the_report_follows_the_page_and_its_print_names_the_missing_player(
    page: Any, browser: Any, address: str, downloads: Path
) -> None:
    prepare(page, address, urlencode({"detectors": ["PCA + KDE", "Control: clip level"], "rate": "10%"}, doseq=True))
    document = json.loads(download(page, "All tables (JSON)", downloads).read_text())
    assert set(document["models"]) == {"pca_kde", "control_rms"}
    assert document["assumptions"] == {"rate": 0.1, "prevalence": 0.01, "clips_per_day": 1000.0}
    assert page.get_by_role("alert").count() == 0
    report, _, _ = opened(browser, download(page, "Report (HTML)", downloads))
    hint = report.get_by_text("On paper there are no sounds")
    assert report.locator("audio").first.is_visible()
    assert not hint.is_visible()
    report.emulate_media(media="print")
    assert not report.locator("audio").first.is_visible()
    assert hint.is_visible()
    assert report.pdf(prefer_css_page_size=True).startswith(b"%PDF")
    report.context.close()
