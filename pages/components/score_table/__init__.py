"""Every detector's score and decision on one clip, as recorded and denoised, in one table that follows the player's strength.

The player notifies the table in the browser when its strength changes; the table asks Python for the scores and takes them
in. So nothing but the scores crosses the wire, also while the slider is held.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import streamlit as st

from asd_core.scoring import DetectorScore
from asd_core.sound import Signal, strength_within
from pages.components.common import component
from pages.components.player import PlayerState
from pages.components.player.state import turn_of
from pages.shared.choice import title

NAMED = 2  # detectors that a sentence names before it becomes a list

_COMPONENT = component("asd_scores", Path(__file__).with_name("score_table.js"))


def score_table(
    raw: Sequence[DetectorScore], denoised: Sequence[DetectorScore] | None, signal: Signal, *, key: str, player: str
) -> None:
    """Percentiles as bars, decisions, and the raw figures behind them.

    Args:
        denoised: ``None`` while there is no denoised clip yet.
        signal: the clip, at the strength that was scored.
        key: of the table's state.
        player: key of the player that it follows.
    """
    after: Sequence[DetectorScore | None] = denoised or [None for _ in raw]
    rows = [
        {"detector": title(a.detector), "threshold": a.threshold, "recorded": _row(a), "denoised": b and _row(b)}
        for a, b in zip(raw, after, strict=True)
    ]
    data = {
        "player": player,
        "clip": signal.clip.sha256,
        "strength": signal.strength if denoised else None,
        "minority": _minority(raw),
        "rows": rows,
    }
    _COMPONENT(key=key, data=data, default={"asked": None}, on_asked_change=lambda: None)


def requested_signal(key: str, state: PlayerState) -> Signal:
    """The signal to score: at the strength that the table asked for last, where that is later than the player's own state."""
    requested, signal = st.session_state.get(key, {}).get("asked"), state.signal
    if (
        not isinstance(requested, dict)
        or requested.get("clip") != signal.clip.sha256
        or turn_of(requested) < state.turn
    ):
        return signal
    return signal.at(strength_within(requested.get("strength"), signal.strength))


def _row(score: DetectorScore) -> dict[str, Any]:
    return {"percentile": score.calibrated, "anomaly": score.decision == "anomaly", "raw": score.raw}


def _minority(scores: Sequence[DetectorScore]) -> bool | None:
    """Which decision (anomaly: true) is that of fewer detectors; ``None`` when all agree."""
    anomalies = sum(s.decision == "anomaly" for s in scores)
    return anomalies <= len(scores) - anomalies if 0 < anomalies < len(scores) else None


def disagreement(scores: Sequence[DetectorScore]) -> str:
    """A sentence on how many detectors decide what: a small minority is named."""
    yes = [title(s.detector) for s in scores if s.decision == "anomaly"]
    no = [title(s.detector) for s in scores if s.decision == "normal"]
    if not yes or not no:
        decision = "an anomaly" if yes else "normal"
        return f"All {len(scores)} detectors call it {decision}."
    few, decision = (yes, "an anomaly") if len(yes) <= len(no) else (no, "normal")
    counts = f"{len(yes)} of {len(scores)} detectors call it an anomaly."
    if len(few) > NAMED:
        return f"{counts} Those in the minority are shaded."
    return f"{counts} Only {' and '.join(few)} {'calls' if len(few) == 1 else 'call'} it {decision}."
