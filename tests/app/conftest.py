"""Settings that a test of the pages may change."""

from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from streamlit.components.v2 import manifest_scanner

from asd_core.settings import get_settings


@pytest.fixture(scope="session", autouse=True)
def _packages_are_looked_through_once() -> Iterator[None]:
    """For components: a server does so when it starts, an AppTest at every run, which is half of its time."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(manifest_scanner, "scan_component_manifests", cache(manifest_scanner.scan_component_manifests))
        yield


@pytest.fixture
def settings(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """The environment: what a test sets is read by the app, and forgotten after the test."""
    get_settings.cache_clear()
    return monkeypatch


@pytest.fixture
def folders(settings: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Folders of the test itself for models (empty: ``models``), data and labels."""
    settings.setenv("ASD_MODELS_DIR", str(tmp_path / "models"))
    settings.setenv("ASD_DATA_DIR", str(tmp_path / "data"))
    settings.setenv("ASD_DATABASE_URL", f"sqlite:///{tmp_path / 'labels.sqlite3'}")
    return tmp_path
