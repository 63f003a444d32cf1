"""One clip: see it, hear it, and what every detector says of it."""

import time

import streamlit as st

from asd_core.settings import get_settings
from asd_core.sound import flags
from pages.clip_page.context import ClipContext
from pages.clip_page.listening import KEY, chosen_strength, controls, listen, remember, verdicts
from pages.clip_page.picker import Picked, pick
from pages.clip_page.views import look_closer
from pages.components.player.state import heard
from pages.shared import library
from pages.shared.alarms import alarms
from pages.shared.entry import require_app
from pages.shared.messages import sentences
from pages.shared.sidebar import choice
from pages.shared.warm_up import is_warm, until_warm

HEAD_START = 0.8  # s in which the browser draws, before imports take the interpreter from the server
NARROWEST = 440  # pixels that the player or the score table needs
FACTS = {"snr_db": "SNR in dB"}  # catalogue columns whose name is no word


@st.fragment
def listening(picked: Picked) -> None:
    """Everything that the player changes. Errors are shown here: they do not leave a fragment."""
    with sentences():
        draw(picked)


def draw(picked: Picked) -> None:
    """The player, beside it what the detectors say, below it what is looked at more closely."""
    selected, channel = choice(), get_settings().channel
    clip = library.prepared(picked.clip.sha256, channel, picked.clip)
    kind, noise = controls(clip)
    warm = is_warm()
    ends = library.ends(clip.sha256, channel, kind, noise, clip) if warm else None
    now = heard(KEY, clip, strength=chosen_strength())
    context = ClipContext(selected, picked, clip, ends, kind, noise, now.strength, now.region)
    grid = st.grid(2, min_column_width=NARROWEST)  # one below the other on a narrow screen
    with grid.cell():
        listen(context, now)
    with grid.cell():
        verdicts(context)
        if ends:
            alarms(selected)
    if not warm:  # the first page of a fresh server: it has shown what needs neither the denoiser nor the networks
        time.sleep(HEAD_START)
        until_warm()
        st.rerun()
    remember(now.strength)
    look_closer(context)


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
