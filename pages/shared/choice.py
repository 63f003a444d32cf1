"""What is chosen in the sidebar, and how it is written on screen."""

from collections.abc import Sequence
from dataclasses import dataclass

import streamlit as st

from asd_core.counting import percent
from asd_core.detectors import detector_class, detector_keys
from asd_core.evaluation import held_out_needed
from pages.shared.sources import Source

_CHOICE = "choice"  # in the session


@dataclass(frozen=True)
class Choice:
    """What the sidebar says. The detector in use, where it is among the detectors, is the first of them."""

    source: Source
    machine_id: str
    detectors: list[str]
    rate: float
    in_use: str = ""  # the detector that a person has pinned for the source; empty for none


def choice() -> Choice:
    """The sidebar's choice in this run."""
    chosen: Choice = st.session_state[_CHOICE]
    return chosen


def set_choice(chosen: Choice) -> None:
    """Keep the sidebar's choice for the page."""
    st.session_state[_CHOICE] = chosen


def title(key: str) -> str:
    """A detector's name on screen; its key where nobody knows it (any longer)."""
    return detector_class(key).info.title if key in detector_keys(optional=True) else key


def does(key: str) -> str:
    """How a detector decides and what it catches, two plain sentences; nothing where nobody knows it (any longer)."""
    if key not in detector_keys(optional=True):
        return ""
    info = detector_class(key).info
    return f"{info.decides}\n{info.catches}"


def marked(key: str, selected: Choice) -> str:
    """A detector's name on screen, with a mark where a person has put it in use."""
    return f"{title(key)} (in use)" if key == selected.in_use else title(key)


def led_by(in_use: str, keys: Sequence[str]) -> list[str]:
    """Detectors in their order, the one in use first."""
    return sorted(keys, key=lambda key: key != in_use)


def too_few_normals(rate: float) -> str:
    """That no decision can be made at a false-alarm rate, and what it would take; a clause to go on from."""
    return f"Too few normal clips to decide: {held_out_needed(rate)} are needed for {percent(rate)}"
