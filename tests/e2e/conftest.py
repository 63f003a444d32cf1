"""A real Chromium against the real app. Without one the tests skip, or fail when REQUIRE_BROWSER is set."""

import os
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

import pytest

from benchmarks.browser import CHROMIUM_FLAGS, chromium, serve
from tests.conftest import ROOT
from tests.e2e.helpers import new_context, remember_nobody, showed
from tests.e2e.server import serve as forked

playwright = pytest.importorskip("playwright.sync_api")
EXECUTABLE = chromium()
SHOWED = "the page when a wait ran out"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "tests/e2e" in item.path.as_posix():
            item.add_marker(pytest.mark.browser)
            # A press on what is drawn anew at that moment is lost now and then, on a busy machine once in some thousand tests; a
            # person presses again. What fails for a reason fails twice, and any other failure counts at once.
            item.add_marker(pytest.mark.flaky(reruns=1, only_rerun=r"TimeoutError: [\w.]+: Timeout"))
            if EXECUTABLE is None and not os.environ.get("REQUIRE_BROWSER"):
                item.add_marker(pytest.mark.skip(reason="no Chromium here"))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A report on a wait that ran out says what its page showed, also where the test is tried again."""
    report = yield
    if report.when == "call" and "TimeoutError" in str(report.longrepr or ""):
        page = getattr(item, "funcargs", {}).get("page")
        report.sections.append((SHOWED, "no page" if page is None else showed(page)))
    return report


def pytest_terminal_summary(terminalreporter: Any) -> None:
    for report in terminalreporter.stats.get("rerun", []):
        for name, content in report.sections:
            if name == SHOWED:
                terminalreporter.section(f"tried again: {report.nodeid}")
                terminalreporter.line(str(report.longrepr).rsplit("Call log:", 1)[-1].strip()[:500])
                terminalreporter.line(content)


@pytest.fixture(scope="session")
def browser() -> Iterator["playwright.Browser"]:
    assert EXECUTABLE, "REQUIRE_BROWSER is set and there is no Chromium"
    with playwright.sync_playwright() as driver:
        # Tabs of one context share a process, and with it the compiled scripts: see the context below.
        chrome = driver.chromium.launch(executable_path=EXECUTABLE, args=[*CHROMIUM_FLAGS, "--process-per-site"])
        yield chrome
        chrome.close()


@pytest.fixture(scope="session")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The app, served for all browser tests of a worker, with a label database of its own."""
    database = tmp_path_factory.mktemp("served") / "labels.sqlite3"
    with serve(ROOT / "app.py", ASD_DATABASE_URL=f"sqlite:///{database}") as found:
        yield found


@pytest.fixture(scope="session")
def context(browser: "playwright.Browser", address: str) -> Iterator["playwright.BrowserContext"]:
    """One for all pages of a worker. A tab that stays open keeps their process: what that holds of Streamlit's files, read and
    compiled, is nearly half the work of opening a page."""
    shared = new_context(browser)
    shared.new_page().goto(f"{address}/_stcore/health")
    yield shared
    shared.close()


@pytest.fixture
def page(context: "playwright.BrowserContext") -> Iterator["playwright.Page"]:
    """A new tab of a browser that remembers nobody; it may reach this machine only: a request to anywhere else fails the test."""
    tab = context.new_page()
    remember_nobody(tab)
    outside: list[str] = []

    def check(request: "playwright.Request") -> None:
        if not request.url.startswith(("http://127.0.0.1", "ws://127.0.0.1", "data:", "blob:")):
            outside.append(request.url)

    tab.on("request", check)
    yield tab
    for opened in context.pages[1:]:  # the first one keeps the process
        opened.close()
    assert outside == []


@pytest.fixture(scope="module")
def label_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("labels") / "labels.sqlite3"


@pytest.fixture(scope="module")
def label_server(label_database: Path) -> Iterator[str]:
    """The app with a label database of this file's own."""
    with forked(ROOT / "app.py", ASD_DATABASE_URL=f"sqlite:///{label_database}") as found:
        yield found


@pytest.fixture
def downloads(tmp_path: Path) -> Path:
    return tmp_path
