"""The score table alone, and in words which strength it asks for."""

import numpy as np
import streamlit as st

from asd_core.evaluation import Reliability
from asd_core.scoring import DetectorScore
from asd_core.sound import Clip, DenoiseMix, Signal
from pages.components.player import PlayerState
from pages.components.score_table import requested_signal, score_table

SILENT = np.zeros(16000, np.float32)
CLIP = Clip(np.zeros((1, 16000), np.float32), 16000, "0" * 64, "clip")
MIX = DenoiseMix(SILENT, SILENT, SILENT)


def score(detector: str, raw: float) -> DetectorScore:
    return DetectorScore(detector, raw, round(100 * raw), 0.5, "anomaly" if raw > 0.5 else "normal", raw - 0.5)


st.set_page_config(layout="wide")
signal = requested_signal("scores", PlayerState(Signal(CLIP, mix=MIX, strength=0.6), "recorded", None, None, 0))
strength = signal.strength
recorded = [score("knn_bands", 0.91234), score("deep_svdd_soft", 0.2), score("pca_kde", 0.4)]
denoised = [score(s.detector, s.raw * (1 - strength)) for s in recorded]
reliability = Reliability(("knn_bands", "pca_kde"), ("deep_svdd_soft",), (), (), {})
score_table(
    recorded,
    denoised if strength > 0 else None,
    signal,
    reliability,
    key="scores",
    player="player",
    about={},
    model_versions={},
    file="scores.csv",
)
st.text(f"asked {strength:.2f}")
