"""What a press writes: one event, durable before the page goes on."""

from dataclasses import dataclass
from typing import Any

import streamlit as st

from asd_core.errors import AsdError
from asd_core.labels import LABELS, Draft, EventKind, new_uid, opaque_name
from asd_core.roles import Role
from pages.components.label_panel import Act
from pages.components.player import Region
from pages.label_page.queue import Queue, find, go
from pages.label_page.queue_settings import QueueSettings
from pages.shared.label_store import label_store
from pages.shared.permissions import need
from pages.shared.recordings import clip_titles

SHOWING = "label_showing"  # in the session: the open clip, and its name
PROBLEM = "label_problem"  # in the session: the sentence on what could not be written


@dataclass(frozen=True)
class DrawnClip:
    """The clip that is labelled, as it was drawn."""

    dataset: str
    annotator: str
    sha256: str
    clip_id: str
    name: str  # the clip's
    machine_id: str
    blind: bool
    queue: str  # where the clip came from, see Draft
    showing: str  # see showing
    region: Region | None  # that is dragged
    highest: float  # frequency in Hz that the picture ends at

    @property
    def title(self) -> str:
        """Its name on screen: while blind, one that says nothing."""
        return clip_title(self.dataset, self.sha256, self.name, blind=self.blind)


def clip_title(dataset: str, sha256: str, name: str, *, blind: bool) -> str:
    """A clip's name on screen: its own, or while blind six hex digits."""
    return opaque_name(dataset, sha256)[:6] if blind else name


def do(act: Act, settings: QueueSettings, queue: Queue, at: int, drawn: DrawnClip | None) -> None:
    """Do what was pressed; the event has the act's id, so that an act that comes again changes nothing.

    A press on a clip that has been left meanwhile is none on the one that came after it.
    """
    if act.kind == "undo":
        _undo(act, settings, queue)
    elif act.kind in ("back", "on"):
        go(min(at + (1 if act.kind == "on" else -1), len(queue)))
    elif drawn and act.showing == drawn.showing:
        if act.kind == "mark":
            _mark(drawn, act)
        elif _leave(act, drawn):
            go(at + 1)
    elif act.kind in ("label", "skip") and not label_store().stored([act.id]):
        st.session_state[PROBLEM] = "Not counted: another clip was already open when the key was pressed."


def showing(queue: Queue, sha256: str, at: int) -> str:
    """A name for the clip at its place, the same however often it is drawn while it stays."""
    place = (queue.uid, sha256, at)
    before = st.session_state.get(SHOWING)
    if not before or before[0] != place:
        before = st.session_state[SHOWING] = (place, new_uid())
    return str(before[1])


def _leave(act: Act, drawn: DrawnClip) -> bool:
    """Write a label with its note, or that the clip is passed over."""
    if act.kind == "skip":
        return _write(drawn, "skip", act.id)
    if act.kind != "label" or act.value not in LABELS:
        return False
    return _write(drawn, "label", act.id, label=act.value, note=act.note)


def _write(drawn: DrawnClip, kind: EventKind, uid: str, **more: Any) -> bool:
    try:
        need(Role.LABEL)
        label_store().add(
            Draft(
                kind=kind,
                annotator=drawn.annotator,
                dataset=drawn.dataset,
                uid=uid,
                clip_sha256=drawn.sha256,
                clip_id=drawn.clip_id,
                machine_id=drawn.machine_id,
                blind=drawn.blind,
                queue=drawn.queue,
                **more,
            )
        )
    except AsdError as error:
        reason = str(error).replace(drawn.clip_id, "This clip") if drawn.blind else str(error)
        st.session_state[PROBLEM] = f"Not saved. {reason}"
        return False
    return True


def _mark(drawn: DrawnClip, act: Act) -> None:
    """Write the region, if it is the one that was shown; one over all frequencies carries none."""
    region = drawn.region
    if region is None or act.region != region.as_dict():
        return
    every = region.f0 <= 0 and region.f1 >= drawn.highest
    _write(
        drawn,
        "region",
        act.id,
        t0=region.t0,
        t1=region.t1,
        f0=None if every else region.f0,
        f1=None if every else region.f1,
        region_class=act.value,
    )


def unmark(drawn: DrawnClip, uid: str) -> None:
    """Take a region away."""
    _write(drawn, "remove_region", new_uid(), target=uid)


def _undo(act: Act, settings: QueueSettings, queue: Queue) -> None:
    """Take back the last act, and go back to its clip."""
    dataset = settings.selected.source.name
    try:
        need(Role.LABEL)
        undone = label_store().undo(settings.annotator, dataset, uid=act.id)
    except AsdError as error:
        st.session_state[PROBLEM] = f"Not undone. {error}"
        return
    if undone is None:
        st.toast("There is nothing left to undo.")
        return
    at = find(queue, undone.clip_sha256, undone.clip_id)
    what = undone.label or undone.region_class or undone.kind.replace("_", " ")
    if at is None:
        name = clip_titles(settings.selected.source, [undone.clip_id])[0]
        clip = clip_title(dataset, undone.clip_sha256, name, blind=settings.blind)
        st.toast(f"Undone: {what} on {clip}, which is not in this queue.")
    else:
        go(at)
        st.toast(f"Undone: {what}.")
