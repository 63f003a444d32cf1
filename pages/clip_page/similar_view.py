"""Clips that sound most like the open one, played and drawn beside it."""

from collections.abc import Mapping
from dataclasses import replace

import pandas as pd
import streamlit as st

from asd_core.explain import Neighbours, level_difference
from asd_core.features import LogMel, features_of
from asd_core.plots import difference_figure
from asd_core.sound import Signal
from pages.clip_page.context import ClipContext
from pages.clip_page.normal_clips import neighbours_of
from pages.components.player import player
from pages.shared.open_clip import clip_facts, open_clip
from pages.shared.recordings import catalogue_clip, clip_titles, dataset_of
from pages.shared.signals import channel_of, signal_of
from pages.shared.tables import BUTTON_ROW, table
from pages.shared.uploads import uploads

NARROWEST = 400
OTHER = "beside"  # of the clip that is played beside the open one, in the address
UPLOAD = "upload:"


def draw(context: ClipContext) -> None:
    """Nearest normals and anomalies; a click plays one beside the open clip."""
    selected = context.selected
    result, gone = neighbours_of(selected.source, selected.machine_id, context.signal)
    if gone:
        st.info(f"{gone} These clips can be listed but not played.", icon=":material/volume_off:")
    ids = [*result.normals["clip_id"], *result.anomalies["clip_id"]]
    names = dict(zip(ids, clip_titles(selected.source, ids), strict=True))
    grid = st.grid(2, min_column_width=NARROWEST)
    for name, heading, rows in (
        ("normals", "Nearest normal clips (training)", result.normals),
        ("anomalies", "Most similar labelled anomalies (test)", result.anomalies),
    ):
        with grid.cell():
            st.markdown(f"**{heading}**")
            _rows(rows, names, name)
    st.caption(
        f"Machine id {selected.machine_id}, all as recorded. Distance: root mean square difference of level, spread and peak of "
        "all mel bands, each in standard deviations of the normal training clips."
    )
    _beside(context, result, gone)


def _rows(rows: pd.DataFrame, names: Mapping[str, str], name: str) -> None:
    """A table of clips whose buttons play and open them."""
    if rows.empty:
        st.info("This machine id has none.", icon=":material/info:")
        return
    ids = rows["clip_id"].tolist()
    shown = rows[["distance"]].assign(
        play=":material/play_arrow: Listen",
        clip=[names[i] for i in ids],
        facts=[" · ".join(clip_facts(row)) for row in rows.to_dict("records")],
        open=":material/open_in_new:",
    )
    table(
        shown[["play", "clip", "distance", "facts", "open"]],
        row=BUTTON_ROW,
        key=f"similar_{name}",
        alt=f"Similar clips: {name}",
        column_config={
            "play": st.column_config.ButtonColumn(
                "", width=78, key=f"listen_{name}", on_click=_listen, args=(f"listen_{name}", ids)
            ),
            "clip": st.column_config.TextColumn("Clip", width=162),
            "distance": st.column_config.NumberColumn("Distance", format="%.2f", width=60),
            "facts": st.column_config.TextColumn("Fault, SNR", width=152, help="SNR: signal-to-noise ratio."),
            "open": st.column_config.ButtonColumn(
                "Open", width=56, type="tertiary", key=f"open_{name}", on_click=_open, args=(f"open_{name}", ids)
            ),
        },
    )


def _listen(key: str, ids: list[str]) -> None:
    st.session_state[OTHER] = ids[st.session_state[key]["row"]]
    st.session_state["beside_plays"] = True


def _open(key: str, ids: list[str]) -> None:
    open_clip(ids[st.session_state[key]["row"]])


def _beside(context: ClipContext, neighbours: Neighbours, gone: str) -> None:
    """The open clip and another one side by side, and the difference of their levels."""
    options = _options(context, neighbours, gone)
    if not options:
        return
    other_id = st.selectbox(
        "Compare with",
        list(options),
        index=None,
        key=OTHER,
        bind="query-params",
        format_func=lambda i: options.get(i, i),
        placeholder="any clip of this machine id, or an upload",
        width=420,
    )
    if other_id is None:
        st.caption("Listen to a clip above, or choose any other one, to hear it beside the open clip.")
        return
    other = _other(context, str(other_id))
    name, here = options[other_id], context.picked.title
    plays = bool(st.session_state.pop("beside_plays", False))
    grid = st.grid(2, min_column_width=NARROWEST)
    with grid.cell():
        st.markdown(f"**The open clip:** {here}")
        player(replace(context.signal, mix=None), key="beside_open", compact=True)
    with grid.cell():
        st.markdown(f"**Beside it:** {name}")
        player(other, key="beside_other", compact=True, autoplay=plays)
    mel = LogMel()
    difference = level_difference(features_of(context.signal.clip, mel), features_of(other.clip, mel))
    st.plotly_chart(difference_figure(difference, mel.frequencies(), (here, name)), key="levels")
    st.caption(f"Level of {here} above that of {name} at each mel band, both as recorded and averaged over time.")


def _options(context: ClipContext, neighbours: Neighbours, gone: str) -> dict[str, str]:
    """Clips that can stand beside the open one by key: similar ones first, then the catalogue's, then uploads."""
    selected, subset = context.selected, context.signal.clip.sha256
    dropped = {f"{UPLOAD}{sha}": f"{upload.name} (upload)" for sha, upload in uploads().items() if sha != subset}
    if gone:
        return dropped
    near = [*neighbours.normals["clip_id"], *neighbours.anomalies["clip_id"]]
    dataset = dataset_of(selected.source)
    wanted = set(dataset.rows(machine_id=selected.machine_id)["clip_id"])
    open_now = st.session_state.get("clip") if context.picked.facts.get("split") else None
    every = dict.fromkeys(str(i) for i in [*near, *(i for i in dataset.titles if i in wanted)])
    return {
        **dropped,
        **{i: name for i, name in zip(every, clip_titles(selected.source, every), strict=True) if i != open_now},
    }


def _other(context: ClipContext, key: str) -> Signal:
    if key.startswith(UPLOAD):
        clip = uploads()[key.removeprefix(UPLOAD)].clip()
    else:
        clip = catalogue_clip(context.selected.source, key)
    return signal_of(clip, channel=channel_of(clip, context.signal.channel)[0])
