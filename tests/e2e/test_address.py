"""The address and the browser's history: what a link opens, and what Back undoes."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.conftest import ROOT
from tests.e2e.helpers import TABLE, clip_name, remember_nobody, titles, wait_idle
from tests.e2e.label_page import drag, given
from tests.e2e.server import serve
from tests.e2e.test_feature_space import click, open_space, point_at

# Addresses of the browser's history up to where it stands, as it shows them.
HISTORY = "() => navigation.entries().slice(0, navigation.currentEntry.index + 1).map((entry) => entry.url)"
PLAYER = ".asd-player[data-ready=true]"


def ready(page: Any) -> None:
    """Until a clip is open, and its address written."""
    page.wait_for_selector("h1:has-text('normal')")
    page.locator(PLAYER).first.wait_for()
    wait_idle(page)


def named(page: Any) -> dict[str, str]:
    """The parameters of the address."""
    return {name: values[-1] for name, values in parse_qs(urlsplit(page.url).query).items()}


def shown(page: Any) -> tuple[str, str, str, str, str]:
    """Clip, version, strength, map and region."""
    player = page.locator(PLAYER).first
    return (
        clip_name(page),
        player.get_attribute("data-version"),
        player.get_attribute("data-strength"),
        player.locator("[data-part=overlay]").input_value(),
        "".join(player.locator("[data-part=region]:not([hidden]) [data-part=region-text]").all_inner_texts()),
    )


def from_compare(page: Any, address: str, _: Path) -> str:
    page.goto(f"{address}/compare")
    page.locator(TABLE).first.wait_for()
    wait_idle(page)
    page.get_by_role("radio", name="Where it fails").or_(
        page.get_by_role("button", name="Where it fails")
    ).first.click()
    page.locator("audio").nth(5).wait_for()
    wait_idle(page)
    button = page.get_by_role("button", name=re.compile("id .* · clip")).first
    found = re.search(r"id \S+ · clip \d+", button.inner_text())
    assert found
    button.click()
    return found[0]


def from_space(page: Any, address: str, _: Path) -> str:
    open_space(page, address)
    page.get_by_text("What the axes mean").click()
    page.locator(".st-key-scree_chart .js-plotly-plot").wait_for()
    wait_idle(page)
    name, _number = point_at(page, 1)
    click(page)
    page.locator(".st-key-space_clip strong", has_text=name).wait_for()
    page.locator(".st-key-space_open button").click()
    return name


def from_agreement(page: Any, address: str, database: Path) -> str:
    given(database, "Ada", ["normal"] * 3)
    given(database, "Grace", ["anomaly"] * 3)
    page.goto(f"{address}/label?blind=false&label_view=Agreement")
    page.locator(".st-key-conflict_open button").wait_for()
    wait_idle(page)
    table = page.locator(TABLE).last
    box = table.bounding_box()
    page.mouse.click(box["x"] + 12, box["y"] + 38 + 26 + 13)  # the box that chooses the second row
    page.wait_for_url("**item=**")
    wait_idle(page)
    name = page.locator("[data-testid=stMarkdown] strong", has_text=" · clip ").first.inner_text()
    page.locator(".st-key-conflict_open button").click()
    return str(name)


LISTS: dict[str, tuple[Callable[[Any, str, Path], str], str, str]] = {
    "Compare": (from_compare, "view=Where", "audio"),
    "Feature space": (from_space, "loadings=true", ".st-key-scree_chart .js-plotly-plot"),
    "Label": (from_agreement, "item=", ".st-key-conflict_open button"),
}


@pytest.mark.parametrize("origin", LISTS)
def test_opening_a_clip_is_one_step_and_back_is_the_list_as_it_was(
    page: Any, label_server: str, label_database: Path, origin: str
) -> None:
    opens, view, there = LISTS[origin]
    name = opens(page, label_server, label_database)
    ready(page)
    assert name.endswith(clip_name(page))
    before, here = page.evaluate(HISTORY)[-2:]
    assert view in before
    assert here == page.url
    assert titles()[named(page)["clip"]] == name
    page.reload()
    ready(page)
    assert name.endswith(clip_name(page))
    assert page.url == here
    page.go_back()
    page.wait_for_selector(f"h1:has-text('{origin}')")
    page.locator(there).first.wait_for()
    wait_idle(page)
    assert page.url == before
    if origin == "Label":
        assert page.locator("[data-testid=stMarkdown] strong", has_text=" · clip ").first.inner_text() == name
    page.go_forward()
    ready(page)
    assert name.endswith(clip_name(page))
    assert len(page.evaluate(HISTORY)) == 2 + (origin == "Label")  # there, a row was chosen


def test_a_page_of_the_sidebar_is_one_step_and_back_is_the_one_before_as_it_was_left(page: Any, address: str) -> None:
    """With parameters in the address, of which each page takes others."""
    page.goto(f"{address}/?machine=02&clip=test%2Fanomaly_id_02_00000003.wav&rate=10%25")
    ready(page)
    left = []
    for title in ("Feature space", "Compare", "Data"):
        left.append((page.locator("h1").first.inner_text(), page.url))
        page.get_by_test_id("stSidebarNav").get_by_role("link", name=title).click()
        page.wait_for_selector(f"h1:has-text('{title}')")
        wait_idle(page)
        if title == "Compare":
            page.get_by_role("radio", name="Head-to-head").or_(
                page.get_by_role("button", name="Head-to-head")
            ).first.click()
            page.wait_for_url("**view=Head-to-head**")
            wait_idle(page)
    left.append((page.locator("h1").first.inner_text(), page.url))
    assert "machine=02" in left[1][1]
    assert "rate=10%25" in left[2][1]
    for go, seen in ((page.go_back, left[-2::-1]), (page.go_forward, left[1:])):
        for title, url in seen:
            go()
            page.wait_for_selector(f"h1:has-text('{title}')")
            wait_idle(page)
            assert page.url == url
    assert page.evaluate("navigation.entries().length") == len(left)


def test_the_address_keeps_the_dataset_from_page_to_page(page: Any, factory_models: Path, tmp_path: Path) -> None:
    """Of another dataset than the first: a clip that is opened from a list, reloaded, presented and returned from."""
    for name, models in (("demo", ROOT / "trained_models" / "demo"), ("factory", factory_models)):
        (tmp_path / name).symlink_to(models)
    with serve(ROOT / "app.py", ASD_MODELS_DIR=str(tmp_path)) as served:
        page.goto(f"{served}/compare?view=Where it fails")
        page.locator("h1").first.wait_for()
        wait_idle(page)
        page.get_by_role("combobox", name="Dataset").click()
        page.get_by_role("option").nth(1).click()
        wait_idle(page)
        dataset = named(page)["dataset"]
        page.locator("button:has-text('.wav'), button:has-text('clip')").first.click()
        ready(page)
        seen = clip_name(page)
        assert named(page)["dataset"] == dataset
        page.reload()
        ready(page)
        assert (clip_name(page), named(page)["dataset"]) == (seen, dataset)
        page.get_by_role("button", name="Present").first.click()
        page.wait_for_url("**/present*")
        wait_idle(page)
        assert named(page)["dataset"] == dataset
        page.keyboard.press("Escape")
        ready(page)
        assert (clip_name(page), named(page)["dataset"]) == (seen, dataset)


def test_a_link_opens_what_its_owner_saw(page: Any, address: str) -> None:
    page.goto(f"{address}/?machine=02")
    ready(page)
    assert page.url == f"{address}/?machine=02"  # as it was: what nobody chose is not written
    page.get_by_role("button", name="Next").first.click()
    page.wait_for_url("**clip=**")
    ready(page)
    player = page.locator(PLAYER).first
    player.locator("[data-part=denoised]").click()
    page.wait_for_url("**version=denoised**")
    player.locator("[data-part=strength]").focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_url("**strength=0.65**")
    player.locator("[data-part=overlay]").select_option(index=2)
    page.wait_for_url("**overlay=**")
    drag(page)
    page.wait_for_url("**region=**")
    ready(page)
    assert set(named(page)) == {"machine", "clip", "version", "strength", "overlay", "region"}
    before, link = shown(page), page.url
    page.close()
    other = page.context.new_page()
    remember_nobody(other)
    other.goto(link)
    ready(other)
    other.locator("[data-part=region-text]:not(:empty)").first.wait_for()
    wait_idle(other)
    assert shown(other) == before
    assert other.url == link
    assert len(other.evaluate(HISTORY)) == 1


def test_back_undoes_one_step(page: Any, address: str) -> None:
    page.goto(address)
    ready(page)
    seen = [shown(page)]
    player = page.locator(PLAYER).first

    def pick_another() -> None:
        page.get_by_role("combobox", name=re.compile(r"\bClip \(")).fill(titles()["test/anomaly_id_00_00000003.wav"])
        page.get_by_role("option", name=titles()["test/anomaly_id_00_00000003.wav"], exact=True).click()

    order = [i for i in titles() if i.startswith("test/") and "_id_00_" in i]
    after = order[order.index("test/anomaly_id_00_00000003.wav") + 1]
    steps: list[tuple[Callable[[], object], str]] = [
        (lambda: page.get_by_role("button", name="Next").first.click(), "**clip=**"),
        (pick_another, "**anomaly_id_00_00000003.wav**"),
        (lambda: player.locator("[data-part=overlay]").select_option(""), "**overlay=none**"),
        (lambda: drag(page), "**region=**"),
        (lambda: page.get_by_role("button", name="Next").first.click(), f"**{after.rsplit('/', 1)[1]}**"),
    ]
    for number, (act, expected) in enumerate(steps):
        act()
        page.wait_for_url(expected)
        ready(page)
        seen.append(shown(page))
        assert len(page.evaluate(HISTORY)) == 2 + number  # the page and the steps
    assert len(set(seen)) == len(seen)
    for expected in seen[-2::-1]:
        page.go_back()
        ready(page)
        assert shown(page) == expected
    assert page.url == f"{address}/"


def test_back_undoes_another_machine(page: Any, address: str) -> None:
    """Its list has other clips: the one in the address decides."""
    page.goto(f"{address}/?machine=02&split=any&clip=train%2Fnormal_id_02_00000007.wav")
    ready(page)
    page.get_by_role("combobox", name=re.compile("Machine id")).click()
    page.get_by_role("option", name="04", exact=True).click()
    page.wait_for_url(lambda url: "machine=04" in url and "clip=" not in url)
    ready(page)
    page.go_back()
    page.wait_for_url("**machine=02**")
    ready(page)
    assert clip_name(page) == titles()["train/normal_id_02_00000007.wav"]
