"""A browser and a server to measure speeds with."""

import os
import random
import shutil
import socket
import statistics
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Any

APP = Path(__file__).resolve().parent.parent / "app.py"  # the dashboard
APPS = Path(__file__).parent / "apps"
Figure = dict[str, Any]


def figure(values: list[float], unit: str = "ratio") -> Figure:
    """Median of some values, with the range from quartile to quartile as its spread."""
    low, _, high = statistics.quantiles(values, n=4) if len(values) > 1 else values * 3
    return {"value": statistics.median(values), "unit": unit, "n": len(values), "spread": [low, high]}


def chromium() -> str | None:
    """Path of a Chromium that playwright can drive, or ``None``."""
    if find_spec("playwright") is None:
        return None
    return shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


# Timed inside the page, from an event to the frame in which all is there: a driver that looks from outside does so only every
# 20 to 100 ms.
_CLOCK = """([event, parts]) => {{ window.took = new Promise((done) => addEventListener(event, () => {{
  const from = performance.now(), there = {there};
  const look = () => {{
    const value = there(...parts);
    value ? done([(performance.now() - from) / 1000, value]) : requestAnimationFrame(look);
  }};
  requestAnimationFrame(look);
}}, {{ once: true, capture: true }})); }}"""


def timed(page: Any, event: str, act: Callable[[], object], there: str, parts: Sequence[Any]) -> tuple[float, Any]:
    """Seconds from an event, which an act makes, until a JavaScript function of some parts is true, and its value."""
    page.evaluate(_CLOCK.format(there=there), [event, parts])
    act()
    seconds, value = page.evaluate("window.took")
    return float(seconds), value


@contextmanager
def browsing(browser: str) -> Iterator[Callable[[], Any]]:
    """A Chromium while the block lasts; gives a function that opens a page apart from all others."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chrome = playwright.chromium.launch(executable_path=browser, args=CHROMIUM_FLAGS)
        yield lambda: chrome.new_page(viewport={"width": 1440, "height": 900})
        chrome.close()


def first_page(browser: str, app: Path, stages: list[list[str]]) -> list[float]:
    """Seconds from starting a server until all elements of each stage are on its first page, in a waiting browser."""
    took = []
    with browsing(browser) as new_page:
        page = new_page()
        began = time.perf_counter()
        with serve(app) as address:
            page.goto(address)
            for selectors in stages:
                for selector in selectors:
                    page.wait_for_selector(selector, timeout=120_000, state="attached")
                took.append(time.perf_counter() - began)
    return took


# Flags that let it run without a screen, as root and offline.
CHROMIUM_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--no-first-run",
    "--use-gl=angle",
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
]


def free_port() -> int:
    """A port on which nobody listens, below those that a system gives to outgoing connections.

    One of those could be taken by a browser's connection before the server that it is meant for has started.
    """
    while True:
        port = random.SystemRandom().randrange(20_000, 32_000)  # tests may have seeded the common one
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


class serve:
    """A Streamlit server of one script on a free port, while the block lasts; gives its address."""

    def __init__(self, app: Path, port: int = 0, /, *options: str, **environment: str) -> None:
        """
        Args:
            port: a free one for 0. options: more of Streamlit's own.
        """
        self.app, self.options, self.port, self.environment = app, options, port or free_port(), environment
        base = [option.partition("=")[2] for option in options if option.startswith("--server.baseUrlPath=")]
        self.address = "/".join([f"http://127.0.0.1:{self.port}", *base])

    def __enter__(self) -> str:
        command = ["run", str(self.app), f"--server.port={self.port}", *self.options]
        command += ["--server.headless=true", "--server.address=127.0.0.1", "--browser.gatherUsageStats=false"]
        self.process = self.start(command, self.app.parent, {**os.environ, **self.environment})
        for _ in range(1200):
            try:
                urllib.request.urlopen(f"{self.address}/_stcore/health", timeout=1)
                return self.address
            except OSError:  # of which urllib's errors are
                time.sleep(0.05)
        self.__exit__()
        raise TimeoutError(f"{self.app} did not start")

    def start(self, command: list[str], folder: Path, environment: dict[str, str]) -> Any:
        """The process of a Streamlit command."""
        return subprocess.Popen(
            [sys.executable, "-m", "streamlit", *command],
            cwd=folder,
            env=environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def __exit__(self, *_: object) -> None:
        self.process.terminate()
        self.process.wait()
