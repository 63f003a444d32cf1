"""What the store acknowledged is there: after a kill at any moment, and with several people and tabs writing at once."""

import random
import signal
import sqlite3
import threading
import time
from collections import Counter

import pytest

from asd_core.labels import LabelStore, new_uid
from tests.forked import CONTEXT
from tests.unit.label_helpers import DATASET, act, label, labels_of, sha
from tests.unit.label_writer import work

pytestmark = pytest.mark.slow

LABELS, KILLS, MOST = 100, 20, 20  # of each writer; writers that are killed, and after how many labels at most


class Writer:
    """A process that has the store open and waits to be told to label."""

    def __init__(self, url: str, annotator: str) -> None:
        self.pipe, other = CONTEXT.Pipe()
        self.process = CONTEXT.Process(target=work, args=(url, annotator, LABELS, other), daemon=True)
        self.process.start()
        other.close()
        assert self.pipe.recv() == "ready"

    def start(self) -> None:
        self.pipe.send("go")

    def reported(self) -> list[str]:
        """What it acknowledged until it ended."""
        found = []
        try:
            while True:
                found.append(self.pipe.recv())
        except (EOFError, OSError):  # the end, or the middle of a word: that was not told
            self.process.join()
            return found


@pytest.mark.long
def test_every_acknowledged_label_survives_a_kill(label_url: str) -> None:
    rng = random.Random(0)
    acknowledged: dict[str, list[str]] = {}
    LabelStore.open(label_url).close()
    for round_ in range(KILLS):
        own = Writer(label_url, f"annotator {round_}")
        own.start()
        reported = [own.pipe.recv() for _ in range(rng.randint(1, MOST))]
        time.sleep(rng.uniform(0.0, 0.005))  # a write takes about as long: the kill hits any part of one
        own.process.kill()
        acknowledged[f"annotator {round_}"] = reported + own.reported()
        assert own.process.exitcode in (0, -signal.SIGKILL)

    assert sum(len(own) < LABELS for own in acknowledged.values()) >= KILLS // 2  # killed in the middle of the work
    store = LabelStore.open(label_url)
    reported = [uid for own in acknowledged.values() for uid in own]
    assert set(reported) - store.stored(reported) == set()
    assert store.check() == []
    kept = Counter(store.current(DATASET)["annotator"])
    for annotator, own in acknowledged.items():
        labelled = sum("box" not in uid for uid in own)
        assert labelled <= kept[annotator] <= labelled + 1  # one may have been stored and not yet told
    store.close()
    if label_url.startswith("sqlite"):
        path = label_url.removeprefix("sqlite:///")
        assert sqlite3.connect(path).execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_two_people_at_once_lose_nothing(label_url: str) -> None:
    LabelStore.open(label_url).close()
    both = [Writer(label_url, annotator) for annotator in ("Ada", "Bob")]
    for own in both:
        own.start()
    for own in both:
        assert len(own.reported()) == LABELS + LABELS // 20
        assert own.process.exitcode == 0
    store = LabelStore.open(label_url)
    expected = {number: ("normal", "anomaly")[number % 2] for number in range(LABELS)}
    for annotator in ("Ada", "Bob"):
        assert labels_of(store, annotator) == expected
        assert len(store.regions(DATASET, annotator=annotator)) == LABELS // 20
    ids = store.current(DATASET)["event_id"]
    assert ids.is_unique
    assert store.check() == []
    store.close()


def test_many_first_visitors_create_the_database_once(label_url: str) -> None:
    failures: list[Exception] = []

    def visit(number: int) -> None:
        try:
            store = LabelStore.open(label_url)
            label(store, number, "normal")
            store.close()
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=visit, args=(k,)) for k in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    store = LabelStore.open(label_url)
    assert labels_of(store) == dict.fromkeys(range(8), "normal")
    store.close()


def test_two_tabs_of_one_annotator(label_url: str) -> None:
    """Both write to the same clips at once; the log keeps all, the last label stands, and each retry labels once."""
    tabs = [LabelStore.open(label_url) for _ in range(2)]

    def work(tab: int) -> None:
        for number in range(40):
            for _ in range(2):  # an answer was lost: the page sends it again
                label(tabs[tab], number, ("normal", "anomaly")[tab], uid=f"tab {tab} clip {number}")
            if number % 10 == 0:
                act(tabs[tab], number, "note", note=f"tab {tab}", uid=f"tab {tab} note {number}")

    threads = [threading.Thread(target=work, args=(tab,)) for tab in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    store = tabs[0]
    given = labels_of(store)
    assert sorted(given) == list(range(40))
    for number in range(40):
        history = [e for e in store.history(sha(number)) if e.kind == "label"]
        assert len(history) == 2
        assert given[number] == history[-1].label
    assert store.check() == []
    for tab in tabs:
        tab.close()


def test_two_tabs_undo_different_events(label_url: str) -> None:
    store = LabelStore.open(label_url)
    for number in range(30):
        label(store, number, "normal")
    undone: list[str] = []

    def undo() -> None:
        for _ in range(10):
            event = store.undo("Ada", DATASET, uid=new_uid())
            assert event is not None
            undone.append(event.uid)

    threads = [threading.Thread(target=undo) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(undone)) == len(undone) == 20
    assert labels_of(store) == dict.fromkeys(range(10), "normal")
    assert store.check() == []
    store.close()
