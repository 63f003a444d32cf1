"""The clip's spectrum and log-mel against those of the machine's normal clips."""

import streamlit as st

from asd_core.explain import in_words
from asd_core.features import LogMel, WelchSpectrum, features_of
from asd_core.plots import Drawn, clip_versions, deviation_figure, spectra_figure
from pages.clip_page.context import ClipContext
from pages.clip_page.normal_clips import reference_of
from pages.clip_page.version_choice import chosen_version
from pages.shared import linked

AXES = ("Log Hz", "Linear Hz")


def draw(context: ClipContext) -> None:
    """Spectra over frequency; below them the log-mel less the mean of normal clips."""
    selected = context.selected
    reference = reference_of(selected.source, selected.machine_id)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        version = chosen_version(context)
        axis = linked.segmented("Frequency axis", AXES, key="axis")
    signal, clip = context.signal, context.signal.clip
    welch = WelchSpectrum()  # at the rate of the band of normal clips
    shown = clip_versions(clip.samples[0], signal.output.samples[0] if signal.is_denoised else None)
    spectra = [Drawn(version, features_of(clip.with_samples(version.samples), welch)) for version in shown]
    figure = spectra_figure(spectra, clip.sample_rate, welch.frequencies(), reference, log=axis == AXES[0])
    st.plotly_chart(figure, key="spectra")
    if reference is None:
        st.info(
            f"There is no band of normal clips of machine id {selected.machine_id} yet: the button below the player "
            "computes it, where the recordings are there.",
            icon=":material/info:",
        )
        return
    st.markdown(f"The clip {version.description}: {in_words(features_of(version.output, welch), reference)}")
    st.caption(
        "Thin: FFT of the whole clip, the highest of neighbouring lines. Bold: Welch's spectrum (frames of 64 ms, each bin "
        f"15.6 Hz), which is compared with the band: at each frequency by itself, percentiles 5 to 95 of the {reference.n_clips} "
        f"undenoised normal training clips of machine id {selected.machine_id}."
    )
    representation = LogMel()
    if len(reference.mel_mean) != representation.n_mels:
        return
    figure = deviation_figure(
        features_of(version.output, representation), reference, representation, version.description
    )
    st.plotly_chart(figure, key="deviation")
    st.caption(
        f"Left: log-mel of the clip {version.description}, less the mean of each band over the same normal clips; orange is louder, blue "
        "is quieter. Right: its average over time against their band."
    )
