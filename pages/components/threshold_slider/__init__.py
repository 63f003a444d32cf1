"""A slider that is the handle of a line in the figure above it: its ends are those of the figure's axis.

Streamlit's own slider reports when it is let go; this one reports while it is held, so that what a threshold does is
seen as it moves. Dragging a line in a figure is not reported to Streamlit.
"""

import math
from pathlib import Path
from typing import Any

import streamlit as st

from pages.components.common import component

STEPS = 400  # from one end to the other

_COMPONENT = component("asd_threshold_slider", Path(__file__).with_name("threshold_slider.js"))


def moved_to(moved: Any, of: str, low: float, high: float, start: float) -> float:
    """Where a slider was moved to, as the browser reports; ``start`` where it was not moved, or another slider was."""
    value = moved.get("value") if isinstance(moved, dict) and moved.get("of") == of else None
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return start
    return min(high, max(low, float(value)))


def threshold_slider(low: float, high: float, start: float, *, of: str, key: str, sides: tuple[int, int]) -> float:
    """Draw the slider.

    Args:
        low, high: the ends of the axis.
        start: where it is until somebody moves it, within them.
        of: what it is the threshold of: another one starts anew.
        key: of the component's state.
        sides: pixels left and right of the figure's axis.

    Returns:
        Where it is now.
    """
    value = moved_to(st.session_state.get(key, {}).get("moved"), of, low, high, start)
    data = {"of": of, "low": low, "high": high, "steps": STEPS, "value": value, "sides": sides}
    _COMPONENT(key=key, data=data, default={"moved": None}, on_moved_change=lambda: None)
    return value
