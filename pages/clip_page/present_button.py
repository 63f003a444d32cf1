"""From the open clip to its presentation."""

import streamlit as st

from pages.clip_page.picker import Picked
from pages.shared import address, presentation
from pages.shared.channel_choice import CHANNEL, PRESENTED
from pages.shared.choice import choice
from pages.shared.sidebar import as_parameters

STRENGTH, MAP = "strength", "overlay"  # of the player, in the address as the Clip page writes them
KIND = "kind"


def present_button(picked: Picked) -> None:
    """Offer to present the clip, at the player's strength and channel, with its map."""
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
    presentation.come_from("")
    query = {name: st.query_params[name] for name in (STRENGTH, KIND, MAP) if name in st.query_params}
    name, value = picked.address
    if CHANNEL in st.query_params:
        query[PRESENTED] = st.query_params[CHANNEL]
    address.visit("present", {**as_parameters(), **query, name: value})
