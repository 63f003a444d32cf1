"""The panel beside the player: the place in the queue, what is known of the clip, and all keys of labelling.

It is one component: a page is drawn the faster the fewer parts it has, and the next clip waits for it. A press says which
clip the browser showed and carries the note as typed.
"""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import streamlit as st

from pages.components.common import component

KEY = "label_panel"
LONGEST_NOTE = 500  # characters, as in label_panel.html
DONE = "label_done"  # in the session: id of the last act that was dealt with

_COMPONENT = component("asd_label", Path(__file__).with_name("label_panel.js"))


@dataclass(frozen=True)
class OfClip:
    """What the panel shows of a clip."""

    showing: str  # its name while it stays
    name: str
    about: str
    current: str  # the annotator's label of it; "": none
    note: str
    labels: list[tuple[str, str]]  # each with its key
    region: dict[str, float] | None  # that is dragged
    classes: list[dict[str, Any]]  # it can be marked as: name, and whether it is (marked)


@dataclass(frozen=True)
class Act:
    """What was pressed."""

    id: str  # another one for every press
    kind: str
    value: str  # the label or the class
    showing: str  # the clip that the browser showed
    note: str
    region: Any  # that the browser showed


def panel(annotator: str, queue: str, at: int, of: int, clip: OfClip | None, on_act: Callable[[Act], None]) -> None:
    """Draw the panel.

    Args:
        annotator: who labels.
        queue: another text for every queue that is made.
        at: place in the queue, from 0 to its length.
        of: length of the queue.
        clip: ``None`` when there is none to label: only going back and undoing are offered.
        on_act: called for every press before the page is drawn again; once more, if that run was broken off.
    """
    data = {
        "done": st.session_state.get(DONE),
        "annotator": annotator,
        "queue": queue,
        "place": f"Clip {min(at + 1, of):,} of {of:,}" if of else "No clip in this queue",
        "share": at / of if of else 0.0,
        "steps": ["back"] * (at > 0) + ["on"] * (at < of),
        **(asdict(clip) if clip else {"showing": "", "note": ""}),
    }
    _COMPONENT(key=KEY, data=data, on_act_change=lambda: _receive(on_act))


def _receive(on_act: Callable[[Act], None]) -> None:
    """Deal with an act, and only then mark it as done: the browser sends it again until then."""
    message = st.session_state.get(KEY, {}).get("act")
    if not isinstance(message, dict):
        return
    names = ("id", "kind", "value", "showing", "note")
    number, kind, value, showing, note = (str(message.get(name) or "") for name in names)
    if not number or number == st.session_state.get(DONE):
        return
    on_act(Act(number, kind, value, showing, note.strip()[:LONGEST_NOTE], message.get("region")))
    st.session_state[DONE] = number
