"""What denoising does to every score and to every band."""

from functools import partial

import pandas as pd
import streamlit as st

from asd_core.counting import percent
from asd_core.features import LogMel
from asd_core.plots import removed_figure, strength_figure
from asd_core.progress import Progress
from asd_core.scoring import STRENGTHS, BandEnergy, band_energy, strength_curve, with_decisions
from asd_core.sound import DenoiseMix, Signal
from pages.clip_page.background_work import work
from pages.clip_page.context import ClipContext
from pages.clip_page.reliability import auc_order
from pages.shared.caching import SELECTIONS
from pages.shared.choice import title
from pages.shared.emphasis import is_dark, rule, stand_out
from pages.shared.trained_models import chosen_models

NARROWEST = 440


def draw(context: ClipContext) -> None:
    """Margins over the strength, and the energy that the player's strength takes from each band."""
    selected, signal, mix = context.selected, context.signal, context.signal.mix
    if mix is None:
        return
    st.caption(f"{noise_in_use(signal)} The strength is the player's: **{signal.strength:.2f}**.")
    grid = st.grid(2, min_column_width=NARROWEST)
    with grid.cell():
        key = (*signal.denoising_key(), *context.detectors_key())
        curve = work("curve", key, "Scoring at every strength", partial(_curve, context, mix))
        if curve is not None:
            names = {key: title(key) for key in selected.detectors}
            scored = with_decisions(curve, chosen_models(selected), selected.machine_id, selected.rate)
            curves = strength_figure(scored, names, signal.strength)
            stand_out(curves, auc_order(selected), selected.in_use, dark=is_dark())
            st.plotly_chart(curves, key="strength_curve")
            st.caption(
                f"How far this clip's score lies above each detector's threshold for {percent(selected.rate)} false alarms, in "
                f"spreads of its own held-out normal clips, which are undenoised, at {len(STRENGTHS)} strengths; grey: the "
                f"player's strength.{rule(len(names), selected.in_use)} A score that changes with the strength may change because of the denoiser, not of the machine."
            )
    with grid.cell():
        energy = _energy(signal.denoising_key(), mix, signal.clip.sample_rate)
        figure = removed_figure(energy.removed_db(signal.strength), energy.frequencies, signal.strength)
        st.plotly_chart(figure, key="removed")
        st.caption(
            f"Level that strength {signal.strength:.2f} takes from each of the {len(energy.frequencies)} mel bands, over "
            f"the whole clip; {mix.energy_removed(signal.strength):.0%} of the energy in all."
        )


def noise_in_use(signal: Signal) -> str:
    """What the denoiser takes for noise."""
    if signal.noise:
        return (
            f"Stationary: the noise is what sounds from {signal.noise[0]:.2f} to {signal.noise[1]:.2f} s of this clip."
        )
    if signal.kind == "stationary":
        return (
            "Stationary: the noise is estimated from the whole clip, so a steady hum of the machine is removed with it. Drag over a "
            "stretch of pure noise in the player to take that instead."
        )
    return "Non-stationary: the noise is estimated from the clip itself, anew at every moment."


def _curve(context: ClipContext, mix: DenoiseMix, progress: Progress) -> pd.DataFrame:
    selected = context.selected
    return strength_curve(context.signal.clip, mix, chosen_models(selected), selected.machine_id, progress=progress)


@st.cache_data(max_entries=SELECTIONS, show_spinner=False)
def _energy(denoising: tuple[object, ...], _mix: DenoiseMix, sample_rate: int) -> BandEnergy:
    return band_energy(_mix, sample_rate, LogMel(sample_rate=sample_rate))
