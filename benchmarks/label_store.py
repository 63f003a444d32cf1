"""Speeds of labelling with 100,000 labels on 100,000 clips: opening what a page needs, and from a label to the next clip."""

import hashlib
import tempfile
import time
from pathlib import Path

import numpy as np

from asd_core.labels import LabelStore, label_queue, new_uid
from asd_core.lazy import pd
from benchmarks.browser import Figure, figure
from benchmarks.synthetic import write_labels

CLIPS = 100_000
DATASET, ANNOTATORS = "many", ("Ada", "Bob")  # half of the labels each, so that each has clips left
SKETCH = ("clip_sha256", "annotator", "label", "skipped")  # what a queue needs to know


def labelling_speed(clips: int = CLIPS, opens: int = 5, labels: int = 50) -> dict[str, Figure]:
    """Seconds to open a store and read what a page needs (progress, annotators, classes, one's own labels, and the queue of
    unlabelled clips, most anomalous first), and from a label to knowing the next clip, the label being safe on the disk."""
    catalogue = _catalogue(clips)
    rng = np.random.default_rng(0)
    scores = catalogue.assign(detector="one", margin=rng.normal(size=clips))
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{Path(folder) / 'labels.sqlite3'}"
        store = LabelStore.open(url)
        write_labels(store, catalogue, DATASET, ANNOTATORS)
        store.close()
        opened: list[float] = []
        for _ in range(opens):
            began = time.perf_counter()
            store = LabelStore.open(url)
            store.progress(DATASET, ANNOTATORS[0])
            store.annotators(DATASET)
            store.classes()
            current = store.current(DATASET, annotator=ANNOTATORS[0], columns=SKETCH)
            order = label_queue(
                "most anomalous", catalogue, scores, current, ANNOTATORS[0], detector="one", unlabelled_only=True
            )
            opened.append(time.perf_counter() - began)
            assert len(order) == clips // 2
            if len(opened) < opens:
                store.close()
        took = [_label(store, catalogue, int(position), new_uid()) for position in order[:labels]]
        store.close()
    return {
        "labels_open_100k_s": figure(opened, "s"),
        "labels_next_clip_100k_s": figure(took, "s"),
    }


def _label(store: "LabelStore", catalogue: "pd.DataFrame", position: int, uid: str) -> float:
    """Seconds to store one label and to read again what it changed."""
    from asd_core.labels import Draft

    began = time.perf_counter()
    clip = catalogue.iloc[position]
    event = store.add(
        Draft(
            kind="label",
            annotator=ANNOTATORS[0],
            dataset=DATASET,
            uid=uid,
            clip_sha256=clip["sha256"],
            clip_id=clip["clip_id"],
            label="normal",
        )
    )
    changed = store.current(DATASET, since=event.id - 1)
    store.progress(DATASET, ANNOTATORS[0])
    assert changed["clip_sha256"].tolist() == [clip["sha256"]]
    return time.perf_counter() - began


def _catalogue(clips: int) -> "pd.DataFrame":
    names = [f"test/normal_id_00_{index:08d}.wav" for index in range(clips)]
    hashes = [hashlib.sha256(name.encode()).hexdigest() for name in names]
    return pd.DataFrame({"clip_id": names, "sha256": hashes, "machine_id": "00"})
