"""Where detectors fail: by any attribute of the clips, and their worst clips, to be heard."""

import pandas as pd
import streamlit as st

from asd_core.errors import AsdError
from asd_core.evaluation import breakdown, misses_and_false_alarms
from asd_core.plots import breakdown_figure
from asd_core.scoring import score_attributes
from asd_core.sound import wav_bytes
from pages.compare_page.filters import ComparedScores, capital, word
from pages.shared.choice import percent, title
from pages.shared.open_clip import open_clip, open_row
from pages.shared.recordings import catalogue_clip
from pages.shared.signals import signal_of
from pages.shared.table_sizes import ROW_HEIGHT, table_height
from pages.shared.trained_models import thresholds_of

HEARD = 3  # of each kind: a player holds its clip's bytes
LISTED = 50


def draw(compared: ComparedScores) -> None:
    """AUC by an attribute of the catalogue, and one detector's worst misses and false alarms."""
    selected, scores = compared.selected, compared.scores
    there = [*score_attributes(scores), *(["machine_id"] if scores["machine_id"].nunique() > 1 else [])]
    if there:
        attribute = st.segmented_control(
            "AUC by",
            there,
            default=there[0],
            required=True,
            key="by",
            bind="query-params",
            format_func=word,
        )
        names = {key: title(key) for key in selected.detectors}
        table = breakdown(scores, str(attribute))
        if table["auc"].notna().any():
            st.plotly_chart(breakdown_figure(table, names, word(str(attribute))), key="breakdown")
            st.caption(f"{compared.description()}. Mean over machine ids; an empty square is not computable.")
        else:
            st.info(f"AUC by {word(str(attribute))} is not computable here.", icon=":material/info:")
    else:
        st.info("The clips in scope differ in no attribute.", icon=":material/filter_alt:")
    key = str(
        st.selectbox(
            "Worst clips of", selected.detectors, format_func=title, key="worst_of", bind="query-params", width=300
        )
    )
    subset = scores[scores["detector"] == key]
    limits = thresholds_of(selected)[key]
    misses, false_alarms = misses_and_false_alarms(subset, limits, LISTED)
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
            for row in result.head(HEARD).to_dict("records"):
                _player(compared, row, name)
            _rows(result, name)


def _player(compared: ComparedScores, row: dict[str, object], name: str) -> None:
    """A clip to be heard, as the detectors heard it, and a way to its page."""
    clip_id, facts = str(row["clip_id"]), _facts(row)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button(
            str(clip_id).split("/")[-1],
            key=f"{name}_{clip_id}",
            icon=":material/open_in_new:",
            help=f"Open {clip_id}: percentile {row['calibrated']:.0f}{facts}",
            on_click=open_clip,
            args=(clip_id, str(row["machine_id"])),
            type="tertiary",
        )
        st.caption(f"percentile {row['calibrated']:.0f}{facts}")
    try:
        st.audio(_sound(compared, clip_id), format="audio/wav")
    except AsdError as error:
        st.caption(f":material/volume_off: {error}")


def _facts(row: dict[str, object]) -> str:
    fault, severity, snr = row.get("fault"), row.get("severity"), row.get("snr_db")
    results = [str(fault).replace("_", " ")] if fault else []
    results += [f"severity {severity:.2f}"] if isinstance(severity, float) and severity > 0 else []
    results += [f"SNR {snr:g} dB"] if isinstance(snr, int | float) and snr == snr else []
    return "".join(f" · {fact}" for fact in results)


def _sound(compared: ComparedScores, clip_id: str) -> bytes:
    """WAV of a clip as the detectors heard it."""
    source, scope = compared.selected.source, compared.scope
    clip = catalogue_clip(source, clip_id)
    signal = signal_of(clip, denoiser=scope.denoise > 0, kind=scope.kind, strength=scope.denoise)
    return wav_bytes(signal.output.samples[0], signal.clip.sample_rate)


def _rows(found: pd.DataFrame, key: str) -> None:
    """Clips as rows that open them."""
    columns = [name for name in score_attributes(found) if name not in ("machine_type",)]
    with st.expander(f"All {len(found)}" if len(found) < LISTED else f"The worst {LISTED}", icon=":material/list:"):
        st.dataframe(
            found[["clip_id", "calibrated", *columns]].assign(clip_id=[c.split("/")[-1] for c in found["clip_id"]]),
            hide_index=True,
            key=key,
            row_height=ROW_HEIGHT,
            height=min(table_height(len(found)), table_height(12)),
            on_select=lambda: open_row(key, found),
            selection_mode="single-row",
            column_config={
                "clip_id": "Clip",
                "calibrated": st.column_config.NumberColumn("Percentile", format="%.0f"),
                **{name: capital(word(name)) for name in columns},
                "severity": st.column_config.NumberColumn("Severity", format="%.2f"),
            },
        )
        st.caption("Choose a row to open its clip.")
