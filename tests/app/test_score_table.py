"""Which strength is scored: the table's own question or the player's last word."""

from typing import Any

import numpy as np
import pytest
import streamlit as st

from asd_core.sound import Clip, Signal
from pages.components.player import PlayerState
from pages.components.score_table import requested_signal
from pages.shared.tables import margin_text

CLIP = Clip(np.zeros((1, 16), np.float32), 16000, "ab" * 32, "a.wav")


@pytest.mark.parametrize(
    ("requested", "expected"),
    [
        (None, 0.6),
        ({"clip": CLIP.sha256, "strength": 0.2, "turn": 3}, 0.2),  # turned since the player spoke for the third time
        ({"clip": CLIP.sha256, "strength": 0.2, "turn": 2}, 0.6),  # the player spoke later
        ({"clip": "another", "strength": 0.2, "turn": 3}, 0.6),
        ({"clip": CLIP.sha256, "strength": 7, "turn": 3}, 1.0),
        ({"clip": CLIP.sha256, "strength": "0.2", "turn": 3}, 0.6),
        ({"clip": CLIP.sha256, "strength": float("nan"), "turn": 3}, 0.6),
        ("nonsense", 0.6),
    ],
)
def test_the_later_word_counts(monkeypatch: pytest.MonkeyPatch, requested: Any, expected: float) -> None:
    monkeypatch.setattr(st, "session_state", {"table": {"asked": requested}})
    state = PlayerState(Signal(CLIP, strength=0.6), "denoised", None, None, 3)
    assert requested_signal("table", state).strength == expected


@pytest.mark.parametrize(
    ("margin", "text"),
    [
        (3.14, "+3.1"),
        (-0.99, "−0.99"),
        (0.042, "+0.04"),
        (0.996, "+1.0"),
        (99.94, "+99.9"),
        (99.95, "> +100"),
        (4e5, "> +100"),
        (-1e3, "< −100"),
    ],
)
def test_a_margin_is_written_with_what_it_can_bear(margin: float, text: str) -> None:
    assert margin_text(margin) == text
