"""The place of work: the player, the keys, and what is known of the clip."""

from dataclasses import dataclass

import streamlit as st

from asd_core.audio import Clip
from asd_core.denoise import DenoiseEnds
from asd_core.errors import AsdError
from asd_core.labels import LABELS, OnClip, Progress, new_uid
from asd_core.settings import get_settings
from pages.shared import library
from pages.shared.labelling import acts, regions, work
from pages.shared.labelling.acts import Heard
from pages.shared.labelling.panel import OfClip, panel
from pages.shared.labelling.work import Queue, Setting
from pages.shared.messages import sentences
from pages.shared.player import fetch_ahead, player
from pages.shared.score_table import disagreement
from pages.shared.warm_up import is_warm

KEY = "label_player"
PANEL = 370  # pixels
KEYS = {"normal": "N", "anomaly": "A", "unsure": "U"}
# Where both do not fit side by side, the panel goes above the player: its buttons must not be below the screen's end.
STYLE = """<style>:has(> .st-key-label_sound) { min-width: min(520px, 100%); }
@media (max-width: 1250px) { :has(> .st-key-label_side) { order: -1; flex: 1 0 100%; } }
/* Keys are pressed with nothing in focus: the browser would frame the whole page. */
[data-testid="stMain"]:focus-visible::before { box-shadow: none; }</style>"""
STRENGTH = 0.6


@dataclass(frozen=True, eq=False)
class Open:
    """The clip at its place, and what is known of it."""

    here: Heard
    known: OnClip
    clip: Clip


def station(setting: Setting) -> None:
    """The place of work; what is the same for every clip is sent once."""
    st.html(STYLE)
    _clips(setting)
    _legend()


@st.fragment
def _clips(setting: Setting) -> None:
    """One clip after another. Errors are shown here: they do not leave a fragment."""
    with sentences():
        queue = work.current_queue(setting)
        if problem := st.session_state.pop(acts.PROBLEM, ""):
            st.error(problem, icon=":material/error:")
        at = work.place(queue)
        if at >= len(queue):
            _nothing_left(queue)
            _side(setting, queue, at)
            return
        try:
            clip, clip_id, machine_id = work.clip_at(queue, setting, at)
        except AsdError as error:
            st.error(str(error), icon=":material/error:")
            _side(setting, queue, at)
            return
        _one(setting, queue, at, clip, clip_id, machine_id)
        _next_ready(setting, queue, at + 1)


def _one(setting: Setting, queue: Queue, at: int, clip: Clip, clip_id: str, machine_id: str) -> None:
    """The clip, and everything that can be said of it.

    Whatever has to be read comes first: what the browser is sent at once, it draws at once.
    """
    sound, ends = _sound(clip)
    source, annotator = setting.selected.source, setting.annotator
    known = work.store().on_clip(source.name, clip.sha256, annotator=annotator if setting.blind else None)
    uid, highest = _uid(clip.sha256, at), sound.sample_rate / 2
    with st.container(horizontal=True):
        with st.container(width="stretch", key="label_sound"):
            now = player(
                sound,
                ends,
                key=KEY,
                strength=STRENGTH,
                regions=regions.shown(known.regions, annotator, highest),
                autoplay=setting.autoplay,
            )
        here = Heard(source.name, annotator, clip.sha256, clip_id, machine_id, setting.blind, uid, now.region, highest)
        _side(setting, queue, at, Open(here, known, clip))


def _side(setting: Setting, queue: Queue, at: int, opened: Open | None = None) -> None:
    """Beside the player: the place in the queue, the clip's labels and regions where one is open, and how much is done."""
    here = opened.here if opened else None
    with st.container(width=PANEL, border=True, key="label_side"):
        shown = _of_clip(opened) if opened else None
        panel(queue.uid, at, len(queue), shown, lambda act: acts.do(act, setting, queue, at, here))
        if opened:
            regions.edited(opened.here)
            regions.listed(opened.here, opened.known.regions)
            if not setting.blind:
                _seen(setting, opened)
        _done(setting)  # last: counting takes longer than all the rest


