"""One clip: is it normal? The answer, its sound and pictures, and every detector's score."""

import time

import streamlit as st

from asd_core.sound import Channel, flags
from pages.clip_page import verdict
from pages.clip_page.add_to_dataset import add_to_dataset_button
from pages.clip_page.background_work import before_many
from pages.clip_page.context import ClipContext
from pages.clip_page.in_address import follow, put_into_address, restore_player
from pages.clip_page.listening import listen, scores
from pages.clip_page.open_signal import PLAYER, open_signal
from pages.clip_page.picker import Picked, pick
from pages.clip_page.present_button import present_button
from pages.clip_page.reliability import reliability_of
from pages.clip_page.upload_table import upload_table
from pages.clip_page.views import look_closer
from pages.components.player import player_state
from pages.shared import address
from pages.shared.alarms import alarms
from pages.shared.choice import choice
from pages.shared.error_messages import show_errors
from pages.shared.signals import channel_of
from pages.shared.trained_models import scoring_rate
from pages.shared.unknown_machine import name_others, of_machine
from pages.shared.warm_up import is_warm, until_warm

HEAD_START = 0.8  # s in which the browser draws, before imports take the interpreter from the server
NARROWEST = 440  # pixels that the player or the score table needs


@st.fragment
@show_errors()  # they do not leave a fragment
@before_many()
def draw(picked: Picked, channel: Channel) -> None:
    """The verdict, the player with the scores beside it, and the detailed views below."""
    selected, warm = of_machine(choice()), is_warm()
    rate = scoring_rate(selected, picked.clip.sample_rate)
    best_map = verdict.map_detector(selected, reliability_of(selected))
    signal = open_signal(picked.clip, channel=channel, denoiser=warm, sample_rate=rate)
    state = player_state(PLAYER, signal, best_map)
    context = ClipContext(selected, picked, state.signal, state.region, best_map)
    named = bool(selected.detectors) and verdict.draw(context)
    grid = st.grid(2, min_column_width=NARROWEST)  # one below the other on a narrow screen
    with grid.cell():
        listen(context, state, named)
    with grid.cell():
        name_others(choice(), selected.machine_id)
        if selected.detectors:
            scores(context)
        if warm:
            alarms(selected)
    if known := picked.known_beforehand():
        st.caption(known)
    if not warm:  # the first page of a fresh server: it has shown what needs neither the denoiser nor the networks
        time.sleep(HEAD_START)
        until_warm()
        st.rerun()
    put_into_address(picked.named, state, best_map)
    if selected.detectors:
        look_closer(context)


head = st.container(horizontal=True, vertical_alignment="center")
head.title("Is this recording normal?", width="stretch")
with show_errors(), st.container(gap="xsmall"):  # the answer and the picture of the sound are seen without scrolling
    picked = pick(address.leads())
    if picked:
        if picked.uploaded:
            upload_table(of_machine(choice()), picked.channel)
        channel, instead = channel_of(picked.clip, picked.channel)
        with head:
            present_button(picked)
            if picked.uploaded:
                with st.container(width="content"):  # a fragment takes all the width that it is given
                    add_to_dataset_button(picked.clip.sha256)
        st.markdown(picked.description(channel))
        for flag in [*filter(None, [instead]), *flags(picked.clip, channel)]:
            st.warning(flag, icon=":material/warning:")
        st.session_state["open_clip"] = picked.clip
        if address.leads():
            address.followed()
            follow(choice().source, picked.clip)
        else:
            restore_player()
        draw(picked, channel)
