"""A public set on the Data page: chosen, downloaded beside the page by a job, stopped and gone on with."""

import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from asd_core import jobs
from asd_core.datasets import datasets_folder, open_dataset
from asd_core.datasets.stored_datasets import user_datasets
from tests.app.helpers import opened, press, text
from tests.public_server import PublicServer, dev_archive, serve_public

pytestmark = pytest.mark.slow
NAME, START = "download-tiny-fan", "Accept the licence and download"


@pytest.fixture
def server(folders: Path, settings: pytest.MonkeyPatch) -> Iterator[PublicServer]:
    with serve_public() as running:
        archive = dev_archive()
        running.files["/1/dev_fan.zip"] = archive
        settings.setenv("ASD_PUBLIC_SETS", str(running.registry(folders / "sets.toml", dev=archive)))
        yield running


def until(*states: str, seconds: float = 60.0) -> jobs.Job:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        job = jobs.find(NAME)
        assert job
        if job.state in states:
            return job
        time.sleep(0.05)
    pytest.fail(f"{job} is not {states}")


def page() -> AppTest:
    return opened("data", data_from="A public set")


def test_a_set_is_downloaded_and_is_a_dataset(server: PublicServer) -> None:
    app = page()
    assert "Licence: **CC BY 4.0**. Size: **" in text(app)
    assert f"[{server.address}/1]({server.address}/1)" in text(app)
    assert app.dataframe[-1].value[["Machine type", "Checksum"]].to_numpy().tolist() == [["fan", "known"]]
    assert server.asked == []  # nothing goes to the network before the button
    press(app, START)
    assert until("finished", "failed").state == "finished"
    app = page()
    assert "Tiny, fan is there already: choose it above." in text(app)
    assert START not in [button.label for button in app.button]
    app = opened("data", data="Tiny, fan")
    assert "What was understood" in [header.value for header in app.subheader]
    assert len(open_dataset(user_datasets()[0]).catalogue) == 4


def test_a_download_that_was_stopped_goes_on(server: PublicServer) -> None:
    server.breaks_after, server.hangs = 1_200_000, True
    app = page()
    press(app, START)
    part = datasets_folder() / ".downloads" / "tiny-fan.zips" / "dev_fan.zip.part"
    end = time.monotonic() + 60
    while not (part.is_file() and part.stat().st_size > 500_000) and time.monotonic() < end:
        time.sleep(0.05)
    app = page()
    press(app, "Stop")
    assert until("stopped", "finished", "failed").state == "stopped"
    assert user_datasets() == []
    kept = part.stat().st_size
    app = page()
    assert "was stopped. What was finished is kept; start it to go on." in text(app)
    assert f"{kept / 1e6:,.1f} MB of Tiny, fan have arrived; the download is not complete." in text(app)
    server.closed.set()
    press(app, START)
    assert until("finished", "failed").state == "finished"
    assert server.asked == [("/1/dev_fan.zip", None), ("/1/dev_fan.zip", f"bytes={kept}-")]
    assert len(open_dataset(user_datasets()[0]).catalogue) == 4


def test_what_a_download_left_is_deleted(server: PublicServer) -> None:
    server.breaks_after = 1_200_000
    app = page()
    press(app, START)
    assert until("finished", "failed").state == "failed"
    app = page()
    press(app, "Delete what has arrived")
    assert "have arrived" not in text(app)
    assert list(datasets_folder().rglob("*.part")) == []
    assert START in [button.label for button in app.button]


def test_a_set_without_a_checksum_is_agreed_to_first(
    server: PublicServer, folders: Path, settings: pytest.MonkeyPatch
) -> None:
    settings.setenv("ASD_PUBLIC_SETS", str(server.registry(folders / "none.toml", dev=None)))
    app = page()
    assert START not in [button.label for button in app.button]
    next(box for box in app.checkbox if box.label.startswith("No checksum")).check().run()
    press(app, START)
    assert until("finished", "failed").state == "finished"
    started = json.loads((folders / "data" / "user" / "jobs" / NAME / "job.json").read_text())
    assert started["arguments"] == ["download", "tiny-fan", "--yes", "--part", "dev", "--unverified"]


@pytest.fixture
def askable(server: PublicServer, folders: Path, settings: pytest.MonkeyPatch) -> PublicServer:
    """The set has no known checksum, and a record to ask."""
    server.has_api = True
    settings.setenv("ASD_PUBLIC_SETS", str(server.registry(folders / "api.toml", dev=None)))
    return server


def test_the_record_is_asked_when_the_download_starts(askable: PublicServer) -> None:
    app = page()
    assert app.dataframe[-1].value["Checksum"].tolist() == ["asked of the record"]
    assert "the record is asked for the checksum" in text(app)
    assert askable.asked == []
    press(app, START)
    assert until("finished", "failed").state == "failed"
    app = page()
    assert f"dev_fan.zip ({askable.address}/api/1 cannot be had: the server says 404), so nothing" in text(app)
    askable.publish(1, {"dev_fan.zip": dev_archive()})
    press(app, START)
    assert until("finished", "failed").state == "finished"
    assert [path for path, _ in askable.asked] == ["/api/1", "/api/1", "/1/dev_fan.zip"]


@pytest.mark.usefixtures("askable")
def test_where_the_record_names_no_checksum_the_box_is_ticked() -> None:
    app = page()
    next(box for box in app.checkbox if "names no checksum" in box.label).check().run()
    press(app, START)
    assert until("finished", "failed").state == "finished"
    assert "md5 not known" in (user_datasets()[0].parent / "origin.md").read_text()


def test_a_failure_is_a_sentence_on_the_page(server: PublicServer) -> None:
    server.files.clear()
    app = page()
    press(app, START)
    assert until("finished", "failed").state == "failed"
    app = page()
    assert "cannot be had (the server says 404)" in text(app)
    assert START in [button.label for button in app.button]