def _of_clip(opened: Open) -> OfClip:
    here, known = opened.here, opened.known
    own = next((said for said in known.said if said.annotator == here.annotator), None)
    return OfClip(
        uid=here.uid,
        name=here.clip_id.rsplit("/", 1)[-1],
        about=f"Machine id {here.machine_id} · {opened.clip.duration:.1f} s",
        own="" if own is None else own.label or ("skipped" if own.skipped else ""),
        note=own.note if own else "",
        labels=[(name, KEYS[name]) for name in LABELS],
        classes=regions.classes(here, known.regions),
    )


def _sound(clip: Clip) -> tuple[Clip, DenoiseEnds | None]:
    """The clip as the player takes it, with its denoising once the denoiser is imported."""
    channel = get_settings().channel
    sound = library.prepared(clip.sha256, channel, clip)
    return sound, library.ends(clip.sha256, channel, "stationary", None, sound) if is_warm() else None


def _uid(sha256: str, at: int) -> str:
    """One name for the act that leaves this clip, however often the page is drawn before."""
    kept = st.session_state.get("label_uid")
    if not kept or kept[:2] != (sha256, at):
        kept = (sha256, at, new_uid())
        st.session_state["label_uid"] = kept
    return str(kept[2])


def _done(setting: Setting) -> None:
    """How much is done, and how fast."""
    done: Progress = work.store().progress(setting.selected.source.name, setting.annotator)
    counts = ", ".join(f"{n:,} {name}" for name, n in done.counts.items() if n)
    text = f"You labelled {done.labelled:,} in all" + (f": {counts}" if counts else "")
    st.caption(text + (f" · {done.pace:.1f} s a label" if done.pace is not None else ""))


def _nothing_left(queue: Queue) -> None:
    if len(queue):
        st.success("That was the last clip of this queue.", icon=":material/done_all:")
    else:
        st.info(
            "No clip is left here: everything is labelled, or nobody else has labelled anything for a second opinion. "
            "Choose another order, split or machine id, or switch off Unlabelled only.",
            icon=":material/done_all:",
        )
    st.button("Make the queue anew", key="label_renew", icon=":material/refresh:", on_click=work.renew)


def _seen(setting: Setting, opened: Open) -> None:
    """What blind labelling hides: the catalogue's label, other people's, the detectors' verdicts."""
    selected, here = setting.selected, opened.here
    lines = []
    if setting.where != work.UPLOADS:
        row = library.dataset(selected.source).catalogue.set_index("clip_id").loc[here.clip_id]
        lines.append(f"Dataset: **{row['label']}**")
    others = (said for said in opened.known.said if said.label and said.annotator != here.annotator)
    lines += [f"{said.annotator}: **{said.label}**" for said in others]
    st.markdown("\n".join(f"- {line}" for line in lines) or "Nobody has labelled it.")
    rate = selected.rate
    scores = library.stored_clip_scores(selected.source, selected.detectors, here.machine_id, rate, opened.clip.sha256)
    st.caption(disagreement(scores) if scores else "No scores of this clip are stored.")


def _next_ready(setting: Setting, queue: Queue, at: int) -> None:
    """Read and denoise the next clip, and let the browser fetch it, while this one is heard."""
    if at >= len(queue):
        return
    try:
        clip, _, _ = work.clip_at(queue, setting, at)
        fetch_ahead(*_sound(clip), key=KEY)
    except AsdError:
        return  # said when its turn comes


def _legend() -> None:
    """The keys, in a line."""
    marks = " · ".join(f"**{KEYS[name]}** {name}" for name in LABELS)
    st.caption(
        f"{marks} · **S** skip · **Z** undo · **← →** go through the queue · **P** play · **B** back 1 s · **1 – 9** mark the "
        f"region that you dragged"
    )
