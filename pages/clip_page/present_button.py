"""From the open clip to its presentation."""

import streamlit as st

from pages.clip_page.open_signal import KIND, PLAYER, STRENGTH, open_signal
from pages.clip_page.picker import Picked
from pages.components.player import player_state
from pages.shared import presentation
from pages.shared.choice import choice

MAP = "map"  # in the presentation's address: key of the detector whose map it shows


def present_button(picked: Picked) -> None:
    """Offer to present the clip, at the player's strength and with its map."""
    presentation.offer(choice().source, picked.address)
    st.button(
        "Present",
        key="present",
        icon=":material/slideshow:",
        type="tertiary",
        on_click=_present,
        args=(picked,),
        help="Five steps for a projector or a link: what normal sounds like, this clip, what the detectors say, how good they "
        "are, what an alarm costs.",
    )


def _present(picked: Picked) -> None:
    signal = open_signal(picked.clip, denoiser=False, sample_rate=picked.clip.sample_rate)
    shown = player_state(PLAYER, signal).overlay
    kept = {name: st.query_params[name] for name in (STRENGTH, KIND) if name in st.query_params}
    presentation.present(kept | ({MAP: shown} if shown else {}))
