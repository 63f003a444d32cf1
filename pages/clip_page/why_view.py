"""Why every detector scores the clip as it does: in a sentence, and as a map over the spectrogram."""

from functools import partial
from typing import TYPE_CHECKING

import streamlit as st

from asd_core.explain import Explanation, with_map
from asd_core.progress import Progress
from asd_core.scoring import DetectorScore
from pages.clip_page.again import run_page
from pages.clip_page.context import ClipContext
from pages.clip_page.listening import KEY
from pages.clip_page.sound_choice import which_sound
from pages.components.player.state import ask_for_map, heard
from pages.shared import library
from pages.shared.sidebar import title
from pages.shared.sound import Sound
from pages.shared.tables import BUTTON_ROW, HEADER
from pages.shared.work import work

if TYPE_CHECKING:
    import pandas as pd

SHOW, HIDE = "Show map", "Hide map"
CLICK = "why_map"
LONG = 125  # letters that a row has room for


def draw(context: ClipContext) -> None:
    """A row a detector, the most surprised first."""
    of = which_sound(context)
    found = work("why", context.key(of), "Explaining the scores", partial(_explanations, context, of))
    if found is None:
        return
    verdicts = sorted(library.clip_scores(context.selected, of), key=lambda s: (s.decision != "anomaly", -s.calibrated))
    shown = heard(KEY, context.clip).overlay
    keys = [verdict.detector for verdict in verdicts]
    table = _table(verdicts, found, shown)
    st.dataframe(
        table,
        hide_index=True,
        row_height=BUTTON_ROW,
        height=BUTTON_ROW * len(table) + HEADER,
        key="why_table",
        alt="Why every detector scores the clip as it does",
        column_config={
            "Detector": st.column_config.TextColumn(width=150),
            "Map": st.column_config.ButtonColumn(width=86, key=CLICK, on_click=_toggle, args=(keys, shown)),
            "Percentile": st.column_config.ProgressColumn(min_value=0, max_value=100, format="%.0f", width=80),
            "Decision": st.column_config.TextColumn(width=76),
            "Why": st.column_config.TextColumn(width=640),
        },
    )
    for key in keys:
        if len(found[key].sentence) > LONG:
            st.caption(f"**{title(key)}**: {found[key].sentence}")
    st.caption(
        f"The clip {of.name}, most surprised detector first; percentile among each detector's own held-out normal clips of "
        f"machine id {context.selected.machine_id}. A sentence names the time that stands out most of a detector's map and "
        f"the narrowest band that holds half of it there. {len(with_map(keys))} of {len(keys)} detectors have a map; the "
        "player lays it over what is heard, recorded or denoised."
    )


def _explanations(context: ClipContext, of: Sound, progress: Progress) -> dict[str, Explanation]:
    keys = context.selected.detectors
    found = {}
    for index, key in enumerate(keys):
        progress(index / len(keys), title(key))
        found[key] = library.explained(context.selected, key, of)
    return found


def _table(verdicts: list[DetectorScore], found: dict[str, Explanation], shown: str | None) -> "pd.DataFrame":
    import pandas as pd

    return pd.DataFrame(
        [
            {
                "Detector": title(v.detector),
                "Map": None if found[v.detector].map is None else HIDE if v.detector == shown else SHOW,
                "Percentile": v.calibrated,
                "Decision": "▲ anomaly" if v.decision == "anomaly" else "· normal",
                "Why": found[v.detector].sentence,
            }
            for v in verdicts
        ]
    )


def _toggle(keys: list[str], shown: str | None) -> None:
    """Put the map of the clicked row over the player's spectrogram, or take it away."""
    key = keys[st.session_state[CLICK]["row"]]
    ask_for_map(KEY, None if key == shown else key)
    run_page()
