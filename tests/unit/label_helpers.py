"""Short ways to say what people did, for the tests of labels."""

import hashlib
from typing import Any

import pandas as pd

from asd_core.labels import Draft, LabelStore, new_uid
from asd_core.labels.events import Event

DATASET = "press"


def sha(number: int) -> str:
    """The hash of a clip that nobody needs to hear."""
    return hashlib.sha256(f"clip {number}".encode()).hexdigest()


def name(number: int) -> str:
    return f"test/normal_id_00_{number:08d}.wav"


def act(store: LabelStore, number: int, kind: str = "label", annotator: str = "Ada", **more: Any) -> Event:
    about = {"dataset": DATASET, "clip_sha256": sha(number), "clip_id": name(number), "machine_id": "00"}
    return store.add(Draft(kind=kind, annotator=annotator, **{**about, "uid": new_uid(), **more}))


def label(store: LabelStore, number: int, label: str, annotator: str = "Ada", **more: Any) -> Event:
    return act(store, number, "label", annotator, label=label, **more)


def region(store: LabelStore, number: int, annotator: str = "Ada", **more: Any) -> Event:
    values = {"t0": 1.25, "t1": 2.5, "f0": 300.0, "f1": 1200.0, "region_class": "loose belt"}
    return act(store, number, "region", annotator, **{**values, **more})


def labels_of(store: LabelStore, annotator: str = "Ada") -> dict[int, str]:
    """What holds: clip number -> label."""
    table = store.current(DATASET, annotator=annotator)
    numbers = {sha(k): k for k in range(300)}
    given = table[table["label"].notna()]
    return {numbers[s]: str(v) for s, v in zip(given["clip_sha256"], given["label"], strict=True)}


def clips(count: int) -> pd.DataFrame:
    """A catalogue that knows its hashes."""
    numbers = range(count)
    rows = {"clip_id": map(name, numbers), "sha256": map(sha, numbers)}
    return pd.DataFrame({**{k: list(v) for k, v in rows.items()}, "machine_id": "00", "label": "normal"})
