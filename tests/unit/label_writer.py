"""A process that labels clips one by one and says after each that the store has it."""

from multiprocessing.connection import Connection

from asd_core.labels import LabelStore
from tests.unit.label_helpers import label, region


def work(url: str, annotator: str, count: int, pipe: Connection) -> None:
    """Open the store, wait for a word, label ``count`` clips and name each stored event when ``add`` has returned."""
    store = LabelStore.open(url)
    pipe.send("ready")
    pipe.recv()
    for number in range(count):
        event = label(store, number, ("normal", "anomaly")[number % 2], annotator, uid=f"{annotator} {number}")
        pipe.send(event.uid)
        if number % 20 == 19:
            pipe.send(region(store, number, annotator, uid=f"{annotator} box {number}").uid)
    pipe.close()
