"""Every detector's decision on one clip and how clear it is, in one table that follows the player's strength.

The player notifies the table in the browser when its strength changes; the table asks Python for the scores and takes them
in. So nothing but the scores crosses the wire, also while the slider is held.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import streamlit as st

from asd_core.detectors import is_control
from asd_core.evaluation import Reliability
from asd_core.scoring import DetectorScore
from asd_core.sound import Signal, strength_within
from pages.components.common import component
from pages.components.player import PlayerState
from pages.components.player.state import turn_of
from pages.shared.choice import does, title
from pages.shared.tables import margin_text

IN_USE = "A person pinned it on the Compare page. That is a choice, not a measured rank: {}."
TRUSTED = "They beat the best control on this dataset's labelled test clips, beyond chance; the best first."
WEAK = "They do not beat the best control on this dataset's test clips, or not beyond chance: do not rely on them."
UNMEASURED = "This dataset has no labelled test clips, or no control, to measure them by."
CONTROLS = "Simple scores, such as the clip's level, that a useful detector must beat."
NOTES = {  # beside a group's name: what one must know to read its rows
    "Trusted": "better than simple controls on this dataset",
    "Weak": "not clearly better than a control here",
    "Not measured": "no labelled clips to measure them by",
    "Controls": "simple scores, for comparison",
}
NAMED = 2  # detectors that a sentence names before it becomes a list

_COMPONENT = component("asd_scores", Path(__file__).with_name("score_table.js"))


def score_table(
    raw: Sequence[DetectorScore],
    denoised: Sequence[DetectorScore] | None,
    signal: Signal,
    reliability: Reliability,
    *,
    key: str,
    player: str,
    about: Mapping[str, Any] | None = None,
    model_versions: Mapping[str, str] | None = None,
    file: str = "",
    trained: Mapping[str, str] | None = None,
    large: bool = False,
) -> None:
    """Margins over the threshold as bars and decisions, in groups; the figures behind them on demand.

    Args:
        denoised: ``None`` without denoising: there is no column then.
        signal: the clip, at the strength that was scored.
        reliability: the groups, and the order in each.
        key: of the table's state.
        player: key of the player that it follows.
        about: columns that are the same in all rows of the file that the button saves.
        model_versions: short names of the detectors' weights, for that file.
        file: its name.
        trained: of the detectors that were trained on denoised sound, a clause that says so: it stands in their row.
        large: for a projector: large letters, and nothing to press.
    """
    recorded = {one.detector: one for one in raw}
    after = {one.detector: one for one in denoised or ()}

    def rows_of(keys: Sequence[str]) -> list[dict[str, Any]]:
        return [
            _row(recorded[k], after.get(k), (model_versions or {}).get(k, ""), (trained or {}).get(k, ""))
            for k in keys
            if k in recorded
        ]

    measured = {
        "Trusted": (TRUSTED, reliability.trusted),
        "Weak": (WEAK, reliability.weak),
        "Not measured": (UNMEASURED, reliability.unmeasured),
        "Controls": (CONTROLS, reliability.controls),
    }
    first = reliability.in_use
    rank = next((name.lower() for name, (_, keys) in measured.items() if first in keys), "")
    groups = [
        {"name": name, "note": NOTES.get(name, ""), "help": help, "rows": rows_of(keys)}
        for name, help, keys in (
            ("In use", IN_USE.format(f"by its figures it is {rank}"), (first,)),
            *((name, help, [k for k in keys if k != first]) for name, (help, keys) in measured.items()),
        )
    ]
    data = {
        "player": player,
        "clip": signal.clip.sha256,
        "strength": signal.strength if signal.mix else None,
        "denoised": bool(denoised),
        "large": large,
        "groups": [group for group in groups if group["rows"]],
        "about": dict(about or {}),
        "file": file,
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


def _row(recorded: DetectorScore, denoised: DetectorScore | None, model_version: str, trained: str) -> dict[str, Any]:
    return {
        "detector": title(recorded.detector),
        "does": does(recorded.detector),
        "threshold": recorded.threshold,
        "recorded": _figures(recorded),
        "denoised": denoised and _figures(denoised),
        "model_version": model_version,
        "trained": trained,
    }


def _figures(score: DetectorScore) -> dict[str, Any]:
    anomaly = score.decision == "anomaly"
    return {
        "margin": score.margin,
        "margin_text": margin_text(score.margin),
        "anomaly": anomaly,
        "close": score.is_close,
        "percentile": score.calibrated,
        "raw": score.raw,
    }


def disagreement(scores: Sequence[DetectorScore]) -> str:
    """A sentence on how many detectors decide what, and how many are too near their thresholds to tell: a small minority
    is named. Controls are not counted, unless there is nothing else."""
    scores = [score for score in scores if not is_control(score.detector)] or scores
    groups: dict[str, list[str]] = {"call it an anomaly": [], "call it normal": [], "cannot tell": []}
    for score in scores:
        decided = "call it an anomaly" if score.decision == "anomaly" else "call it normal"
        groups["cannot tell" if score.is_close else decided].append(title(score.detector))
    (what, names), *others = ((what, names) for what, names in groups.items() if names)
    if not others:
        if len(names) == 1:
            return f"{names[0]} {_verb(what, names)}."
        return "No detector can tell." if what == "cannot tell" else f"All {len(names)} detectors {what}."
    counts = [f"{len(names)} of {len(scores)} detectors {_verb(what, names)}"]
    counts += [f"{len(names)} {_verb(what, names)}" for what, names in others]
    anomaly, normal, _ = groups.values()
    what, few = min(("call it an anomaly", anomaly), ("call it normal", normal), key=lambda group: len(group[1]))
    named = f" Only {' and '.join(few)} {_verb(what, few)}." if 0 < len(few) <= NAMED else ""
    return f"{', '.join(counts)}.{named}"


def _verb(what: str, names: Sequence[str]) -> str:
    return what.replace("call", "calls", 1) if len(names) == 1 else what
