"""What the chosen detectors say of a signal, and why."""

import streamlit as st

from asd_core.artifacts import ModelSet
from asd_core.explain import Explanation, explain
from asd_core.features import extract_version
from asd_core.scoring import Applicability, DetectorScore, applicability_of, decide, score_prepared
from asd_core.sound import Signal
from pages.shared.caching import ANSWERS, BY_KEY, cache_bytes
from pages.shared.choice import Choice
from pages.shared.sources import Source
from pages.shared.trained_models import models_of


@st.cache_data(max_entries=ANSWERS, show_spinner=False, hash_funcs=BY_KEY)
def _raw_scores(signal: Signal, machine_id: str, source: Source, keys: list[str]) -> dict[str, float]:
    models = ModelSet(source.folder, keys, shared=models_of(source))
    return score_prepared(signal.output, models, machine_id, signal.clip)


def signal_scores(selected: Choice, signal: Signal) -> list[DetectorScore]:
    """Scores of a signal by the chosen detectors; those that were trained on denoised sound denoise the clip themselves."""
    keys, machine_id, models = selected.detectors, selected.machine_id, models_of(selected.source)
    raw = _raw_scores(signal, machine_id, selected.source, keys)
    return [decide(key, raw[key], models[key].calibration, machine_id, selected.rate) for key in keys]


@st.cache_data(max_entries=ANSWERS, show_spinner=False, hash_funcs=BY_KEY)
def _applicable(recorded: Signal, machine_id: str, source: Source) -> Applicability | None:
    return applicability_of(recorded.clip, source.folder, machine_id)


def applicable(selected: Choice, recorded: Signal) -> Applicability | None:
    """Whether a clip as recorded may be one of the machine; ``None`` where too little is known to say."""
    return _applicable(recorded, selected.machine_id, selected.source)


@cache_bytes
def _explained(signal: Signal, machine_id: str, source: Source, key: str) -> Explanation:
    one = ModelSet(source.folder, [key], shared=models_of(source))
    return explain(one[key], one, extract_version(signal.output, signal.clip, one.representations()), machine_id)


def explained(selected: Choice, key: str, signal: Signal) -> Explanation:
    """Where one detector's score of a signal comes from."""
    return _explained(signal, selected.machine_id, selected.source, key)
