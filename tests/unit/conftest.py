"""What unit tests of folders and commands share."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from asd_core.settings import get_settings
from tests.public_server import PublicServer, additional_archive, dev_archive, serve_public
from tests.unit.download_sets import use

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


@pytest.fixture
def server() -> Iterator[PublicServer]:
    with serve_public() as running:
        yield running


@pytest.fixture
def tiny(server: PublicServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> PublicServer:
    """A server with both parts of ``tiny-fan``."""
    dev, additional = dev_archive(), additional_archive()
    server.files = {"/1/dev_fan.zip": dev, "/2/additional_fan.zip": additional}
    use(server, tmp_path, monkeypatch, dev=dev, additional=additional)
    return server


@pytest.fixture
def asked(server: PublicServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> PublicServer:
    """A server with ``tiny-fan``: the registry knows nothing of ``dev``, its record does."""
    dev, additional = dev_archive(), additional_archive()
    server.files = {"/1/dev_fan.zip": dev, "/2/additional_fan.zip": additional}
    server.has_api = True
    server.publish(1, {"readme.md": b"#", "dev_fan.zip": dev})
    use(server, tmp_path, monkeypatch, dev=None, additional=additional)
    return server
