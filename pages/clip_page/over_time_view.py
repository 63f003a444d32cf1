"""Long recordings: scores of a window that slides over them, and the moments that stand out."""

from functools import partial
from typing import Any

import pandas as pd
import streamlit as st

from asd_core.counting import counted, percent
from asd_core.evaluation import percentile_in_words
from asd_core.explain import locate
from asd_core.plots import timeline_figure
from asd_core.progress import Progress
from asd_core.scoring import (
    anomalous_throughout,
    flagged_moments,
    moments_audacity,
    scan_csv,
    scan_recording,
    scan_windows,
    with_decisions,
)
from asd_core.sound import Signal, channel_label
from pages.clip_page.background_work import work
from pages.clip_page.context import ClipContext
from pages.clip_page.exports import clip_file, provenance
from pages.clip_page.page_rerun import seek
from pages.clip_page.reliability import auc_order
from pages.clip_page.scan_window import steps, usual_length
from pages.clip_page.version_choice import chosen_version
from pages.shared import linked
from pages.shared.choice import title
from pages.shared.emphasis import is_dark, rule, stand_out
from pages.shared.tables import BUTTON_ROW, download, table
from pages.shared.trained_models import chosen_models

CHART, GO = "timeline", "moment_go"
MOST_ROWS = 12


def draw(context: ClipContext) -> None:
    """Margins over time, the flagged moments, and their downloads."""
    selected = context.selected
    with st.container(horizontal=True, vertical_alignment="bottom"):
        version = chosen_version(context)
        usual = usual_length(selected.source)
        by_name = steps(usual)
        window, hop = by_name[linked.segmented("Window", list(by_name), key="window")]
    spans = scan_windows(context.signal.clip.duration, window, hop)
    if usual and window < usual:
        st.warning(
            f"The detectors were trained on clips of about {usual:g} s: windows of {window:g} s are unlike these, so "
            "scores rise without a fault. Compare the windows with each other.",
            icon=":material/warning:",
        )
    if len(spans) == 1:
        st.info(
            f"This recording of {context.signal.clip.duration:.1f} s is one window: its scores are those beside the player. "
            "Choose a shorter window to look inside it.",
            icon=":material/timeline:",
        )
        return
    key = (*context.key(version), window, hop)
    name = f"Scoring {counted(len(spans), 'window')} by {counted(len(selected.detectors), 'detector')}"
    scores = work("scan", key, name, partial(_scan, context, version, window, hop))
    if scores is None:
        return
    windows = with_decisions(scores, chosen_models(context.selected), selected.machine_id, selected.rate)
    result = flagged_moments(windows)
    names = {k: title(k) for k in selected.detectors}
    curves = timeline_figure(windows, result, names)
    stand_out(curves, auc_order(selected), selected.in_use, dark=is_dark())
    st.plotly_chart(curves, key=CHART, on_select=_jump, selection_mode="points")
    silent = int(scores["raw"].isna().sum() / scores["detector"].nunique())
    st.caption(
        f"Each point is a window of {window:g} s as a clip of its own, {version.description}: how far its score lies above the "
        f"detector's threshold for {percent(selected.rate)} false alarms a window, in spreads of the detector's own held-out "
        f"normal clips of machine id {selected.machine_id}.{rule(len(names), selected.in_use)} Triangles are the peaks of the moments below. Click a point to hear "
        "it from there."
        + (f" {silent} silent {'window has' if silent == 1 else 'windows have'} no score." if silent else "")
    )
    _show_whole_recording(anomalous_throughout(windows), selected.detectors, result)
    if result.empty:
        _downloads(context, version, windows, result)
        return
    placed = work("locate", (*key, selected.rate), "Locating the moments", partial(_locate, context, version, result))
    _moments(result.assign(instant=float("nan")) if placed is None else placed, len(spans), context)
    if placed is not None:
        _downloads(context, version, windows, placed)


def _show_whole_recording(keys: list[str], detectors: list[str], moments: pd.DataFrame) -> None:
    """Say that the recording differs as a whole, or that nothing in it is flagged."""
    if keys:
        who = (
            f"{len(keys)} of {len(detectors)} detectors {'is above its' if len(keys) == 1 else 'are above their'} threshold"
            if len(detectors) > 1
            else f"{title(keys[0])} is above its threshold"
        )
        below = (
            "The moments below are where it stands out from its own level."
            if set(keys) & set(moments["detector"])
            else "Nothing in it stands out from its own level."
        )
        st.warning(
            f"{who} from beginning to end: the recording differs from the normal clips as a whole. {below} "
            f"({', '.join(title(key) for key in keys)})",
            icon=":material/timeline:",
        )
    elif moments.empty:
        st.info("No detector flags any window.", icon=":material/check:")


