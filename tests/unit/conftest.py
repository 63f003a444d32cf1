"""What unit tests of folders and commands share."""

from collections.abc import Callable
from pathlib import Path

import pytest

from asd_core.settings import get_settings

Cli = Callable[..., tuple[int, str, str]]


@pytest.fixture
def data_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of the user's data, of the test itself; that of the detectors is ``models`` beside it."""
    monkeypatch.setenv("ASD_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("ASD_MODELS_DIR", str(tmp_path / "models"))
    monkeypatch.delenv("ASD_DATABASE_URL", raising=False)  # it is in that folder
    get_settings.cache_clear()
    return tmp_path / "data"


@pytest.fixture
def cli(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Cli:
    """Runs a command: its exit code, and what it printed on both streams."""
    from asd_core.cli.app import main

    def run(*arguments: object) -> tuple[int, str, str]:
        monkeypatch.setattr("sys.argv", ["asd_core", *map(str, arguments)])
        code = main()
        shown = capsys.readouterr()
        return code, shown.out, shown.err

    return run
