"""Screenshots of the running app: ``python -m tests.e2e.screenshots FOLDER``. The best of them are in docs/images."""

import argparse
import io
import sys
import tempfile
from pathlib import Path

from PIL import Image
from playwright.sync_api import sync_playwright

from benchmarks.browser import CHROMIUM_FLAGS, chromium, serve
from tests.conftest import ROOT
from tests.e2e.helpers import wait_idle

# Of each picture: the address, and what must be on the page.
PAGES = {
    "clip": ("", ".asd-player[data-ready=true] [data-part=versions]:not([hidden])"),
    "space": ("feature_space?only=false&colour=fault", ".js-plotly-plot[data-hover=ready]"),
    "label": ("label", ".asd-player[data-ready=true]"),
    "compare": ("compare", ".js-plotly-plot"),
    "thresholds": ("compare?view=Thresholds&of_ids=00", "[data-testid=stDataFrame]"),
    "agreement": ("compare?view=Agreement", "[data-testid=stDataFrame]"),
    "failures": ("compare?view=Where it fails", "audio"),
    "experiments": ("experiments", "[data-testid=stDataFrame]"),
    "data": ("data", "[data-testid=stDataFrame]"),
    "present": ("present?step=2", ".asd-player[data-ready=true]"),
}
SHOTS = [(theme, *size) for theme in ("light", "dark") for size in ((1440, 900), (1280, 720), (900, 1000))]
NAME = ".st-key-annotator input"


def main(out: Path) -> None:
    """Every page, light and dark, at 1440, 1280 and 900 px."""
    executable = chromium()
    if executable is None:
        sys.exit("No Chromium here: install it to take screenshots.")
    out.mkdir(parents=True, exist_ok=True)
    labels = f"sqlite:///{tempfile.mkdtemp()}/labels.sqlite3"
    with sync_playwright() as driver, serve(ROOT / "app.py", ASD_DATABASE_URL=labels) as address:
        browser = driver.chromium.launch(executable_path=executable, args=CHROMIUM_FLAGS)
        for theme, width, height in SHOTS:
            page = browser.new_page(viewport={"width": width, "height": height}, color_scheme=theme)
            for name, (path, needed) in PAGES.items():
                page.goto(f"{address}/{path}")
                if name == "label":
                    page.locator(NAME).fill("Ada")
                    page.locator(NAME).press("Enter")
                page.locator(needed).first.wait_for(timeout=120_000)
                wait_idle(page)
                page.wait_for_timeout(2500)  # plots fade in
                suffix = theme if width == 1440 else f"{theme}-{width}"
                save(page.screenshot(), out / f"{name}-{suffix}.png")
            page.close()
        browser.close()


def save(png: bytes, path: Path) -> None:
    """256 colours are enough for a page, at a third of the size: rare ones (a legend's) count, large areas are exact."""
    picture = Image.open(io.BytesIO(png)).convert("RGB")
    picture = picture.quantize(256, method=Image.Quantize.MAXCOVERAGE, kmeans=1, dither=Image.Dither.NONE)
    picture.save(path, optimize=True)


if __name__ == "__main__":
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("folder", type=Path)
    main(arguments.parse_args().folder)
