"""The signal of the Clip page: the open clip, denoised as the controls, the player and the address say."""

import streamlit as st

from asd_core.sound import DEFAULT_STRENGTH, KINDS, Clip, Kind, Noise, Signal, strength_within
from pages.components.player import Region, player_state
from pages.shared import linked
from pages.shared.signals import signal_of

PLAYER = "player"  # key of the Clip page's player
_STRENGTH = "strength"  # in the address
_NOISE = "noise"  # in the session: clip, start and end of the stretch that is taken for noise


def open_signal(clip: Clip, *, denoiser: bool, sample_rate: int) -> Signal:
    """Draw the controls of the denoising and give the clip's signal at the address's strength, where the player starts.

    Args:
        clip: as it was read.
        denoiser: whether it is imported.
        sample_rate: of the signal, in Hz.
    """
    recorded = signal_of(clip, strength=_address_strength(), sample_rate=sample_rate)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        kind: Kind = linked.segmented(
            "Noise is",
            KINDS,
            key="kind",
            help="Stationary: one threshold for each frequency, from the whole clip or from a stretch of it that you drag. "
            "It takes a steady hum for noise, even the machine's own. Non-stationary: a threshold that follows the sound.",
        )
        noise = _noise(recorded, kind)
    strength = recorded.strength
    return signal_of(clip, denoiser=denoiser, kind=kind, noise=noise, strength=strength, sample_rate=sample_rate)


def put_into_address(signal: Signal) -> None:
    """Put the strength into the address: a link reopens it."""
    if signal.strength != _address_strength():
        st.query_params[_STRENGTH] = f"{signal.strength:g}"


def _address_strength() -> float:
    try:
        return strength_within(float(st.query_params.get(_STRENGTH, DEFAULT_STRENGTH)), DEFAULT_STRENGTH)
    except ValueError:
        return DEFAULT_STRENGTH


def _noise(signal: Signal, kind: Kind) -> Noise:
    """The dragged stretch that is taken for noise, with a button that takes it or gives it back."""
    sha256, *stretch = st.session_state.get(_NOISE, ("",))
    noise = (stretch[0], stretch[1]) if sha256 == signal.clip.sha256 and kind == KINDS[0] else None
    if noise:
        st.button(
            f"Noise: {noise[0]:.2f}–{noise[1]:.2f} s",
            icon=":material/close:",
            key="forget_noise",
            on_click=lambda: st.session_state.pop(_NOISE, None),
            help="Take the whole clip for the noise again.",
        )
        return noise
    region = player_state(PLAYER, signal).region
    st.button(
        "Take the region for noise",
        icon=":material/graphic_eq:",
        key="take_noise",
        disabled=region is None or kind != KINDS[0],
        on_click=_take,
        args=(signal.clip.sha256, region),
        help="Drag over a stretch of the spectrogram that holds nothing but noise, then press this.",
    )
    return None


def _take(sha256: str, region: Region) -> None:
    st.session_state[_NOISE] = (sha256, region.t0, region.t1)
