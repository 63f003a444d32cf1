"""The state that a browser sends: checked, since anything can come over the wire."""

import math
from typing import Any, TypeGuard

import streamlit as st

from asd_core.sound import KINDS, Clip, Kind, Noise, Signal, strength_within
from pages.components.player.parts import PlayerState, Region

VERSIONS = ("recorded", "denoised")


def player_state(key: str, signal: Signal, overlay: str | None = None) -> PlayerState:
    """What is chosen in a player, also before it is drawn: so that only what is asked for is computed.

    Args:
        signal, overlay: for a player that was not touched yet; as given to :func:`pages.components.player.player`.
    """
    state = state_message(key, signal, initial_message(signal, overlay))
    region = state["region"]
    return PlayerState(
        signal.at(state["strength"]),
        state["version"],
        Region(**region) if region else None,
        state["overlay"],
        state["turn"],
    )


def initial_message(signal: Signal, overlay: str | None) -> dict[str, Any]:
    """The state of a player that nobody touched, as the browser has it."""
    return {
        "clip": signal.clip.sha256,
        "strength": signal.strength,
        "version": VERSIONS[0],
        "region": None,
        "overlay": overlay,
        "kind": signal.kind,
        "noise": None if signal.noise is None else list(signal.noise),
        "turn": 0,
    }


def chosen_noise(key: str, clip: Clip, kind: Kind) -> tuple[Kind, Noise]:
    """What the denoiser takes for noise, as chosen in a player: the kind, and the stretch of the clip in s.

    Args:
        kind: for a player that nobody touched yet.
    """
    now = _now(key)
    kind = now["kind"] if now.get("kind") in KINDS else kind
    stretch = now.get("noise")
    if kind != KINDS[0] or now.get("clip") != clip.sha256 or not isinstance(stretch, list) or len(stretch) != 2:
        return kind, None  # a stretch belongs to the clip it was chosen in
    if not all(_is_number(edge) for edge in stretch):
        return kind, None
    t0, t1 = (min(clip.duration, max(0.0, float(edge))) for edge in stretch)
    return kind, (t0, t1) if t1 > t0 else None


def ask(key: str, state: dict[str, Any]) -> None:
    """Have a player take over a state, until its listener changes it. Before it is drawn, or in callbacks.

    Args:
        state: as :func:`initial_message` has it, of a clip; what is wrong or not in it is as in a player that nobody touched.
    """
    st.session_state[f"{key}_asked"] = (turn_of(_sent(key)), state)


def ask_for_map(key: str, overlay: str | None) -> None:
    """Have a player show a detector's map, or none, until its listener chooses another. For callbacks."""
    ask(key, {**_now(key), "overlay": overlay})


def _sent(key: str) -> Any:
    """What a browser has sent last."""
    return st.session_state.get(key, {}).get("state")


def _now(key: str) -> dict[str, Any]:
    """The last message, of the browser or of :func:`ask`: anything can be in it."""
    sent = _sent(key)
    turn, requested = st.session_state.get(f"{key}_asked", (-1, {}))
    if turn == turn_of(sent):
        return dict(requested)
    return sent if turn_of(sent) else {}  # turn 0 is the starting state, which no listener chose


def turn_of(message: Any) -> int:
    """How often the browser has sent a state."""
    turn = message.get("turn") if isinstance(message, dict) else None
    return turn if isinstance(turn, int) and not isinstance(turn, bool) else 0


def state_message(key: str, signal: Signal, start: dict[str, Any]) -> dict[str, Any]:
    """The state as the browser sends it, in the order in which it is sent; wrong values count as never sent."""
    now = _now(key)
    version, overlay = now.get("version"), now.get("overlay", start["overlay"])
    return {
        "clip": signal.clip.sha256,
        "strength": strength_within(now.get("strength"), start["strength"]),
        "version": version if version in VERSIONS else start["version"],
        # A region belongs to the clip it was drawn in.
        "region": _region(now.get("region"), signal.clip) if now.get("clip") == signal.clip.sha256 else None,
        "overlay": overlay if overlay is None or isinstance(overlay, str) else start["overlay"],
        "kind": start["kind"],  # the signal was made by these already: see :func:`chosen_noise`
        "noise": start["noise"],
        "turn": turn_of(_sent(key)),
    }


def _region(sent: Any, clip: Clip) -> dict[str, float] | None:
    if not isinstance(sent, dict) or not all(_is_number(sent.get(name)) for name in ("t0", "t1", "f0", "f1")):
        return None
    t0, t1 = (min(clip.duration, max(0.0, sent[name])) for name in ("t0", "t1"))
    f0, f1 = (min(clip.sample_rate / 2, max(0.0, sent[name])) for name in ("f0", "f1"))
    return {"t0": t0, "t1": t1, "f0": f0, "f1": f1} if t1 > t0 and f1 > f0 else None


def _is_number(value: Any) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
