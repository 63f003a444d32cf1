"""This clip: played, with the leading detector's map, and where it stands out."""

from contextlib import suppress
from dataclasses import replace

import streamlit as st

from asd_core.errors import AsdError
from asd_core.scoring import sentence
from asd_core.sound import flags
from pages.clip_page import verdict
from pages.clip_page.in_address import follow
from pages.clip_page.listening import overlay_of, strongest
from pages.clip_page.open_signal import PLAYER
from pages.clip_page.signal_scores import applicable
from pages.components.player import player, player_state
from pages.present_page import slide
from pages.present_page.story import Story
from pages.shared.choice import title
from pages.shared.signals import channel_of


def draw(story: Story) -> None:
    """The player with the map. A recording of another machine is called that."""
    context = story.context()
    selected, signal, best_map = context.selected, context.signal, context.best_map
    picked, warm = context.picked, signal.mix is not None
    applicability = applicable(selected, signal.dry) if warm else None
    foreign = applicability if applicability and not applicability.applicable else None
    if PLAYER not in st.session_state:
        follow(selected.source, picked.clip)
    state = player_state(PLAYER, signal, best_map)
    shown = verdict.verdict_of(context) if selected.detectors else None
    place = verdict.place_of(context, shown) if shown else ""
    overlay = overlay_of(selected, best_map, state.played, bool(place))[1] if warm and best_map else None
    whole = verdict.of_the_whole(context, "*Over time* on the Clip page") if shown else ""
    slide.head(slide.halves(sentence(foreign))[0] if foreign else _head(shown, place, whole))
    channel, instead = channel_of(picked.clip, picked.channel)
    lines = [
        picked.description(channel),
        picked.known_beforehand(),
        story.chosen_by,
        f"What differs: {foreign.reason}." if foreign else "",
        instead,
        *flags(picked.clip, channel),
        whole,
    ]
    if overlay:
        lines.append(f"Bright: what {title(overlay.key)} finds unlike normal.")
    slide.text("  \n".join(filter(None, lines)))
    signal = state.signal
    with slide.figure_place():
        player(
            signal if signal.is_denoised else replace(signal, mix=None),
            key=PLAYER,
            overlay=overlay,
            regions=strongest(selected, overlay, state.played, bool(place)),
            first_map=best_map,
            large=True,
        )


def prepare_ahead(story: Story) -> None:
    """Compute what the step shows, which the caches then hold: denoising, the guard's figures, every score, the map."""
    with suppress(AsdError):
        context = story.context()
        verdict.verdict_of(context)
        if context.best_map:
            overlay_of(context.selected, context.best_map, context.signal.dry, named=False)


def _head(shown: verdict.Verdict | None, place: str, whole: str) -> str:
    if place:
        stands_out = shown is not None and shown.head == verdict.ANOMALY
        return f"{'This clip stands out' if stands_out else 'What stands out most'}: {place}."
    if shown and shown.head == verdict.NORMAL:
        return "As a whole this recording is like normal ones." if whole else "Nothing in this clip stands out."
    return "This is the clip."