def _scan(context: ClipContext, signal: Signal, window: float, hop: float, progress: Progress) -> pd.DataFrame:
    return scan_recording(
        signal.output,
        chosen_models(context.selected),
        context.selected.machine_id,
        window=window,
        hop=hop,
        recorded=signal.clip,
        denoise=signal.strength if signal.is_denoised else 0.0,
        kind=signal.kind,
        progress=progress,
    )


def _locate(context: ClipContext, signal: Signal, moments: pd.DataFrame, progress: Progress) -> pd.DataFrame:
    return locate(moments, signal.output, chosen_models(context.selected), recorded=signal.clip, progress=progress)


def _jump() -> None:
    """The player goes to the clicked window."""
    points: list[dict[str, Any]] = st.session_state[CHART].selection.points
    if points and points[0].get("customdata"):
        seek(float(points[0]["customdata"][0]))


def heading(moments: pd.DataFrame, n_windows: int) -> str:
    """How many moments were flagged, and by how many detectors: one sound that ten of them flag is ten rows."""
    flagging = int(moments["detector"].nunique())
    each = f"by {counted(flagging, 'detector')}, each on its own, " if flagging > 1 else ""
    return f"**{counted(len(moments), 'flagged moment')}** {each}in {n_windows} windows, the strongest first"


def _moments(moments: pd.DataFrame, n_windows: int, context: ClipContext) -> None:
    """The flagged moments as a table whose buttons jump to their strongest instant."""
    st.markdown(heading(moments, n_windows))
    instants = moments["instant"].fillna(moments["peak_start"]).tolist()
    models, machine_id = chosen_models(context.selected), context.selected.machine_id
    held_out = {key: models[key].calibration.n(machine_id) for key in moments["detector"].unique()}
    normals = [
        percentile_in_words(p, held_out[key])
        for key, p in zip(moments["detector"], moments["peak_calibrated"], strict=True)
    ]
    columns = ("detector", "start", "end", "instant", "peak_margin", "normals", "f0", "f1")
    shown = moments.assign(
        detector=[title(key) for key in moments["detector"]], go=":material/play_arrow: Go", normals=normals
    )
    table(
        shown[["go", *(name for name in columns if name in shown)]],
        row=BUTTON_ROW,
        most=MOST_ROWS,
        margins=["peak_margin"],
        key="moments",
        alt="Flagged moments",
        placeholder="",  # a detector without a map names no band
        column_config={
            "go": st.column_config.ButtonColumn("", width=64, key=GO, on_click=_go, args=(instants,)),
            "detector": st.column_config.TextColumn("Detector", width=160),
            "start": _seconds("From, s"),
            "end": _seconds("To, s"),
            "instant": st.column_config.NumberColumn(
                "Strongest, s",
                format="%.2f",
                width=92,
                help="Where Go jumps: the strongest instant of the detector's map; for a detector without a map, of "
                "another detector's in the same moment.",
            ),
            "peak_margin": st.column_config.NumberColumn(
                "Margin",
                width=72,
                help="Of the strongest window over the threshold, in spreads of the held-out normal clips (from their median to "
                "their 84th percentile).",
            ),
            "normals": st.column_config.TextColumn("Among normal clips", width=210),
            "f0": st.column_config.NumberColumn("Band from, Hz", format="%.0f", width=96),
            "f1": st.column_config.NumberColumn("Band to, Hz", format="%.0f", width=88),
        },
    )


def _seconds(label: str) -> Any:
    return st.column_config.NumberColumn(label, format="%.2f", width=78)


def _go(instants: list[float]) -> None:
    seek(instants[st.session_state[GO]["row"]])


def _downloads(context: ClipContext, version: Signal, windows: pd.DataFrame, moments: pd.DataFrame) -> None:
    about = provenance(context.selected, version)
    guard = {name: about[name] for name in ("sha256", "applicable", "applicability_reason")}
    windows, moments = windows.assign(**guard), moments.assign(**guard)
    first = windows.iloc[0]
    channel = f"channel {channel_label(context.signal.channel)}" if context.picked.clip.n_channels > 1 else ""
    of = (context.key(version), len(windows), first["start"], first["end"])
    name = partial(clip_file, about=about, more=[channel], of=of)
    with st.container(horizontal=True):
        download("Windows as CSV", partial(scan_csv, windows), name("windows"))
        download("Moments as CSV", partial(scan_csv, moments), name("moments"))
        labels = partial(moments_audacity, moments)
        download("Moments as Audacity labels", labels, name("moments", ending="txt"), "text/plain")
