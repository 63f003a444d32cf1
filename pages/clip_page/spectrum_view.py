"""The clip's spectrum and log-mel against what is usual for the machine."""

import streamlit as st

from asd_core.explain import in_words
from asd_core.features import LogMel, WelchSpectrum
from asd_core.plots import Drawn, deviation_figure, spectra_figure
from asd_core.plots.signal import versions
from pages.clip_page.context import ClipContext
from pages.clip_page.sound_choice import which_sound
from pages.shared import library

AXES = ("Log Hz", "Linear Hz")


def draw(context: ClipContext) -> None:
    """Spectra over frequency; below them the log-mel less the mean of normal clips."""
    selected = context.selected
    usual = library.reference(selected.source, selected.machine_id)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        of = which_sound(context)
        axis = st.segmented_control(
            "Frequency axis", AXES, default=AXES[0], required=True, key="axis", bind="query-params"
        )
    after = context.sound(context.strength)
    welch = WelchSpectrum(sample_rate=context.clip.sample_rate)
    drawn = versions(context.clip.samples[0], after.heard.samples[0] if after.strength else None)
    heard = [Drawn(version, welch.transform(context.clip.with_samples(version.samples))) for version in drawn]
    figure = spectra_figure(heard, context.clip.sample_rate, welch.frequencies(), usual, log=axis == AXES[0])
    st.plotly_chart(figure, key="spectra")
    if usual is None:
        st.info(
            f"There is no band of normal clips of machine id {selected.machine_id} yet: the button below the player "
            "computes it, where the recordings are there.",
            icon=":material/info:",
        )
        return
    st.markdown(f"The clip {of.name}: {in_words(welch.transform(of.heard), usual)}")
    st.caption(
        "Thin: FFT of the whole clip, the highest of neighbouring lines. Bold: Welch's spectrum (frames of 64 ms, each bin "
        f"15.6 Hz), which is compared with the band: at each frequency by itself, percentiles 5 to 95 of the {usual.n_clips} "
        f"undenoised normal training clips of machine id {selected.machine_id}."
    )
    representation = LogMel(sample_rate=context.clip.sample_rate)
    if len(usual.mel_mean) != representation.n_mels:
        return
    figure = deviation_figure(representation.transform(of.heard), usual, representation, of.name)
    st.plotly_chart(figure, key="deviation")
    st.caption(
        f"Left: log-mel of the clip {of.name}, less the mean of each band over the same normal clips; orange is louder, blue "
        "is quieter. Right: its average over time against their band."
    )
