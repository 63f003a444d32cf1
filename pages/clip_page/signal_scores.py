"""What the chosen detectors say of a signal, and why."""

import streamlit as st

from asd_core.artifacts import ModelSet
from asd_core.explain import Explanation, explain
from asd_core.features import extract
from asd_core.scoring import DetectorScore, decide, score_prepared
from asd_core.sound import Signal
from pages.shared.caching import ANSWERS, cache_bytes
from pages.shared.choice import Choice
from pages.shared.trained_models import models_of


@st.cache_data(max_entries=ANSWERS, show_spinner=False)
def _raw_scores(
    signal: tuple[object, ...],
    machine_id: str,
    source: tuple[str, float],
    keys: tuple[str, ...],
    _signal: Signal,
    _models: ModelSet,
) -> dict[str, float]:
    return score_prepared(_signal.output, ModelSet(_models.folder, keys, shared=_models), machine_id)


def signal_scores(selected: Choice, signal: Signal) -> list[DetectorScore]:
    """Scores of a signal by the chosen detectors."""
    keys, machine_id, models = selected.detectors, selected.machine_id, models_of(selected.source)
    raw = _raw_scores(signal.key(), machine_id, selected.source.key(), tuple(keys), signal, models)
    return [decide(key, raw[key], models[key].calibration, machine_id, selected.rate) for key in keys]


@cache_bytes
def _explained(
    signal: tuple[object, ...],
    machine_id: str,
    source: tuple[str, float],
    key: str,
    _signal: Signal,
    _models: ModelSet,
) -> Explanation:
    one = ModelSet(_models.folder, [key], shared=_models)
    return explain(one[key], one, extract(_signal.output, one.representations()), machine_id)


def explained(selected: Choice, key: str, signal: Signal) -> Explanation:
    """Where one detector's score of a signal comes from."""
    models = models_of(selected.source)
    return _explained(signal.key(), selected.machine_id, selected.source.key(), key, signal, models)
