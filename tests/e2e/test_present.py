"""The presentation as it is shown: by keys, by a link, on one screen, without a sidebar."""

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.e2e.helpers import clip_name, titles, wait_idle

playwright = pytest.importorskip("playwright.sync_api")

CLIP = "test/anomaly_id_02_00000059.wav"
HEADS = {
    1: "This is slider 02 as it should sound.",
    2: "This clip stands out: ",
    3: "Far beyond anything normal",
    4: "Which one to use: kNN per sub-band.",
    5: "The threshold is set for about 49 false alarms in 1,000 normal clips",
}
SIZES = ((1280, 720), (1920, 1080))
# What does not fit: by how many pixels the page and the slide could be scrolled, either way.
BEYOND = """() => {
  const over = (e) => [e.scrollHeight - e.clientHeight, e.scrollWidth - e.clientWidth]
  return ["[data-testid=stMain]", ".st-key-slide"].flatMap((s) => over(document.querySelector(s)))
}"""
LETTERS = """(selector) => Math.min(...[...document.querySelectorAll(selector)].filter((e) => e.getClientRects().length)
  .map((e) => parseFloat(getComputedStyle(e).fontSize)))"""
PLAYER = ".asd-player[data-ready=true]"


def address_of(page: Any) -> dict[str, list[str]]:
    return parse_qs(urlsplit(page.url).query)


def shows(page: Any, step: int) -> None:
    """Until a step is there, whole."""
    page.get_by_text(f"{step} of 5").wait_for()
    page.locator("h1", has_text=HEADS[step]).wait_for()
    page.locator({1: PLAYER, 2: PLAYER, 3: ".asd-scores tbody td"}.get(step, ".js-plotly-plot")).first.wait_for()
    wait_idle(page)


def fits(page: Any) -> None:
    for width, height in SIZES:
        page.set_viewport_size({"width": width, "height": height})
        wait_idle(page)
        assert page.evaluate(BEYOND) == [0, 0, 0, 0], (page.url, width)
        assert page.get_by_role("button", name="Leave").bounding_box()["y"] < height - 40
        for picture in page.locator(".asd-player .stage, .st-key-slide .js-plotly-plot").all():
            assert picture.bounding_box()["height"] > 0.45 * height
    assert page.evaluate(LETTERS, "h1") >= 28
    assert page.evaluate(LETTERS, ".st-key-slide p, .st-key-slide_controls p, .js-plotly-plot text") >= 20


def test_keys_go_through_the_five_steps_on_one_screen_and_back(page: Any, address: str) -> None:
    page.goto(f"{address}/present?clip={CLIP}")
    shows(page, 1)
    for step, key in ((2, "ArrowRight"), (3, "PageDown"), (4, " "), (5, "ArrowRight")):
        fits(page)
        assert page.locator("[data-testid=stSidebar]").count() == 0
        page.keyboard.press(key)
        shows(page, step)
        assert address_of(page) == {"step": [str(step)], "clip": [CLIP]}
    fits(page)
    for step, key in ((4, "ArrowLeft"), (3, "PageUp"), (2, "ArrowLeft"), (1, "PageUp")):
        page.keyboard.press(key)
        shows(page, step)
    page.keyboard.press("ArrowLeft")
    shows(page, 1)


def test_what_says_that_bars_are_logarithmic_is_read_from_afar(page: Any, address: str) -> None:
    page.goto(f"{address}/present?clip={CLIP}&step=3")
    shows(page, 3)
    hint = page.locator(".asd-scores thead small")
    assert "log scale" in hint.inner_text()
    assert hint.evaluate("(hint) => parseFloat(getComputedStyle(hint).fontSize)") >= 14


def test_a_copied_link_opens_its_step(page: Any, address: str) -> None:
    page.goto(f"{address}/present?clip={CLIP}")
    shows(page, 1)
    page.get_by_role("button", name="Next").click()
    shows(page, 2)
    page.get_by_role("button", name="Next").click()
    shows(page, 3)
    other = page.context.new_page()
    other.goto(page.url)
    shows(other, 3)
    other.keyboard.press("Escape")
    other.locator("h1", has_text="Is this recording normal?").wait_for()
    other.locator(PLAYER).wait_for()
    wait_idle(other)
    assert clip_name(other) == titles()[CLIP]


def test_in_the_player_its_own_keys_are_its_own(page: Any, address: str) -> None:
    page.goto(f"{address}/present?step=2&clip={CLIP}")
    shows(page, 2)
    player = page.locator(PLAYER)
    player.get_by_role("slider", name="Position in the clip").focus()
    page.keyboard.press(" ")
    page.locator(".asd-player [data-part=play][data-state=playing]").wait_for()
    page.keyboard.press(" ")
    page.locator(".asd-player [data-part=play][data-state=paused]").wait_for()
    page.keyboard.press("Home")
    page.keyboard.press("ArrowRight")
    wait_idle(page)
    assert page.locator(".asd-player [data-part=time]").inner_text() == "0:01.000"
    shows(page, 2)
    page.keyboard.press("PageDown")  # a presenter's remote goes on
    shows(page, 3)


def test_from_the_clip_page_with_what_is_chosen_there_and_back(page: Any, address: str) -> None:
    page.goto(f"{address}/?machine=02&clip={CLIP}&split=test&strength=0.4&rate=5%25")
    page.locator(f"{PLAYER} [data-part=versions]:not([hidden])").wait_for()
    wait_idle(page)
    page.get_by_role("button", name="Present", exact=True).click()
    shows(page, 1)
    page.keyboard.press("ArrowRight")
    shows(page, 2)
    assert page.locator("[data-testid=stSidebar]").count() == 0
    assert address_of(page)["strength"] == ["0.4"]
    assert address_of(page)["clip"] == [CLIP]
    page.locator(f"{PLAYER} [data-part=denoised]").wait_for()
    for hidden in ("strength", "gain", "speed", "overlay", "zoom-in"):
        assert not page.locator(f"{PLAYER} [data-part={hidden}]").is_visible(), hidden
    page.keyboard.press("Escape")
    page.locator("h1", has_text="Is this recording normal?").wait_for()
    page.locator(PLAYER).wait_for()
    wait_idle(page)
    assert clip_name(page) == titles()[CLIP]
    assert address_of(page)["strength"] == ["0.4"]
    assert page.locator("[data-testid=stSidebar]").is_visible()


def test_from_the_navigation_and_back_to_the_page_before(page: Any, address: str) -> None:
    page.goto(f"{address}/compare?view=Thresholds&rate=20%25")
    page.locator("[data-testid=stDataFrame]").first.wait_for()
    wait_idle(page)
    page.get_by_role("link", name="Present").click()
    page.get_by_text("1 of 5").wait_for()
    page.wait_for_function("location.search.includes('clip=')")
    page.get_by_role("button", name="Leave").click()
    page.locator("h1", has_text="Compare").wait_for()
    wait_idle(page)
    assert address_of(page)["view"] == ["Thresholds"]
    assert page.locator("[data-testid=stSidebar]").get_by_text("20%").count() == 1
