"""Two players on a page, and in words what Python knows of the first; parameters of the address choose what is shown."""

import numpy as np
import streamlit as st

from asd_core.explain import NormalReference
from asd_core.features import LogMel, WelchSpectrum, mel_frequencies
from asd_core.sound import USUAL_STRENGTH, Clip, DenoiseMix, Signal, denoise_mix
from pages.components.player import Overlay, Region, Shown, player, player_state

RATE = 16000


@st.cache_data
def sound(seconds: float, seed: int) -> Clip:
    """A machine of sorts: a hum with harmonics, strokes, noise, and a squeak from 3 to 3.6 s at about 3 kHz."""
    random = np.random.default_rng(seed)
    t = np.arange(round(seconds * RATE)) / RATE
    hum = sum(0.03 / k * np.sin(2 * np.pi * 50 * k * t) for k in range(1, 9))
    stroke = np.clip(np.sin(2 * np.pi * 0.8 * t), 0, None) ** 2
    noise = random.standard_normal(len(t))
    squeak = 0.05 * np.sin(2 * np.pi * 3000 * t + 8 * np.sin(40 * t)) * ((t % 10 > 3) & (t % 10 < 3.6))
    samples = (0.5 * hum + 0.02 * (0.3 + stroke) * noise + squeak).astype(np.float32)
    return Clip(samples[None], RATE, f"{seed:02d}{round(seconds):062d}", f"sound {seed}")


@st.cache_resource
def mix(seconds: float, seed: int) -> DenoiseMix:
    samples = sound(seconds, seed).samples[0]
    if seconds > 60:  # a stand-in that costs nothing: the player does not ask how its ends were made
        return DenoiseMix(samples, 0.9 * samples, 0.3 * samples)
    return denoise_mix(samples, RATE)


def reference(clip: Clip) -> NormalReference:
    spectrum, log_mel = WelchSpectrum().transform(clip), LogMel().transform(clip)
    smooth = np.convolve(spectrum, np.ones(9) / 9, "same").astype(np.float32)
    frequencies = WelchSpectrum().frequencies().astype(np.float32)
    mel = np.median(log_mel, axis=1)
    return NormalReference(frequencies, smooth - 4, smooth, smooth + 4, mel, mel, mel, mel, 1)


def anomaly_map() -> Overlay:
    frequencies, times = mel_frequencies(128, RATE)[:, None], np.arange(313)[None] * 512 / RATE
    near = np.exp(-(((times - 3.3) / 0.4) ** 2) - ((frequencies - 3000) / 900) ** 2)
    return Overlay("knn", "Nearest neighbours", near.astype(np.float32))


@st.fragment
def first() -> None:
    parameters = st.query_params
    seconds = float(parameters.get("seconds", 10))
    clip = sound(seconds, 1)
    signal = Signal(clip, mix=mix(seconds, 1), strength=USUAL_STRENGTH)
    before = player_state("first", signal)
    st.session_state["runs"] = st.session_state.get("runs", 0) + 1
    now = player(
        signal,
        key="first",
        overlays={"knn": "Nearest neighbours", "gmm": "Mixture"},
        overlay=anomaly_map() if before.overlay == "knn" else None,
        reference=reference(clip),
        regions=[Shown(Region(6.0, 7.2, 500.0, 2000.0), "labelled", "#CC79A7")] if "regions" in parameters else [],
        seek=(4.0, st.session_state["jump"]) if st.session_state.get("jump") else None,
    )
    region = now.region
    where = f"{region.t0:.4f} {region.t1:.4f} {region.f0:.1f} {region.f1:.1f}" if region else "none"
    st.text(f"strength {now.signal.strength:.2f} | version {now.version} | overlay {now.overlay} | region {where} |")
    st.text(f"runs {st.session_state['runs']}")
    if st.button("Jump to 4 s"):
        st.session_state["jump"] = st.session_state.get("jump", 0) + 1
        st.rerun(scope="fragment")


st.set_page_config(layout="wide")
first()
if "two" in st.query_params:
    player(Signal(sound(10, 2)), key="second", compact=True)
    st.text_input("A note")
    st.audio(sound(10, 3).samples, sample_rate=RATE)
