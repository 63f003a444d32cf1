"""What unit tests of folders and commands share."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from asd_core.settings import get_settings
from tests.public_server import PublicServer, additional_archive, dev_archive, serve_public
from tests.unit.download_sets import use

if TYPE_CHECKING:
    from asd_core.labels import LabelStore

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


@pytest.fixture
def full(labels: "LabelStore") -> "LabelStore":
    """One of everything."""
    from tests.unit.label_files import NOTE
    from tests.unit.label_helpers import act, label, region

    region(labels, 1, t0=0.1, t1=1 / 3, f0=123.456789, f1=1e-7 + 2000, note=NOTE)
    region(labels, 1, f0=None, f1=None, region_class="other")
    region(labels, 5, t0=2.0, t1=2.0, f0=0.0, f1=8000.0, annotator="Björn O'Neil")
    label(labels, 0, "normal", blind=True, queue="most anomalous")
    label(labels, 1, "anomaly", note=NOTE, blind=False)
    label(labels, 1, "unsure", "Björn O'Neil")
    act(labels, 2, "skip")
    act(labels, 3, "note", note="come back")
    act(labels, 4, "skip", note="noisy")
    act(labels, 1, "adjudicate", "Cyd", label="anomaly", note="heard it too")
    return labels
