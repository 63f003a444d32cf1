"""Where clips are labelled: the player, the keys, and what is known of the clip."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

import streamlit as st

from asd_core.counting import counted
from asd_core.errors import AsdError
from asd_core.labels import LABELS, AnnotatorProgress, OnClip, opaque_name
from asd_core.sound import DEFAULT_STRENGTH, Clip, Signal
from pages.components.label_panel import OfClip, panel
from pages.components.player import fetch_ahead, player
from pages.components.score_table import disagreement
from pages.label_page import acts, regions
from pages.label_page.acts import DrawnClip
from pages.label_page.clip_tables import EVERY_SPLIT, clips_of, n_unusable
from pages.label_page.queue import Queue, clip_at, current_queue, follow_address, place, renew, write_address
from pages.label_page.queue_settings import DATASET, UPLOADS, QueueSettings
from pages.shared.channel_choice import channel_to_be_chosen, chosen_channel
from pages.shared.error_messages import show_errors
from pages.shared.label_store import label_store
from pages.shared.recordings import clip_titles, dataset_of
from pages.shared.signals import channel_of, signal_of
from pages.shared.stored_scores import stored_clip_scores
from pages.shared.unknown_machine import name_others
from pages.shared.uploads import uploads
from pages.shared.warm_up import is_warm

KEY = "label_player"
PANEL = 330  # pixels; beside the narrowest player it fits a window of 1280
KEYS = {"normal": "N", "anomaly": "A", "unsure": "U"}
# Where both do not fit side by side, the panel goes above the player: its buttons must not be below the screen's end.
STYLE = """<style>:has(> .st-key-label_sound) { min-width: min(520px, 100%); }
@media (max-width: 1266px) { :has(> .st-key-label_side) { order: -1; flex: 1 0 100%; } }
/* Keys are pressed with nothing in focus: the browser would frame the whole page. */
[data-testid="stMain"]:focus-visible::before { box-shadow: none; }</style>"""


@dataclass(frozen=True, eq=False)
class LoadedClip:
    """The clip at its place in the queue, read."""

    clip: Clip
    clip_id: str
    machine_id: str
    signal: Signal
    known: OnClip


def station(settings: QueueSettings) -> None:
    """Draw the player and the panel; what is the same for every clip is sent once."""
    st.html(STYLE)
    with show_errors():
        follow_address(
            current_queue(settings)
        )  # not in the fragment: an act may come before its clip is in the address
        if settings.where == DATASET and (
            n := n_unusable(settings.selected.source, settings.split, settings.machine_id)
        ):
            st.caption(f"{counted(n, 'clip')} cannot be read and {'is' if n == 1 else 'are'} not in the queue.")
    _clips(settings)


@st.fragment
def _clips(settings: QueueSettings) -> None:
    """One clip after another. Errors are shown here: they do not leave a fragment."""
    with show_errors():
        queue = current_queue(settings)
        at = place(queue)
        loaded = _load(settings, queue, at)  # before anything is sent: what the browser gets at once, it draws at once
        write_address(opaque_name(queue.dataset, loaded.clip.sha256) if isinstance(loaded, LoadedClip) else None)
        here = None
        # The containers have keys: whatever there is instead of a clip, the browser keeps the panel as it is.
        with st.container(horizontal=True, key="label_station"):
            with st.container(width="stretch", key="label_sound"):
                if isinstance(loaded, LoadedClip):
                    here = _listen(settings, queue, at, loaded)
                elif loaded:
                    st.error(loaded, icon=":material/error:")
                else:
                    _nothing_left(queue)
            _side(settings, queue, at, loaded, here)
        _next_ready(settings, queue, at + 1)


def _load(settings: QueueSettings, queue: Queue, at: int) -> LoadedClip | str:
    """The clip, or the sentence on why it cannot be played, or nothing at the end of the queue."""
    if at >= len(queue):
        return ""
    annotator = settings.annotator if settings.blind else None
    try:
        clip, clip_id, machine_id = clip_at(queue, settings, at)
        signal = _signal(clip)
        known = label_store().on_clip(settings.selected.source.name, clip.sha256, annotator=annotator)
    except AsdError as error:
        # The reason names the file.
        return "This clip cannot be played: switch off Blind to read why." if settings.blind else str(error)
    return LoadedClip(clip, clip_id, machine_id, signal, known)


def _listen(settings: QueueSettings, queue: Queue, at: int, loaded: LoadedClip) -> DrawnClip:
    highest, sha256 = loaded.signal.clip.sample_rate / 2, loaded.clip.sha256
    now = player(
        loaded.signal,
        key=KEY,
        regions=regions.shown(loaded.known.regions, settings.annotator, highest),
        autoplay=settings.autoplay,
    )
    return DrawnClip(
        dataset=settings.selected.source.name,
        annotator=settings.annotator,
        sha256=sha256,
        clip_id=loaded.clip_id,
        name=clip_titles(settings.selected.source, [loaded.clip_id])[0],
        machine_id=loaded.machine_id,
        blind=settings.blind,
        queue=settings.queue,
        showing=acts.showing(queue, sha256, at),
        region=now.region,
        highest=highest,
    )


def _side(settings: QueueSettings, queue: Queue, at: int, loaded: LoadedClip | str, here: DrawnClip | None) -> None:
    """Beside the player: the place in the queue, the clip's labels and regions where one is played, and how much is done."""
    with st.container(width=PANEL, border=True, key="label_side"):
        names = label_store().classes() if here and here.region else []
        of_clip = _of_clip(loaded, here, names) if isinstance(loaded, LoadedClip) and here else None
        panel(
            settings.annotator, queue.uid, at, len(queue), of_clip, lambda act: acts.do(act, settings, queue, at, here)
        )
        if problem := st.session_state.pop(acts.PROBLEM, ""):
            # Below the panel: what moves is drawn anew, and the note would be gone.
            st.error(problem, icon=":material/error:")
        if isinstance(loaded, LoadedClip) and loaded.clip.n_channels > 1:
            chosen_channel(loaded.clip.n_channels)
        if isinstance(loaded, LoadedClip) and here:
            regions.class_editor(here, names)
            regions.region_list(here, loaded.known.regions)
            if not settings.blind:
                _seen(settings, loaded, here)
        _done(settings)  # last: counting takes longer than all the rest


