"""The server is killed while somebody labels in a browser: what the page has gone on from is there."""

import random
import time
from threading import Thread
from typing import Any

import pytest

from asd_core.labels import LabelStore
from tests.conftest import ROOT
from tests.e2e.helpers import requests, wait_for_request
from tests.e2e.label_page import NAME, READY, place, wait_for_labelling
from tests.e2e.server import serve

# Servers of each database, and labels before one is killed; test_labels_safety.py kills twenty writers.
KILLS, MOST = 3, 3


def stored(url: str) -> int:
    """Labels in the database, which is sound."""
    store = LabelStore.open(url)
    assert store.check() == []
    found = store.current("demo", annotator="Ada")
    store.close()
    return int(found["label"].notna().sum())


def spare(url: str) -> "tuple[serve, Thread]":
    """A server that starts while another one is in use."""
    server = serve(ROOT / "app.py", ASD_DATABASE_URL=url)
    starting = Thread(target=server.__enter__)
    starting.start()
    return server, starting


def label_some(page: Any, server: serve, count: int, rng: random.Random) -> None:
    """Open the page and label some clips; then press once more and kill the server, which is in the middle of it."""
    page.goto(f"{server.address}/label?autoplay=false")
    page.locator(NAME).fill("Ada")
    page.locator(NAME).press("Enter")
    page.locator(READY).wait_for()
    assert place(page) == 1  # what is labelled has left the queue
    for number in range(count):
        wait_for_labelling(page)
        page.keyboard.press(rng.choice("nau"))
        page.get_by_text(f"Clip {number + 2} of").wait_for()
    wait_for_labelling(page)
    before = requests(page)
    page.keyboard.press("n")
    wait_for_request(page, before)
    time.sleep(rng.uniform(0.0, 0.08))  # no state to wait for: the kill shall hit any part of the write
    server.process.kill()


@pytest.mark.long
def test_a_killed_server_loses_no_label_that_was_shown(page: Any, label_url: str) -> None:
    rng = random.Random(0)
    shown = 0
    server, starting = spare(label_url)
    try:
        for kill in range(KILLS):
            starting.join()
            used = server
            if kill < KILLS - 1:
                server, starting = spare(label_url)
            count = rng.randint(1, MOST)
            label_some(page, used, count, rng)
            used.__exit__()
            kept = stored(label_url)
            assert shown + count <= kept <= shown + count + 1  # the last one may be written and not yet shown
            shown = kept
    finally:
        starting.join()
        server.__exit__()
