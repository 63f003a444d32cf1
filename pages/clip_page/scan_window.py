"""How long the windows are that slide over a recording: as long as the clips that the detectors learned from, or shorter."""

from contextlib import suppress
from dataclasses import replace
from statistics import median

import streamlit as st

from asd_core.datasets import clip_lengths
from asd_core.scoring import WINDOW
from asd_core.settings import get_settings
from pages.shared.caching import BY_KEY, FOLDERS
from pages.shared.recordings import UNREADABLE, dataset_of
from pages.shared.sources import Source

SHARES = (1.0, 0.5, 0.2)  # of the usual clip
LOOKED_AT = 20  # clips whose median is the usual one: at an address each of them is fetched


@st.cache_data(max_entries=FOLDERS, show_spinner=False, hash_funcs=BY_KEY)
def usual_length(source: Source) -> float | None:
    """Seconds of the usual clip that a dataset's detectors learn from; ``None`` where its recordings cannot be read."""
    with suppress(*UNREADABLE):
        dataset = dataset_of(source)
        learned_from = replace(dataset, catalogue=dataset.rows(split="train", label="normal"))
        lengths = clip_lengths(learned_from, LOOKED_AT)
        return float(f"{median(lengths):.2g}") if lengths else None
    return None


def steps(usual: float | None) -> dict[str, tuple[float, float]]:
    """Window and hop (s) by what they are called, the longest first."""
    windows = [round(share * (usual or WINDOW), 2) for share in SHARES]
    long_enough = [w for w in windows if w >= get_settings().min_clip_seconds]
    return {f"{w:g} s every {w / 2:g} s": (w, w / 2) for w in long_enough}
