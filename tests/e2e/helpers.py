"""What a person does and sees on the pages."""

import re
from typing import Any

TABLE = "[data-testid=stDataFrame]"
SCORES = ".asd-scores"


def wait_idle(page: Any) -> None:
    """Until the script has run (a click needs a moment to start it) and its last element is drawn."""
    page.wait_for_timeout(300)
    page.wait_for_selector("[data-testid=stApp][data-test-script-state=notRunning]")
    page.wait_for_timeout(300)


def cells(page: Any, index: int = 0) -> list[list[str]]:
    """Rows of a table as text (from the grid's accessible copy), once two readings agree."""
    page.locator(TABLE).nth(index).scroll_into_view_if_needed()
    seen: list[list[str]] = []
    for _ in range(40):
        wait_idle(page)
        rows = page.locator(TABLE).nth(index).locator("tbody tr").all()
        now = [[c.inner_text() for c in row.locator("td").all()] for row in rows]
        if now and now == seen:
            break
        seen = now
    return seen


def scores(page: Any) -> list[list[str]]:
    """Rows of the Clip page's score table as text."""
    wait_idle(page)
    rows: list[list[str]] = page.locator(f"{SCORES} tbody").evaluate(
        "(body) => [...body.rows].map((row) => [...row.cells].map((cell) => cell.innerText))"
    )
    return rows


def clip_name(page: Any) -> str:
    """Name of the open clip."""
    found = re.search(r"[\w.]+\.wav", page.locator("[data-testid=stMarkdown] strong").first.inner_text())
    return found[0] if found else ""


def choose(page: Any, label: str, option: str) -> None:
    """Pick an option of a select box."""
    page.get_by_role("combobox", name=re.compile(rf"\b{label}")).click()
    page.get_by_role("option", name=option, exact=True).click()
    wait_idle(page)


def press(page: Any, slider: str, key: str, times: int) -> None:
    """Move a slider by its keys."""
    thumb = page.get_by_role("slider", name=slider)
    thumb.focus()
    for _ in range(times):
        thumb.press(key)
    wait_idle(page)
