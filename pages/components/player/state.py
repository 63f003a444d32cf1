"""What a browser says is chosen: checked, since anything can come over the wire."""

import math
from typing import Any, TypeGuard

import streamlit as st

from asd_core.sound import Clip
from pages.components.player.parts import Heard, Region

VERSIONS = ("recorded", "denoised")


def heard(key: str, clip: Clip, *, strength: float = 0.6, overlay: str | None = None) -> Heard:
    """What is chosen in a player, also before it is drawn: so that only what is asked for is computed.

    Args:
        strength, overlay: for a player that was not touched yet; as given to :func:`pages.components.player.player`.
    """
    state = state_of(key, clip, initial(clip, strength, overlay))
    region = state["region"]
    return Heard(
        state["strength"], state["version"], Region(**region) if region else None, state["overlay"], state["turn"]
    )


def initial(clip: Clip, strength: float, overlay: str | None) -> dict[str, Any]:
    """The state of a player that nobody touched."""
    return {
        "clip": clip.sha256,
        "strength": min(1.0, max(0.0, strength)),
        "version": VERSIONS[0],
        "region": None,
        "overlay": overlay,
        "turn": 0,
    }


def ask_for_map(key: str, overlay: str | None) -> None:
    """Have a player show a detector's map, or none, until its listener chooses another. For callbacks."""
    said = st.session_state.get(key, {}).get("heard")
    st.session_state[f"{key}_asked"] = (turn_of(said), overlay)


def turn_of(said: Any) -> int:
    """How often the browser has spoken."""
    turn = said.get("turn") if isinstance(said, dict) else None
    return turn if isinstance(turn, int) and not isinstance(turn, bool) else 0


def state_of(key: str, clip: Clip, start: dict[str, Any]) -> dict[str, Any]:
    """The state as the browser sends it, in the order in which it is sent; wrong values count as never sent."""
    said = st.session_state.get(key, {}).get("heard")
    asked = st.session_state.get(f"{key}_asked", (-1, None))  # the map that a page asked for, and when
    now = asked[0] == turn_of(said)
    if not isinstance(said, dict):
        return {**start, "overlay": asked[1]} if now else start
    strength, version, overlay = said.get("strength"), said.get("version"), said.get("overlay")
    return {
        "clip": clip.sha256,
        "strength": min(1.0, max(0.0, strength)) if is_number(strength) else start["strength"],
        "version": version if version in VERSIONS else start["version"],
        # A region belongs to the clip it was drawn in.
        "region": _region(said.get("region"), clip) if said.get("clip") == clip.sha256 else None,
        "overlay": asked[1] if now else overlay if overlay is None or isinstance(overlay, str) else start["overlay"],
        "turn": turn_of(said),
    }


def _region(said: Any, clip: Clip) -> dict[str, float] | None:
    if not isinstance(said, dict) or not all(is_number(said.get(name)) for name in ("t0", "t1", "f0", "f1")):
        return None
    t0, t1 = (min(clip.duration, max(0.0, said[name])) for name in ("t0", "t1"))
    f0, f1 = (min(clip.sample_rate / 2, max(0.0, said[name])) for name in ("f0", "f1"))
    return {"t0": t0, "t1": t1, "f0": f0, "f1": f1} if t1 > t0 and f1 > f0 else None


def is_number(value: Any) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
