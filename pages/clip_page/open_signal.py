"""The signal of the Clip page: the open clip, denoised as the controls, the player and the address say."""

import streamlit as st

from asd_core.sound import DEFAULT_STRENGTH, KINDS, Clip, Kind, Signal, strength_within
from pages.components.player import chosen_noise
from pages.shared.signals import signal_of

PLAYER = "player"  # key of the Clip page's player
STRENGTH = "strength"  # in the address, as the other
KIND = "kind"


def open_signal(clip: Clip, *, denoiser: bool, sample_rate: int) -> Signal:
    """The clip's signal at the address's strength, where the player starts.

    Args:
        clip: as it was read.
        denoiser: whether it is imported.
        sample_rate: of the signal, in Hz.
    """
    kind, noise = chosen_noise(PLAYER, clip, _address_kind())
    return signal_of(
        clip, denoiser=denoiser, kind=kind, noise=noise, strength=_address_strength(), sample_rate=sample_rate
    )


def put_into_address(signal: Signal) -> None:
    """Put strength and kind of the denoising into the address: a link reopens them."""
    if signal.strength != _address_strength():
        st.query_params[STRENGTH] = f"{signal.strength:g}"
    if signal.kind != _address_kind():
        st.query_params[KIND] = signal.kind


def _address_kind() -> Kind:
    named = st.query_params.get(KIND, KINDS[0])
    return next((kind for kind in KINDS if kind == named), KINDS[0])


def _address_strength() -> float:
    try:
        return strength_within(float(st.query_params.get(STRENGTH, DEFAULT_STRENGTH)), DEFAULT_STRENGTH)
    except ValueError:
        return DEFAULT_STRENGTH
