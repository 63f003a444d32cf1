"""The open clip and the state of its player in the address: a link reopens them, and Back undoes their last change.

All of it is written at once, since each time that something else is written the browser's history gets an entry.
"""

from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import streamlit as st

from asd_core.explain import with_map
from asd_core.sound import DEFAULT_STRENGTH, KINDS, Clip
from pages.clip_page.open_signal import PLAYER
from pages.components.player import VERSIONS, PlayerState, ask
from pages.shared.open_clip import CLIP
from pages.shared.sources import Source
from pages.shared.trained_models import models_of

NO_MAP = "none"
BETWEEN = "_"  # two numbers
REGION = ("t0", "t1", "f0", "f1")
_LAST = "clip_page_player"  # in the session: the player's state when the page was last drawn


def follow(source: Source, clip: Clip) -> None:
    """Have the player take over what the address says; what it cannot be is left out."""
    given, state = st.query_params, dict[str, Any](clip=clip.sha256)
    state["version"], state["kind"] = given.get("version"), given.get("kind")
    if (strength := _numbers(given.get("strength", ""), 1)) and strength[0] <= 1.0:
        state["strength"] = strength[0]
    overlay = given.get("overlay")
    if overlay == NO_MAP or overlay in with_map(models_of(source)):
        state["overlay"] = None if overlay == NO_MAP else overlay
    state["region"] = dict(zip(REGION, _numbers(given.get("region", ""), len(REGION)), strict=False))
    state["noise"] = _numbers(given.get("noise", ""), 2)
    ask(PLAYER, state)


def restore_player() -> None:
    """Leave the player of a page that is returned to as it was."""
    if PLAYER not in st.session_state and _LAST in st.session_state:
        ask(PLAYER, st.session_state[_LAST])


def put_into_address(clip: str, state: PlayerState, first_map: str | None) -> None:
    """Write the open clip and the state of its player, where they are not as at first.

    Args:
        clip: its id in the catalogue; empty for the one that is open without being named, and for uploads.
        first_map: the map that is on until the listener chooses another.
    """
    signal, region, noise = state.signal, state.region, state.signal.noise
    now = {
        CLIP: clip,
        "version": state.version if state.version != VERSIONS[0] else "",
        "strength": f"{signal.strength:g}" if signal.strength != DEFAULT_STRENGTH else "",
        "overlay": (state.overlay or NO_MAP) if state.overlay != first_map else "",
        "region": _written([getattr(region, name) for name in REGION]) if region else "",
        "kind": signal.kind if signal.kind != KINDS[0] else "",
        "noise": _written(noise) if noise else "",
    }
    st.session_state[_LAST] = {
        "clip": signal.clip.sha256,
        "version": state.version,
        "strength": signal.strength,
        **({"overlay": state.overlay} if now["overlay"] else {}),
        "region": region.as_dict() if region else None,
        "kind": signal.kind,
        "noise": list(noise) if noise else None,
    }
    if any(st.query_params.get(name, "") != value for name, value in now.items()):
        # An empty list takes a parameter away.
        st.query_params.update({name: value or [] for name, value in now.items()})


def _written(numbers: Sequence[float]) -> str:
    return BETWEEN.join(f"{number:.3f}".rstrip("0").rstrip(".") for number in numbers)


def _numbers(text: str, n: int) -> list[float]:
    """As many numbers from 0 on; none if it is anything else."""
    with suppress(ValueError):
        numbers = [float(part) for part in text.split(BETWEEN)]
        if len(numbers) == n and all(number >= 0.0 for number in numbers):
            return numbers
    return []
