"""Settings that a test of the pages may change."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from asd_core.settings import get_settings


@pytest.fixture
def settings(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    """The environment: what a test sets is read by the app, and forgotten after the test."""
    get_settings.cache_clear()
    yield monkeypatch
    get_settings.cache_clear()


@pytest.fixture
def folders(settings: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Folders of the test itself for models (empty: ``models``), data and labels."""
    settings.setenv("ASD_MODELS_DIR", str(tmp_path / "models"))
    settings.setenv("ASD_DATA_DIR", str(tmp_path / "data"))
    settings.setenv("ASD_DATABASE_URL", f"sqlite:///{tmp_path / 'labels.sqlite3'}")
    return tmp_path
