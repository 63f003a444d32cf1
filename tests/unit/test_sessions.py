"""The load test: it does what it says with few sessions, and counts what goes wrong on a page."""

import shutil
from pathlib import Path

import pytest

from benchmarks.browser import APP
from benchmarks.sessions import PLAN, measure

pytestmark = pytest.mark.long
CALM = [act for act in PLAN if act[0] in ("Data", "Compare", "Compare: tab")]


def test_three_sessions_of_three_acts() -> None:
    load = measure(sessions=3, acts=3, thinking=0.1, clips=0, plan=CALM)
    assert load.errors == []
    assert sum(map(len, load.seconds.values())) == 9
    assert set(load.seconds) == {"Data", "Compare", "Compare: tab"}
    assert all(0 < took <= load.at(95)[name] for name, took in load.at(50).items())
    assert load.cpu_s > 0
    assert 50 < load.memory_mb < 2000


def test_a_page_that_fails_is_an_error(tmp_path: Path) -> None:
    """In a copy of the app whose Data page raises: everything else is as it is."""
    for part in ("pages", ".streamlit"):
        shutil.copytree(APP.parent / part, tmp_path / part)
    for part in ("asd_core", "trained_models", "data"):
        (tmp_path / part).symlink_to(APP.parent / part)
    shutil.copy(APP, tmp_path)
    page = tmp_path / "pages" / "data.py"
    page.write_text(page.read_text("utf-8") + '\nraise RuntimeError("broken by a test")\n', "utf-8")
    load = measure(
        tmp_path / "app.py", sessions=2, acts=2, thinking=0.1, clips=0, plan=[act for act in PLAN if act[0] == "Data"]
    )
    assert len(load.errors) == 2 * 2 + 1  # and the one of the session that warms the server up
    assert all(error.startswith("/data: ") for error in load.errors)
