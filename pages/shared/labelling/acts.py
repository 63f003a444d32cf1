"""What a press of a button writes: one event, durable before the page goes on."""

import time
from dataclasses import dataclass
from typing import Any

import streamlit as st

from asd_core.errors import AsdError
from asd_core.labels import Kind, new_uid
from pages.shared.labelling import work
from pages.shared.player import Region

DOUBLE_CLICK = 0.3  # s
PROBLEM = "label_problem"  # in the session: the sentence on what could not be written


@dataclass(frozen=True)
class Heard:
    """The clip that is labelled, as it was drawn: a late second press means this clip and no other."""

    dataset: str
    annotator: str
    sha256: str
    clip_id: str
    machine_id: str
    blind: bool
    at: int  # its place in the queue
    uid: str  # of the one event that leaves it: pressed twice, it is written once
    since: float  # when it came, on the server's monotonic clock

    def too_soon(self) -> bool:
        """Whether nobody can have heard anything of it: the second half of a double click on the clip before."""
        return time.monotonic() - self.since < DOUBLE_CLICK


def _write(heard: Heard, kind: Kind, uid: str, **more: Any) -> bool:
    try:
        work.store().add(
            kind=kind,
            annotator=heard.annotator,
            dataset=heard.dataset,
            uid=uid,
            clip_sha256=heard.sha256,
            clip_id=heard.clip_id,
            machine_id=heard.machine_id,
            blind=heard.blind,
            **more,
        )
    except AsdError as error:
        st.session_state[PROBLEM] = f"Not saved. {error}"
        return False
    return True


def label(heard: Heard, label: str, note_key: str) -> None:
    """Write a label, with the note in the box, and go on to the next clip."""
    if heard.too_soon():
        return
    note = str(st.session_state.get(note_key) or "").strip()
    if _write(heard, "label", heard.uid, label=label, note=note):
        work.go(heard.at + 1)


def skip(heard: Heard) -> None:
    """Pass a clip over."""
    if not heard.too_soon() and _write(heard, "skip", heard.uid):
        work.go(heard.at + 1)


def mark(heard: Heard, region: Region, region_class: str, highest: float) -> None:
    """Write a region; one over all frequencies carries none.

    Args:
        highest: frequency in Hz that the picture ends at.
    """
    every = region.f0 <= 0 and region.f1 >= highest
    _write(
        heard,
        "region",
        new_uid(),
        t0=region.t0,
        t1=region.t1,
        f0=None if every else region.f0,
        f1=None if every else region.f1,
        region_class=region_class,
    )


def unmark(heard: Heard, uid: str) -> None:
    """Take a region away."""
    _write(heard, "remove_region", new_uid(), target=uid)


def undo(dataset: str, annotator: str, queue: work.Queue) -> None:
    """Take back the last act, and go back to its clip."""
    try:
        undone = work.store().undo(annotator, dataset, uid=new_uid())
    except AsdError as error:
        st.session_state[PROBLEM] = f"Not undone. {error}"
        return
    if undone is None:
        st.toast("There is nothing left to undo.")
        return
    at = work.find(queue, undone.clip_sha256, undone.clip_id)
    what = undone.label or undone.region_class or undone.kind.replace("_", " ")
    if at is None:
        st.toast(f"Undone: {what} on {undone.clip_id.rsplit('/', 1)[-1]}, which is not in this queue.")
    else:
        work.go(at)
        st.toast(f"Undone: {what}.")
