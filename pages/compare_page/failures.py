"""Where detectors fail: by any attribute of the clips, and their worst clips, to be played."""

import pandas as pd
import streamlit as st

from asd_core.errors import AsdError
from asd_core.evaluation import breakdown, misses_and_false_alarms
from asd_core.plots import breakdown_figure
from asd_core.scoring import score_attributes
from asd_core.sound import wav_bytes
from pages.compare_page.filters import ComparedScores, capital, word
from pages.shared import linked
from pages.shared.choice import percent, title
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
        names = {key: title(key) for key in selected.detectors}
        figures = breakdown(scores, attribute)
        if figures["auc"].notna().any():
            st.plotly_chart(breakdown_figure(figures, names, word(attribute)), key="breakdown")
            st.caption(f"{compared.description()}. Mean over machine ids; an empty square is not computable.")
        else:
            st.info(f"AUC by {word(attribute)} is not computable here.", icon=":material/info:")
    else:
        st.info("The clips in scope differ in no attribute.", icon=":material/filter_alt:")
    key = linked.selectbox("Worst clips of", selected.detectors, format_func=title, key="worst_of", width=300)
    subset = scores[scores["detector"] == key]
    limits = thresholds_of(selected)[key]
    misses, false_alarms = misses_and_false_alarms(subset, limits, calibration_of(selected.source, key).scores, LISTED)
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
    return wav_bytes(signal.output.samples[0], signal.clip.sample_rate)


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
            on_select=lambda: open_row(key, clips),
            selection_mode="single-row",
            column_config={
                "clip_id": "Clip",
                "margin": st.column_config.NumberColumn("Margin", format="%+.1f", help=MARGIN),
                "calibrated": st.column_config.NumberColumn("Percentile", format="%.0f"),
                **{name: capital(word(name)) for name in columns},
                "severity": st.column_config.NumberColumn("Severity", format="%.2f"),
            },
        )
        st.caption("Choose a row to open its clip.")
