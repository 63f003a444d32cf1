"""Every detector's verdict on one clip, as recorded and denoised, in one table that follows the player's strength.

The player tells the table in the browser when its strength is turned; the table asks Python for the scores and takes them
in. So nothing but the scores crosses the wire, also while the slider is held.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import streamlit as st

from asd_core.scoring import DetectorScore
from asd_core.sound import Clip
from pages.components.common import component
from pages.components.player.parts import Heard
from pages.components.player.state import is_number, turn_of
from pages.shared.sidebar import title

NAMED = 2  # detectors that a sentence names before it becomes a list

_COMPONENT = component("asd_scores", Path(__file__).with_name("score_table.js"))


def score_table(
    raw: Sequence[DetectorScore],
    denoised: Sequence[DetectorScore] | None,
    clip: Clip,
    *,
    key: str,
    player: str,
    strength: float | None = None,
) -> None:
    """Percentiles as bars, decisions, and the raw figures behind them.

    Args:
        denoised: ``None`` while there is no denoised clip yet.
        key: of the table's state.
        player: key of the player that it follows.
        strength: of the denoising that was scored.
    """
    after: Sequence[DetectorScore | None] = denoised or [None for _ in raw]
    rows = [
        {"detector": title(a.detector), "threshold": a.threshold, "recorded": _said(a), "denoised": b and _said(b)}
        for a, b in zip(raw, after, strict=True)
    ]
    data = {"player": player, "clip": clip.sha256, "strength": strength, "minority": _minority(raw), "rows": rows}
    _COMPONENT(key=key, data=data, default={"asked": None}, on_asked_change=lambda: None)


def asked_strength(key: str, clip: Clip, heard: Heard) -> float:
    """The strength that is to be scored: what the table was told last, where that is later than the player's own word."""
    said = st.session_state.get(key, {}).get("asked")
    if not isinstance(said, dict) or said.get("clip") != clip.sha256 or not is_number(said.get("strength")):
        return heard.strength
    return min(1.0, max(0.0, said["strength"])) if turn_of(said) >= heard.turn else heard.strength


def _said(score: DetectorScore) -> dict[str, Any]:
    return {"percentile": score.calibrated, "anomaly": score.decision == "anomaly", "raw": score.raw}


def _minority(scores: Sequence[DetectorScore]) -> bool | None:
    """Which decision (anomaly: true) is that of fewer detectors; ``None`` when all agree."""
    anomalies = sum(s.decision == "anomaly" for s in scores)
    return anomalies <= len(scores) - anomalies if 0 < anomalies < len(scores) else None


def disagreement(scores: Sequence[DetectorScore]) -> str:
    """A sentence on who says what: a small minority is named."""
    yes = [title(s.detector) for s in scores if s.decision == "anomaly"]
    no = [title(s.detector) for s in scores if s.decision == "normal"]
    if not yes or not no:
        verdict = "an anomaly" if yes else "normal"
        return f"All {len(scores)} detectors call it {verdict}."
    few, verdict = (yes, "an anomaly") if len(yes) <= len(no) else (no, "normal")
    counts = f"{len(yes)} of {len(scores)} detectors call it an anomaly."
    if len(few) > NAMED:
        return f"{counts} Those in the minority are shaded."
    return f"{counts} Only {' and '.join(few)} {'calls' if len(few) == 1 else 'call'} it {verdict}."
