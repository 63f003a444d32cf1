"""The main job, as a person does it."""

import re
from pathlib import Path
from typing import Any

import pandas as pd

from asd_core.artifacts import trained_keys
from asd_core.datasets.slide_rail import simulate
from benchmarks.browser import serve
from tests.conftest import ROOT, write_wav
from tests.e2e.helpers import SCORES, TABLE, cells, choose, clip_name, press, remember_nobody, scores, wait_idle

DETECTORS = len(trained_keys(ROOT / "trained_models" / "demo"))
READY = ".asd-player[data-ready=true]"


def open_page(page: Any, address: str) -> None:
    page.goto(address)
    page.wait_for_selector(SCORES)
    page.get_by_text("Threshold of").wait_for()  # a server that just started shows stored scores at first
    page.locator(READY).first.wait_for()
    wait_idle(page)


def test_first_page_shows_a_clip_its_player_and_every_detector(page: Any, address: str) -> None:
    open_page(page, address)
    assert len(scores(page)) == DETECTORS
    assert page.locator(READY).count() == 1
    assert page.get_by_text("of the energy removed").count() == 0
    assert page.get_by_role("alert").count() == 0


def test_pick_a_clip(page: Any, address: str) -> None:
    open_page(page, address)
    before = scores(page)
    choose(page, "Label", "normal")
    assert clip_name(page).startswith("id 00 · clip ")
    page.get_by_text("normal_id_00_").first.wait_for()
    assert scores(page) != before
    first = clip_name(page)
    page.locator(".st-key-next_clip button").click()
    wait_idle(page)
    assert clip_name(page) != first


def test_moving_the_slider_changes_the_denoised_scores(page: Any, address: str) -> None:
    open_page(page, f"{address}/?strength=0.6")
    before = scores(page)
    press(page, "Denoising strength", "ArrowLeft", 8)
    page.get_by_text("Denoised at 0.20").wait_for()
    wait_idle(page)
    after = scores(page)
    raw, denoised = 1, 3  # margins
    assert [r[raw] for r in before] == [r[raw] for r in after]
    assert sum(a[denoised] != b[denoised] for a, b in zip(before, after, strict=True)) > DETECTORS / 2


def test_scores_follow_the_slider_while_it_is_held(page: Any, address: str) -> None:
    """Nothing but the table is drawn anew until it rests; the address follows then."""
    open_page(page, f"{address}/?strength=0.6")
    before, slider = scores(page), page.locator("[data-part=strength]")
    box, mouse = slider.bounding_box(), page.mouse
    mouse.move(box["x"] + 0.6 * box["width"], box["y"] + box["height"] / 2)
    mouse.down()
    mouse.move(box["x"] + 0.3 * box["width"], box["y"] + box["height"] / 2, steps=5)
    turned = page.locator(".asd-player").get_attribute("data-strength")
    assert turned != "0.60"
    page.locator(f"{SCORES}[data-strength='{turned}']").wait_for()
    page.get_by_text(f"Denoised at {turned}").wait_for()
    assert scores(page) != before
    mouse.up()
    page.wait_for_function("strength => new URL(location).searchParams.get('strength') == strength", arg=float(turned))
    assert page.locator(SCORES).get_attribute("data-strength") == turned


def test_a_strength_is_taken_along_to_the_next_clip(page: Any, address: str) -> None:
    """Also when one goes on before the rest of the page has heard of it."""
    open_page(page, f"{address}/?strength=0.6")
    slider = page.locator("[data-part=strength]")
    slider.focus()
    slider.press("ArrowLeft")
    page.locator(".st-key-next_clip button").click()
    wait_idle(page)
    page.get_by_text("Denoised at 0.55").wait_for()
    assert "strength=0.55" in page.url
    assert page.locator(".asd-player").get_attribute("data-strength") == "0.55"


def test_scores_are_sorted_by_a_heading_and_saved(page: Any, address: str) -> None:
    open_page(page, address)
    page.locator(f"{SCORES} [data-part=details]").click()
    before, heads = scores(page), page.locator(f"{SCORES} thead button")
    groups = page.locator(f"{SCORES} .group").all_inner_texts()
    trusted = re.match(r"Trusted \((\d+)\)", groups[0])
    assert trusted
    heads.nth(4).click()
    raw = [float(row[4]) for row in scores(page)][: int(trusted[1])]  # in each group
    assert raw == sorted(raw, reverse=True)
    heads.nth(0).click()
    names = [row[0] for row in scores(page)][:10]
    assert names == sorted(names, key=str.casefold)
    for _ in range(2):  # backwards, and as it was
        heads.nth(0).click()
    assert scores(page) == before
    with page.expect_download() as found:
        page.get_by_role("button", name="Scores as CSV").click()
    saved = pd.read_csv(found.value.path())
    assert saved["detector"].tolist() == [row[0] for row in before]
    assert saved["denoised_raw"].isna().all()
    assert set(saved["version"]) == {"original"}
    assert set(saved["sample_rate"]) == {16000}
    assert saved["applicable"].all()
    assert re.fullmatch(
        r"scores_[A-Za-z0-9-]+_id-00_16000-Hz_original_[0-9a-f]{8}\.csv", found.value.suggested_filename
    )


def test_answer_player_and_spectrogram_are_seen_without_scrolling(page: Any, address: str) -> None:
    page.set_viewport_size({"width": 1280, "height": 720})
    open_page(page, address)
    for width, height in ((1280, 720), (1366, 768)):
        page.set_viewport_size({"width": width, "height": height})
        wait_idle(page)
        for part in (".st-key-verdict", f"{READY} .bar", f"{READY} [data-part=base]"):
            box = page.locator(part).first.bounding_box()
            assert box["y"] >= 0
            assert box["y"] + box["height"] <= height, (part, width)


