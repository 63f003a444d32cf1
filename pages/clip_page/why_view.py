"""Why every detector scores the clip as it does: in a sentence, and as a map over the spectrogram."""

from contextlib import suppress
from functools import partial
from math import log1p

import pandas as pd
import streamlit as st

from asd_core.counting import counted
from asd_core.errors import PretrainedError
from asd_core.explain import Explanation, with_map
from asd_core.progress import Progress
from asd_core.scoring import DetectorScore
from asd_core.sound import Signal
from pages.clip_page.background_work import work
from pages.clip_page.context import ClipContext
from pages.clip_page.open_signal import PLAYER
from pages.clip_page.page_rerun import run_page
from pages.clip_page.signal_scores import explained, signal_scores
from pages.clip_page.verdict import HEADS, in_tables
from pages.clip_page.version_choice import chosen_version
from pages.components.player import ask_for_map, player_state
from pages.shared.choice import title
from pages.shared.tables import BUTTON_ROW, table

SHOW, HIDE = "Show map", "Hide map"
CLICK = "why_map"
MOST = 100.0  # a margin that fills the bar, as in the score table
LONG = 104  # letters that a row has room for beside the sidebar of a window of 1440 pixels
SHORT = "why_short"  # sentences that only narrower windows cut: Python does not know how wide one is
STYLE = f"""<style>@media (min-width: 1440px) {{ :has(> .st-key-{SHORT}) {{ display: none; }} }}</style>"""


def draw(context: ClipContext) -> None:
    """A row per detector, the largest margin first."""
    version = chosen_version(context)
    explanations = work("why", context.key(version), "Explaining the scores", partial(_explanations, context, version))
    if explanations is None:
        return
    scores = sorted(signal_scores(context.selected, version), key=lambda s: (s.decision != "anomaly", -s.margin))
    shown = player_state(PLAYER, context.signal, context.best_map).overlay
    keys = [score.detector for score in scores]
    table(
        _rows(scores, explanations, shown),
        row=BUTTON_ROW,
        margins=["Margin"],
        key="why_table",
        alt="Why every detector scores the clip as it does",
        column_config={
            "Detector": st.column_config.TextColumn(width=150),
            "Map": st.column_config.ButtonColumn(width=86, key=CLICK, on_click=_toggle, args=(keys, shown)),
            "Margin": st.column_config.NumberColumn(
                width=66,
                help="How far beyond the threshold, in spreads of this machine's normal clips; below 0 is normal.",
            ),
            "Beyond": st.column_config.ProgressColumn(
                "Log scale",
                min_value=0,
                max_value=1,
                format=" ",
                width=72,
                help=f"The margin beyond the threshold, as in the score table: the bar grows with its logarithm and is full at {MOST:.0f}.",
            ),
            "Decision": st.column_config.TextColumn(width=76),
            "Why": st.column_config.TextColumn(width=640),
        },
    )
    below = [key for key in keys if key != shown]  # that of the map is below the player
    _sentences([explanations[key] for key in below if len(explanations[key].description) > LONG])
    st.html(STYLE)
    with st.container(key=SHORT):
        _sentences([explanations[key] for key in below if len(explanations[key].description) <= LONG])
    st.caption(
        f"The clip {version.description}, largest margin over the threshold first, in spreads of the normal clips of machine id "
        f"{context.selected.machine_id}. A sentence names the time that stands out most of a detector's map and "
        f"the narrowest band that holds half of it there. {len(with_map(keys))} of {counted(len(keys), 'detector')} {'has' if len(with_map(keys)) == 1 else 'have'} a map; the "
        "player lays it over what is played, recorded or denoised."
    )


def _sentences(cut: list[Explanation]) -> None:
    """What a row of the table has no room for, in full."""
    for one in cut:
        st.caption(f"**{title(one.detector)}**: {one.description}")


def _explanations(context: ClipContext, signal: Signal, progress: Progress) -> dict[str, Explanation]:
    keys = context.selected.detectors
    explanations = {}
    for index, key in enumerate(keys):
        progress(index / len(keys), title(key))
        with suppress(PretrainedError):  # it has no score either, and is named beside the player
            explanations[key] = explained(context.selected, key, signal)
    return explanations


def _rows(scores: list[DetectorScore], explanations: dict[str, Explanation], shown: str | None) -> pd.DataFrame:
    return pd.DataFrame(
        [
            {
                "Detector": title(s.detector),
                "Map": None if explanations[s.detector].map is None else HIDE if s.detector == shown else SHOW,
                "Margin": s.margin,
                "Beyond": _share(s.margin),
                "Decision": in_tables(HEADS["not sure" if s.is_close else s.decision]),
                "Why": explanations[s.detector].description,
            }
            for s in scores
        ]
    )


def _share(margin: float) -> float:
    """How much of its bar a margin fills: that of the score table's ``barShare``; nothing below the threshold."""
    return min(1.0, log1p(max(margin, 0.0)) / log1p(MOST))


def _toggle(keys: list[str], shown: str | None) -> None:
    """Put the map of the clicked row over the player's spectrogram, or take it away."""
    key = keys[st.session_state[CLICK]["row"]]
    ask_for_map(PLAYER, None if key == shown else key)
    run_page()
