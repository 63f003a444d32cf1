"""The panel beside the player: the place in the queue, what is known of the clip, and all keys of labelling.

It is one component: a page is drawn the faster the fewer parts it has, and the next clip waits for it. A press says which
clip the browser showed (its uid) and carries the note as typed.
"""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import streamlit as st

from pages.shared.component import component

KEY = "label_panel"
LONGEST_NOTE = 500  # characters, as in panel.html
TURN = "label_turn"  # in the session: the last act that was dealt with

_HERE = Path(__file__).parent
_COMPONENT = component("asd_label", _HERE, "panel", [_HERE / "panel.js"])


@dataclass(frozen=True)
class OfClip:
    """What the panel shows of a clip."""

    uid: str  # of the act that leaves it
    name: str
    about: str
    own: str  # what the annotator said of it; "": nothing
    note: str
    labels: list[tuple[str, str]]  # each with its key
    classes: list[dict[str, Any]] | None  # name, and whether the region carries it (marked); None: no region is dragged


@dataclass(frozen=True)
class Act:
    """What was pressed."""

    kind: str
    value: str  # the label or the class
    uid: str  # of the clip that the browser showed
    note: str


def panel(queue: str, at: int, of: int, clip: OfClip | None, on_act: Callable[[Act], None]) -> None:
    """Draw the panel.

    Args:
        queue: another text for every queue that is made.
        at: place in the queue, from 0 to its length.
        of: length of the queue.
        clip: ``None`` when there is none to label: only going back and undoing are offered.
        on_act: called once for every press, before the page is drawn again.
    """
    data = {
        "turn": st.session_state.get(TURN, 0),
        "queue": queue,
        "place": f"Clip {min(at + 1, of):,} of {of:,}" if of else "No clip in this queue",
        "share": at / of if of else 0.0,
        "steps": ["back"] * (at > 0) + ["on"] * (at < of),
        **(asdict(clip) if clip else {"uid": "", "note": ""}),
    }
    _COMPONENT(key=KEY, data=data, on_act_change=lambda: _hear(on_act))


def _hear(on_act: Callable[[Act], None]) -> None:
    said = st.session_state.get(KEY, {}).get("act")
    if not isinstance(said, dict) or type(said.get("turn")) is not int:
        return
    st.session_state[TURN] = said["turn"]
    kind, value, uid, note = (str(said.get(name) or "") for name in ("kind", "value", "uid", "note"))
    on_act(Act(kind, value, uid, note.strip()[:LONGEST_NOTE]))