def _of_clip(loaded: LoadedClip, here: DrawnClip, names: Sequence[str]) -> OfClip:
    subset = next((given for given in loaded.known.labels if given.annotator == here.annotator), None)
    return OfClip(
        showing=here.showing,
        name=here.title,
        about=f"Machine id {here.machine_id} · {loaded.clip.duration:.1f} s",
        current="" if subset is None else subset.label or ("skipped" if subset.skipped else ""),
        note=subset.note if subset else "",
        labels=[(name, KEYS[name]) for name in LABELS],
        region=here.region.as_dict() if here.region else None,
        classes=regions.classes(here, loaded.known.regions, names),
    )


def _signal(clip: Clip) -> Signal:
    """The clip as the player takes it, with its denoising once the denoiser is imported."""
    n = clip.n_channels
    channel = channel_of(clip, channel_to_be_chosen(n))[0] if n > 1 else None
    return signal_of(clip, channel=channel, denoiser=is_warm(), strength=DEFAULT_STRENGTH)


def _done(settings: QueueSettings) -> None:
    """How much is done, and how fast."""
    done: AnnotatorProgress = label_store().progress(settings.selected.source.name, settings.annotator)
    goal = settings.goal
    with suppress(AsdError):  # a dataset that is gone: uploads can be labelled all the same
        goal = max(1, min(goal, len(clips_of(settings.selected.source, EVERY_SPLIT, None)) + len(uploads())))
    reached = ": goal reached" if done.labelled >= goal else ""
    st.progress(min(1.0, done.labelled / goal), f"**{done.labelled:,} of {goal:,}** labelled{reached}")
    counts = ", ".join(f"{n:,} {name}" for name, n in done.counts.items() if n)
    pace = f"{done.pace:.1f} s a label" if done.pace is not None else ""
    if counts:
        st.caption(" · ".join(part for part in (counts, pace) if part))


def _nothing_left(queue: Queue) -> None:
    if len(queue):
        st.success("That was the last clip of this queue.", icon=":material/done_all:")
    else:
        st.info(
            "No clip is left here: everything is labelled, or nobody else has labelled anything for a second opinion. "
            "Choose another order, split or machine id, or switch off Unlabelled only.",
            icon=":material/done_all:",
        )
    st.button("Make the queue anew", key="label_renew", icon=":material/refresh:", on_click=renew)


def _seen(settings: QueueSettings, loaded: LoadedClip, here: DrawnClip) -> None:
    """What blind labelling hides: the catalogue's label, other people's, the detectors' decisions."""
    selected = settings.selected
    lines = []
    if settings.where != UPLOADS:
        row = dataset_of(selected.source).rows(clip_id=here.clip_id).iloc[0]
        lines.append(f"Dataset: **{row['label']}**")
    others = (given for given in loaded.known.labels if given.label and given.annotator != here.annotator)
    lines += [f"{given.annotator}: **{given.label}**" for given in others]
    st.markdown("\n".join(f"- {line}" for line in lines) or "Nobody has labelled it.")
    rate = selected.rate
    scores = stored_clip_scores(selected.source, selected.detectors, here.machine_id, rate, loaded.clip.sha256)
    st.caption(disagreement(scores) if scores else "No scores of this clip are stored.")
    name_others(selected, here.machine_id)


def _next_ready(settings: QueueSettings, queue: Queue, at: int) -> None:
    """Read and denoise the next clip, and let the browser fetch it, while this one is played."""
    if at >= len(queue):
        return
    try:
        clip, _, _ = clip_at(queue, settings, at)
        fetch_ahead(_signal(clip), key=KEY)
    except AsdError:
        return  # shown when its turn comes
