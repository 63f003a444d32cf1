"""Screenshots of the running app for the README and the docs: ``python -m tests.e2e.screenshots docs/images``."""

import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

from asd_core.bench import CHROMIUM_FLAGS, chromium, serve
from tests.conftest import ROOT
from tests.e2e.helpers import wait_idle

PAGES = {"clip": "", "space": "feature_space?only=false&colour=machine_id", "compare": "compare"}
SHOTS = [("light", 1440, 900), ("dark", 1440, 900), ("light", 900, 1000)]


def main(out: Path) -> None:
    """Every page, light and dark, at 1440 and 900 px."""
    executable = chromium()
    if executable is None:
        sys.exit("No Chromium here: install it to take screenshots.")
    out.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as driver, serve(ROOT / "app.py") as address:
        browser = driver.chromium.launch(executable_path=executable, args=CHROMIUM_FLAGS)
        for theme, width, height in SHOTS:
            page = browser.new_page(viewport={"width": width, "height": height}, color_scheme=theme)
            for name, path in PAGES.items():
                page.goto(f"{address}/{path}")
                page.locator(".js-plotly-plot").first.wait_for(timeout=60_000)
                wait_idle(page)
                page.wait_for_timeout(2500)  # plots fade in
                suffix = theme if width == 1440 else f"{theme}-{width}"
                page.screenshot(path=out / f"{name}-{suffix}.png")
            page.close()
        browser.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
