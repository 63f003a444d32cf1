"""What a person does and sees on the pages."""

import itertools
import re
from functools import cache
from typing import Any

from asd_core.datasets import open_dataset

TABLE = "[data-testid=stDataFrame]"
SCORES = ".asd-scores"

# Counts what goes over Streamlit's socket, and knows whether a run of the script was asked for and not yet answered.
TRAFFIC = """(() => {
  const RERUN = 0x5a  // first byte of a BackMsg that asks for a run: field 11, length-delimited
  const traffic = (window.traffic = { frames: 0, asked: 0, waiting: false })
  window.WebSocket = class extends WebSocket {
    constructor(...options) {
      super(...options)
      this.addEventListener("message", () => { traffic.frames++; traffic.waiting = false })
    }
    send(data) {
      traffic.frames++
      if (new Uint8Array(data.buffer ?? data, data.byteOffset ?? 0)[0] === RERUN) { traffic.asked++; traffic.waiting = true }
      super.send(data)
    }
  }
})()"""
# Four looks in a row, 50 ms apart: no script runs or was asked to, nothing was sent, received or drawn. Looks are counted, not
# time, so a browser that is busy drawing is not taken for one that is done.
IDLE = """(call) => {
  if (window.watch?.call !== call) {
    window.watch?.observer.disconnect()
    const watch = (window.watch = { call, quiet: 0, frames: -1, drawn: true })
    watch.observer = new MutationObserver(() => (watch.drawn = true))
    watch.observer.observe(document.body, { subtree: true, childList: true, attributes: true, characterData: true })
  }
  const { watch, traffic = {} } = window, app = document.querySelector("[data-testid=stApp]")
  const still = app?.dataset.testScriptState === "notRunning" && !traffic.waiting && !watch.drawn && watch.frames === traffic.frames
  Object.assign(watch, { quiet: still ? watch.quiet + 1 : 0, frames: traffic.frames, drawn: false })
  return watch.quiet === 4 && (watch.observer.disconnect(), true)
}"""
FRAME = "new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"  # the next one is drawn
_calls = itertools.count()


def new_context(browser: Any, **options: Any) -> Any:
    """A context in whose tabs :func:`wait_idle` works."""
    context = browser.new_context(**{"viewport": {"width": 1440, "height": 900}, **options})
    context.add_init_script(TRAFFIC)
    context.set_default_timeout(60_000)
    return context


def new_tab(browser: Any, **options: Any) -> Any:
    """A tab in a context of its own: another person's browser at the same time. Close it by its context. It compiles Streamlit's
    scripts again, which takes as long as several pages: one person after the other takes :func:`remember_nobody`."""
    return new_context(browser, **options).new_page()


def remember_nobody(page: Any) -> None:
    """Empty what the browser of a tab keeps of whoever was there."""
    page.context.clear_cookies()
    wipe = {"origin": "*", "storageTypes": "local_storage"}
    page.context.new_cdp_session(page).send("Storage.clearDataForOrigin", wipe)


def wait_idle(page: Any) -> None:
    """Until every run of the script that was asked for has ended and its last element is drawn."""
    page.wait_for_function(IDLE, arg=next(_calls), polling=50)


def showed(page: Any) -> str:
    """Where a page is, what goes over its socket, whether it is drawn, what has the focus, and its first lines: for whoever asks why
    a wait ran out."""
    script = """async () => {
      const frame = new Promise((done) => requestAnimationFrame(() => done("is drawn")))
      const late = new Promise((done) => setTimeout(() => done("no frame within 2 s"), 2000))
      return [location.href, window.traffic, document.querySelector("[data-testid=stApp]")?.dataset,
        document.visibilityState, await Promise.race([frame, late]),
        document.activeElement?.outerHTML.slice(0, 200), document.body.innerText.slice(0, 1500)]
        .map((one) => JSON.stringify(one)).join("\\n")
    }"""
    try:
        return str(page.evaluate(script))
    except Exception as error:  # a page that has crashed or is closed
        return repr(error)


def requests(page: Any) -> int:
    """How many runs of the script this page has asked for."""
    return int(page.evaluate("traffic.asked"))


def wait_for_request(page: Any, before: int) -> None:
    """Until the page has asked for another run than the :func:`requests` before: some widgets hold theirs back a moment."""
    page.wait_for_function("(before) => traffic.asked > before", arg=before)


def table_text(table: Any) -> list[list[str]]:
    """Rows of a table from the grid's accessible copy, in one call: a call a cell takes a second of a large table."""
    rows: list[list[str]] = table.evaluate(
        "(table) => [...table.querySelectorAll('tbody tr')].map((row) => [...row.querySelectorAll('td')].map((cell) => cell.innerText))"
    )
    return rows


def cells(page: Any, index: int = 0) -> list[list[str]]:
    """Rows of a table as text (from the grid's accessible copy), once two readings agree."""
    table = page.locator(TABLE).nth(index)
    table.wait_for(state="attached")
    wait_idle(page)  # what is drawn anew while it is scrolled to is gone
    table.scroll_into_view_if_needed()
    seen: list[list[str]] = []
    for _ in range(40):
        wait_idle(page)
        now = table_text(table)
        if now and now == seen:
            break
        seen = now
    return seen


def scores(page: Any) -> list[list[str]]:
    """Rows of the Clip page's score table as text."""
    wait_idle(page)
    rows: list[list[str]] = page.locator(f"{SCORES} tbody").evaluate(
        "(body) => [...body.rows].filter((row) => !row.classList.contains('group')).map((row) => [...row.cells].map((cell) => cell.innerText))"
    )
    return rows


@cache
def titles() -> dict[str, str]:
    """By clip id what the demo's clips are called on screen."""
    return open_dataset("demo").titles


def clip_name(page: Any) -> str:
    """Name of the open clip."""
    found = re.search(
        r"[\w.]+\.wav|id \S+ · clip \d+", page.locator("[data-testid=stMarkdown] strong").first.inner_text()
    )
    return found[0] if found else ""


def choose(page: Any, label: str, option: str) -> None:
    """Pick an option of a select box."""
    page.get_by_role("combobox", name=re.compile(rf"\b{label}")).click()
    page.get_by_role("option", name=option, exact=True).click()
    wait_idle(page)


def press(page: Any, slider: str, key: str, times: int) -> None:
    """Move a slider by its keys."""
    thumb, before = page.get_by_role("slider", name=slider), requests(page)
    thumb.focus()
    for _ in range(times):
        thumb.press(key)
    wait_for_request(page, before)
    wait_idle(page)
