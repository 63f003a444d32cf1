"""One clip: see it, hear it, and what every detector says of it."""

import math
import time

import streamlit as st

from asd_core.audio import Clip, Samples, flags, shared_gain, wav_bytes
from asd_core.denoise import KINDS
from asd_core.features import LogMel
from asd_core.plots.scores import percentile_chart
from asd_core.plots.signal import clip_figure, spectrum_figure, versions
from asd_core.settings import get_settings
from pages.shared import library
from pages.shared.alarms import alarms
from pages.shared.entry import require_app
from pages.shared.messages import sentences
from pages.shared.picker import Picked, pick
from pages.shared.score_table import disagreement, score_table
from pages.shared.sidebar import Choice, choice
from pages.shared.warm_up import is_warm

HEAD_START = 0.8  # s in which the browser draws the preview, before imports take the interpreter from the server
NARROWEST = 440  # pixels that a plot or the score table needs
FACTS = {"snr_db": "SNR in dB"}  # catalogue columns whose name is no word


@st.fragment
def listening(picked: Picked) -> None:
    """Everything that the denoising slider changes. Errors are shown here: they do not leave a fragment."""
    with sentences():
        draw(picked)


def draw(picked: Picked) -> None:
    """Controls and players in a row; below it what is seen, and beside that what the detectors say."""
    selected, channel = choice(), get_settings().channel
    with st.container(horizontal=True, vertical_alignment="bottom"):
        strength = st.slider(
            "Denoising strength",
            0.0,
            1.0,
            0.6,
            0.05,
            key="strength",
            bind="query-params",
            width=220,
            help="Spectral gating (noisereduce). 0 leaves the sound as it is.",
        )
        kind = st.segmented_control(
            "Noise is",
            KINDS,
            default=KINDS[0],
            required=True,
            key="kind",
            bind="query-params",
            help="Stationary: one threshold for each frequency, from the whole clip. It takes a steady hum for noise, "
            "even the machine's own. Non-stationary: a threshold that follows the sound.",
        )
        players = st.container(horizontal=True, width="stretch")
    clip = library.prepared(picked.clip.sha256, channel, picked.clip)
    raw, body = clip.samples[0], st.empty()
    if not is_warm():  # the first page of a fresh server: show what needs neither the denoiser nor the networks
        with body.container():
            preview(picked, clip)
        time.sleep(HEAD_START)
    ends = library.ends(clip.sha256, channel, kind, clip)
    denoised = ends.at(strength)
    gain = shared_gain(raw, denoised)
    with players:
        for name, samples in (("As recorded", raw), (f"Denoised at {strength:.2f}", denoised)):
            with st.container(gap=None, width=250):
                st.caption(name)
                st.audio(wav_bytes(samples, clip.sample_rate, gain=gain), format="audio/wav")
    keys = selected.detectors
    arguments = (selected.source, keys, selected.machine_id, selected.rate, clip, channel)
    as_recorded = library.clip_scores(*arguments, None, kind, 0.0)
    after = library.clip_scores(*arguments, ends, kind, strength)
    with body.container():
        grid = st.grid(2, min_column_width=NARROWEST)  # one below the other on a narrow screen
        with grid.cell():
            st.caption(
                f"{ends.energy_removed(strength):.0%} of the energy removed. Both players use one gain "
                f"({20 * math.log10(gain):+.0f} dB), so loudness can be compared."
            )
            map_plot(clip, denoised, key="signal")
            st.plotly_chart(spectrum_figure(versions(raw, denoised), clip.sample_rate), key="spectrum")
        with grid.cell():
            st.markdown(f"**{disagreement(as_recorded)}**")
            score_table(as_recorded, after, key="score_table")
            st.caption(
                f"Percentile among each detector's own held-out normal clips of machine id {selected.machine_id}. "
                + threshold_rule(selected)
                + " The detectors learned from undenoised sound: a denoised clip is unlike anything they know."
            )
            alarms(selected)
            st.plotly_chart(percentile_chart(as_recorded, after, selected.rate), key="percentiles")


def preview(picked: Picked, clip: Clip) -> None:
    """The recording, and the scores that training stored of it."""
    selected = choice()
    grid = st.grid(2, min_column_width=NARROWEST)
    seen, scored = grid.cell(), grid.cell()
    with scored:
        stored = library.stored_clip_scores(
            selected.source, selected.detectors, selected.machine_id, selected.rate, picked.clip.sha256
        )
        if stored:
            st.markdown(f"**{disagreement(stored)}**")
            score_table(stored, None, key="preview_table")
        st.caption("Loading the detectors …")
    with seen:
        st.caption("Loading the denoiser …")
        map_plot(clip, None, key="preview")


def map_plot(clip: Clip, denoised: Samples | None, *, key: str) -> None:
    """Waveform and log-mel, as recorded and (once it is there) denoised."""
    representation, drawn = LogMel(), versions(clip.samples[0], denoised)
    maps = [representation.transform(clip.with_samples(version.samples)) for version in drawn]
    st.plotly_chart(clip_figure(drawn, clip.sample_rate, representation, maps), key=key)


def threshold_rule(selected: Choice) -> str:
    """What the thresholds promise, or what they cannot."""
    calibration = library.calibration(selected.source, selected.detectors[0])
    threshold, n = calibration.threshold(selected.machine_id, selected.rate), calibration.n(selected.machine_id)
    if threshold.short:
        return (
            f"Only {n} normal clips were held out: they can promise no less than {threshold.rate:.1%} false alarms, "
            f"not {selected.rate:.0%}."
        )
    return f"Threshold: conformal quantile of {n} held-out normals, at most {selected.rate:.0%} false alarms expected."


def facts(picked: Picked) -> str:
    """What is known of the clip beside its sound, in a line."""
    known = [f"{FACTS.get(name, name)} **{value.replace('_', ' ')}**" for name, value in picked.facts.items()]
    return " · ".join([f"**{picked.clip.name}**", *known, f"{picked.clip.duration:.1f} s"])


require_app()
st.title("Clip")
with sentences():
    picked = pick()
    if picked:
        st.markdown(facts(picked))
        for flag in flags(picked.clip):
            st.warning(flag, icon=":material/warning:")
        st.session_state["open_clip"] = picked.clip
        listening(picked)
