"""Speed and size of the Clip page, in a browser."""

from functools import partial
from typing import Any

from benchmarks.browser import APP, APPS, Figure, browsing, figure, serve, timed

READY = ".asd-player[data-ready=true]"
STEP, MOVES = 0.05, 17  # the first two moves are not counted: they load what the others share
SCORES = ".asd-scores"
PICTURE = "(canvas) => canvas.toDataURL()"
AT_REST = 1500  # ms after a move, in which the rest of the page follows and is idle again

NEXT = """([player, scores, button]) => new Promise((done) => {
  const { clip } = player.dataset, before = scores.innerText, from = performance.now();
  const look = () => player.dataset.clip !== clip && player.dataset.ready === "true" && scores.innerText !== before
    ? done((performance.now() - from) / 1000) : requestAnimationFrame(look);
  button.click();
  requestAnimationFrame(look);
})"""
CLIPS = 12  # the first two are not counted: they load what the others share


def slider_speed(browser: str) -> dict[str, Figure]:
    """From a step of the denoising strength to new pictures and all scores on screen, against the same step in an app of
    nothing but a slider and a text, in turn; the seconds of both beside it."""
    ours: list[float] = []
    theirs: list[float] = []
    with browsing(browser) as new_page, serve(APP) as address, serve(APPS / "bare_slider.py") as bare_address:
        page, other = new_page(), new_page()
        other.goto(bare_address)
        other.wait_for_selector("text=Denoised at 1.00")
        page.goto(f"{address}/?strength=1")
        page.wait_for_selector("text=Denoised at 1.00", timeout=120_000)
        page.wait_for_selector(READY)
        page.locator("[data-part=denoised]").click()
        page.wait_for_timeout(2000)
        for move in range(1, MOVES + 1):
            strength = f"{1 - move * STEP:.2f}"
            other.bring_to_front()
            theirs.append(_bare_move(other, strength))
            page.bring_to_front()
            ours.append(_move(page, strength))
    ours, theirs = ours[2:], theirs[2:]
    return {
        "slider_vs_bare_slider": figure([a / b for a, b in zip(ours, theirs, strict=True)]),
        "slider_s": figure(ours, "s"),
        "bare_slider_s": figure(theirs, "s"),
    }


def next_clip_speed(browser: str) -> dict[str, Figure]:
    """Seconds from a press of Next on the Clip page to the next clip's pictures, and every detector's score of it, on screen."""
    with browsing(browser) as new_page, serve(APP) as address:
        page = new_page()
        page.goto(address)
        page.wait_for_selector(READY, timeout=120_000)
        page.wait_for_selector("[data-part=versions]:not([hidden])", timeout=120_000)  # the networks are there
        took = []
        for _ in range(CLIPS):
            page.wait_for_timeout(AT_REST)
            parts = [
                page.locator(part).element_handle() for part in (".asd-player", SCORES, ".st-key-next_clip button")
            ]
            took.append(float(page.evaluate(NEXT, parts)))
    return {"clip_page_next_clip_s": figure(took[2:], "s")}


def _bare_move(page: Any, strength: str) -> float:
    """Seconds of a step in the bare app."""
    text = page.locator("[data-testid=stText]").element_handle()
    return _press(page, page.get_by_role("slider"), f"(text) => text.innerText.includes('{strength}')", [text])


def _move(page: Any, strength: str) -> float:
    """Seconds of a step in the player, until the pictures, the table and the caption are new."""
    base = page.locator("[data-part=base]")
    table = page.locator(f"{SCORES} tbody")
    places = [READY, SCORES, "[data-testid=stCaptionContainer]:has-text('Denoised at')"]
    parts = [page.locator(place).element_handle() for place in places]
    before, picture = table.inner_text(), base.evaluate(PICTURE)
    there = (
        f"(player, scores, caption) => player.dataset.strength === '{strength}' && scores.dataset.strength === '{strength}' "
        f"&& caption.innerText.includes('at {strength}')"
    )
    took = _press(page, page.locator("[data-part=strength]"), there, parts)
    if base.evaluate(PICTURE) == picture or table.inner_text() == before:
        raise RuntimeError(f"{strength}: the pictures or the scores are still the old ones.")
    page.wait_for_timeout(AT_REST)
    return took


def _press(page: Any, slider: Any, there: str, parts: list[Any]) -> float:
    """Seconds from a key on a slider until a JavaScript function of some elements is true."""
    slider.focus()
    return timed(page, "keydown", partial(page.keyboard.press, "ArrowLeft"), there, parts)[0]


def message_size(browser: str) -> dict[str, Figure]:
    """Megabytes over the websocket until the Clip page with its 10 s clip is complete, sounds (fetched as files) apart."""
    received: list[int] = []
    sizes = []
    with serve(APP) as address, browsing(browser) as new_page:
        for _ in range(3):  # a fresh server draws its first page twice
            received.clear()
            page = new_page()
            page.on("websocket", lambda socket: socket.on("framereceived", lambda frame: received.append(len(frame))))
            page.goto(address)
            page.wait_for_selector(f"{READY} [data-part=versions]:not([hidden])", timeout=120_000)
            page.wait_for_timeout(1500)
            sizes.append(sum(received) / 1e6)
            page.close()
    return {"clip_page_message_mb": figure(sizes, "MB")}