def test_upload_a_recording_and_a_broken_file(page: Any, address: str, tmp_path: Path) -> None:
    good = write_wav(tmp_path / "press line 3.wav", simulate("02", seed=77, duration=6.0).samples)
    broken = tmp_path / "broken.wav"
    broken.write_bytes(good.read_bytes()[:5000])
    open_page(page, address)
    page.get_by_role("radio", name="Upload").or_(page.get_by_role("button", name="Upload", exact=True)).first.click()
    page.get_by_text("Drop one recording or several").wait_for()
    page.locator("input[type=file]").set_input_files([good, broken])
    page.get_by_text("broken.wav is cut off").wait_for()
    page.locator("[data-testid=stMarkdown]", has_text="press line 3.wav").first.wait_for()
    wait_idle(page)
    assert len(scores(page)) == DETECTORS
    assert "Traceback" not in page.inner_text("body")


def test_roc_is_drawn_and_a_legend_entry_isolates(page: Any, address: str) -> None:
    page.goto(f"{address}/compare")
    page.wait_for_selector(".st-key-roc_chart .scatterlayer .trace")
    wait_idle(page)
    chart = page.locator(".st-key-roc_chart")
    total = chart.locator(".scatterlayer .trace").count()
    assert total >= DETECTORS + 1
    chart.locator(".legendtoggle").nth(1).click()
    # Plotly waits whether it was a double click; the chosen curve's own trace or two stay.
    page.wait_for_function(
        "total => document.querySelectorAll('.st-key-roc_chart .scatterlayer .trace').length < total", arg=total
    )
    rows = cells(page)
    assert len(rows) == DETECTORS
    assert "–" in rows[0][2]


def test_tables_download_as_csv(page: Any, address: str) -> None:
    page.goto(f"{address}/compare")
    with page.expect_download() as found:
        page.get_by_role("button", name="Table as CSV").click()
    text = Path(found.value.path()).read_text()
    assert text.startswith(
        "detector,machine_id,auc,auc_low,auc_high,pauc,n_normal,n_anomaly,split,version,denoise,kind,sample_rate"
    )
    assert text.count("\n") >= DETECTORS * 5
    assert re.fullmatch(r"auc_demo_test_16000-Hz_original_[0-9a-f]{8}\.csv", found.value.suggested_filename)
    names = set()
    page.goto(f"{address}/compare?view=Thresholds&of_ids=00")
    for rate in (0.05, 0.2):
        if rate > 0.05:
            press(page, "False alarms allowed", "ArrowRight", 4)
        cells(page)
        with page.expect_download() as found:
            page.get_by_role("button", name="Thresholds as CSV").click()
        saved = pd.read_csv(found.value.path(), dtype={"machine_id": str})
        assert set(saved["machine_id"]) == {"00"}
        assert set(saved["rate_asked"]) == {rate}
        assert (saved["version"] == "original").all()
        assert (saved["n_not_applicable"] == 0).all()
        words = {
            "detector",
            "machine_id",
            "rule",
            "breach",
            "model_version",
            "split",
            "version",
            "kind",
            "filter",
            "labels",
        }
        assert saved.drop(columns=words).dtypes.map(pd.api.types.is_numeric_dtype).all()  # no unit, no separator
        names.add(found.value.suggested_filename)
    assert len(names) == 2


def test_a_link_reopens_the_same_view(page: Any, address: str) -> None:
    open_page(page, f"{address}/?strength=0.6")
    choose(page, "Machine id", "04")
    choose(page, "Label", "normal")
    press(page, "Denoising strength", "ArrowRight", 4)
    page.locator(".st-key-next_clip button").click()
    wait_idle(page)
    expected, link = (clip_name(page), scores(page)), page.url
    assert "clip=" in link
    page.close()
    other = page.context.new_page()
    remember_nobody(other)
    open_page(other, link)
    assert (clip_name(other), scores(other)) == expected
    assert other.get_by_text("Denoised at 0.80").count() == 1


def test_back_returns_to_the_clip_before(page: Any, address: str) -> None:
    open_page(page, address)
    names = [clip_name(page)]
    for _ in range(2):
        page.locator(".st-key-next_clip button").click()
        wait_idle(page)
        names.append(clip_name(page))
    assert len(set(names)) == 3
    page.go_back()
    page.locator("[data-testid=stMarkdown] strong", has_text=names[1]).wait_for()
    wait_idle(page)
    assert clip_name(page) == names[1]
    assert page.get_by_role("alert").count() == 0


def test_a_link_to_a_page_works_on_a_server_that_just_started(page: Any) -> None:
    with serve(ROOT / "app.py") as fresh:
        page.goto(f"{fresh}/compare?of_ids=06&view=Thresholds")
        page.get_by_text("Machine id 06, thresholds").wait_for()
        page.locator(TABLE).first.wait_for()
        assert page.get_by_role("alert").count() == 0


def test_two_tabs_do_not_share_their_state(page: Any, address: str) -> None:
    tabs = [page, page.context.new_page()]
    for tab in tabs:
        open_page(tab, address)
    choose(tabs[0], "Machine id", "06")
    assert "id 06" in clip_name(tabs[0])
    press(tabs[1], "Denoising strength", "ArrowRight", 1)
    assert "id 00" in clip_name(tabs[1])
