"""Where detectors fail: by any attribute of the clips, and their worst clips, to be played."""

from typing import Any

import pandas as pd
import streamlit as st

from asd_core.counting import percent
from asd_core.errors import AsdError
from asd_core.evaluation import breakdown, misses_and_false_alarms, without_value
from asd_core.plots import breakdown_figure
from asd_core.report import clips_without
from asd_core.scoring import score_attributes
from asd_core.sound import Signal, wav_bytes
from pages.compare_page.fewer_ids import name_fewer_ids
from pages.compare_page.filters import ComparedScores, capital, word
from pages.shared import linked
from pages.shared.caching import cache_bytes
from pages.shared.choice import title
from pages.shared.open_clip import clip_facts, open_clip, open_row
from pages.shared.recordings import catalogue_clip, clip_titles
from pages.shared.signals import signal_of
from pages.shared.tables import margin_text, table
from pages.shared.trained_models import calibration_of, thresholds_of

PLAYED = 3  # of each kind: a player holds its clip's bytes
MARGIN = "How far above the threshold (below 0: under it), in spreads of the machine's normal clips."
LISTED, MOST_ROWS = 50, 12  # clips in the table, and how many of them are seen without scrolling


def draw(compared: ComparedScores) -> None:
    """AUC by an attribute of the catalogue, and one detector's worst misses and false alarms."""
    selected, scores = compared.selected, compared.scores
    there = [*score_attributes(scores), *(["machine_id"] if scores["machine_id"].nunique() > 1 else [])]
    if there:
        attribute = linked.segmented("AUC by", there, key="by", format_func=word)
        if (figure := _broken_down(compared, attribute)) is not None:
            st.plotly_chart(figure, key="breakdown")
            without = without_value(compared.scores, attribute)
            left_out = f" {clips_without(without, word(attribute))} left out." if without else ""
            st.caption(f"{compared.description()}. Mean over machine ids; an empty square is not computable.{left_out}")
        else:
            st.info(f"AUC by {word(attribute)} is not computable here.", icon=":material/info:")
    else:
        st.info("The clips in scope differ in no attribute.", icon=":material/filter_alt:")
    name_fewer_ids(compared)
    key = linked.selectbox("Worst clips of", selected.detectors, format_func=title, key="worst_of", width=300)
    misses, false_alarms = _worst(compared, key)
    side_by_side = st.grid(2, min_column_width=380)
    rate = percent(selected.rate)
    for heading, result, name in (
        (f"Missed anomalies at the threshold for {rate} false alarms", misses, "misses"),
        (f"False alarms at the threshold for {rate}", false_alarms, "false_alarms"),
    ):
        with side_by_side.cell():
            st.markdown(f"**{heading}**")
            if result.empty:
                st.info("None in scope.", icon=":material/check:")
                continue
            clip_names = clip_titles(selected.source, result["clip_id"])
            for row, clip_name in zip(result.head(PLAYED).to_dict("records"), clip_names, strict=False):
                _player(compared, row, name, clip_name)
            _rows(compared, result, name)


@cache_bytes
def _broken_down(compared: ComparedScores, attribute: str) -> Any:  # Plotly has no types
    """AUC by an attribute; ``None`` where no value's can be computed."""
    figures = breakdown(compared.scores, attribute)
    names = {key: title(key) for key in compared.selected.detectors}
    return breakdown_figure(figures, names, word(attribute)) if figures["auc"].notna().any() else None


@cache_bytes
def _worst(compared: ComparedScores, key: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    """A detector's worst misses and false alarms."""
    mine = compared.scores[compared.scores["detector"] == key]
    calibration = calibration_of(compared.selected.source, key).scores
    return misses_and_false_alarms(mine, thresholds_of(compared.selected)[key], calibration, LISTED)


@cache_bytes
def _wav(signal: Signal) -> bytes:
    return wav_bytes(signal.output.samples[0], signal.clip.sample_rate)


def _player(compared: ComparedScores, row: dict[str, object], name: str, clip_name: str) -> None:
    """A clip as the detectors scored it, to be played, and a way to its page."""
    clip_id = str(row["clip_id"])
    facts = " · ".join([f"margin {margin_text(float(str(row['margin'])))}", *clip_facts(row)])
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button(
            clip_name,
            key=f"{name}_{clip_id}",
            icon=":material/open_in_new:",
            help=f"Open {clip_id}: {facts}",
            on_click=open_clip,
            args=(clip_id, str(row["machine_id"])),
            type="tertiary",
        )
        st.caption(facts)
    try:
        st.audio(_sound(compared, clip_id), format="audio/wav")
    except AsdError as error:
        st.caption(f":material/volume_off: {error}")


def _sound(compared: ComparedScores, clip_id: str) -> bytes:
    """WAV of a clip as the detectors scored it."""
    source, scope = compared.selected.source, compared.scope
    clip = catalogue_clip(source, clip_id)
    signal = signal_of(clip, denoiser=scope.denoise > 0, kind=scope.kind, strength=scope.denoise)
    return _wav(signal)


def _rows(compared: ComparedScores, clips: pd.DataFrame, key: str) -> None:
    """Clips as rows that open them."""
    columns = [name for name in score_attributes(clips) if name not in ("machine_type", "margin", "threshold")]
    with st.expander(f"All {len(clips)}" if len(clips) < LISTED else f"The worst {LISTED}", icon=":material/list:"):
        table(
            clips[["clip_id", "margin", "calibrated", *columns]].assign(
                clip_id=clip_titles(compared.selected.source, clips["clip_id"])
            ),
            key=key,
            most=MOST_ROWS,
            margins=["margin"],
            on_select=lambda: open_row(key, clips),
            selection_mode="single-row",
            column_config={
                "clip_id": "Clip",
                "margin": st.column_config.NumberColumn("Margin", help=MARGIN),
                "calibrated": st.column_config.NumberColumn("Percentile", format="%.0f"),
                **{name: capital(word(name)) for name in columns},
                "severity": st.column_config.NumberColumn("Severity", format="%.2f"),
            },
        )
        st.caption("Choose a row to open its clip.")
