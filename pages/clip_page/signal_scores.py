"""What the chosen detectors say of a signal, and why."""

import streamlit as st

from asd_core.artifacts import ModelSet
from asd_core.errors import PretrainedError
from asd_core.explain import Explanation, Place, explain, place_of
from asd_core.features import extract_version
from asd_core.scoring import (
    Applicability,
    DetectorScore,
    applicability_of,
    clip_recorded_otherwise,
    decide,
    score_prepared,
)
from asd_core.settings import get_settings
from asd_core.sound import Channel, Clip, Signal
from pages.shared.caching import ANSWERS, BY_KEY, cache_bytes
from pages.shared.choice import Choice
from pages.shared.sources import Source
from pages.shared.stored_scores import stored_clip_scores
from pages.shared.trained_models import models_of


@st.cache_data(max_entries=ANSWERS, show_spinner=False, hash_funcs=BY_KEY)
def _raw_scores(signal: Signal, machine_id: str, source: Source, keys: list[str]) -> tuple[dict[str, float], list[str]]:
    models = ModelSet(source.folder, keys, shared=models_of(source))
    messages: list[str] = []
    return score_prepared(signal.output, models, machine_id, signal.clip, messages.append), messages


def raw_signal_scores(selected: Choice, signal: Signal) -> dict[str, float]:
    """Raw scores of a signal by the chosen detectors, without those that :func:`left_out_of` names."""
    return _raw_scores(signal, selected.machine_id, selected.source, selected.detectors)[0]


def left_out_of(selected: Choice, signal: Signal) -> str:
    """A sentence on the chosen detectors whose pretrained model cannot be run; empty without any."""
    return " ".join(_raw_scores(signal, selected.machine_id, selected.source, selected.detectors)[1])


def decided(selected: Choice, raw: dict[str, float]) -> list[DetectorScore]:
    """Raw scores by the chosen detectors with their decisions at the chosen false-alarm rate."""
    keys, machine_id, models = selected.detectors, selected.machine_id, models_of(selected.source)
    return [decide(key, raw[key], models[key].calibration, machine_id, selected.rate) for key in keys if key in raw]


def signal_scores(selected: Choice, signal: Signal) -> list[DetectorScore]:
    """Scores of a signal by the chosen detectors; those that were trained on denoised sound denoise the clip themselves."""
    return decided(selected, raw_signal_scores(selected, signal))


def stored_signal_scores(selected: Choice, signal: Signal) -> list[DetectorScore]:
    """Scores of a clip that training stored, for as long as the detectors are being imported; none of another channel than
    the one that is stored."""
    if signal.channel != get_settings().channel:
        return []
    sha256 = signal.clip.sha256
    return stored_clip_scores(selected.source, selected.detectors, selected.machine_id, selected.rate, sha256)


@st.cache_data(max_entries=ANSWERS, show_spinner=False, hash_funcs=BY_KEY)
def _applicable(recorded: Signal, machine_id: str, source: Source) -> Applicability | None:
    return applicability_of(recorded.clip, source.folder, machine_id)


def applicable(selected: Choice, recorded: Signal) -> Applicability | None:
    """Whether a clip as recorded may be one of the machine; ``None`` where too little is known to say."""
    return _applicable(recorded, selected.machine_id, selected.source)


@st.cache_data(max_entries=ANSWERS, show_spinner=False, hash_funcs=BY_KEY)
def _otherwise(sha256: str, channel: Channel, machine_id: str, source: Source, _clip: Clip) -> str:
    return clip_recorded_otherwise(_clip, channel, source.folder, machine_id)


def otherwise(selected: Choice, clip: Clip, channel: Channel) -> str:
    """In what a recording differs from the training's, in a sentence; empty where nothing is known to differ."""
    return _otherwise(clip.sha256, channel, selected.machine_id, selected.source, clip)


@cache_bytes
def _explained(signal: Signal, machine_id: str, source: Source, key: str) -> Explanation:
    one = ModelSet(source.folder, [key], shared=models_of(source))
    return explain(one[key], one, extract_version(signal.output, signal.clip, one.representations()), machine_id)


def explained(selected: Choice, key: str, signal: Signal) -> Explanation:
    """Where one detector's score of a signal comes from."""
    return _explained(signal, selected.machine_id, selected.source, key)


@cache_bytes
def _located(signal: Signal, machine_id: str, source: Source, key: str) -> Place | None:
    return place_of(_explained(signal, machine_id, source, key), models_of(source)[key].representation)


def located(selected: Choice, key: str, signal: Signal) -> Place | None:
    """Where one detector's map of a signal is strongest; ``None`` where it shows nothing, or its pretrained model cannot be run."""
    try:
        return _located(signal, selected.machine_id, selected.source, key)
    except PretrainedError:
        return None
