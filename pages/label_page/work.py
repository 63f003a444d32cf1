"""What there is to label: clips in the order of a queue, the place in it, and the store that keeps the labels."""

import hashlib
import zlib
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import streamlit as st

from asd_core.errors import AsdError
from asd_core.labels import LabelStore, new_uid, queues
from asd_core.scoring import SPLITS, Scope
from asd_core.sound import Clip
from pages.label_page import CHOSEN_TO_LABEL
from pages.shared.choice import Choice, title
from pages.shared.recordings import UNREADABLE, catalogue_clip, dataset_of, seen_clips
from pages.shared.sources import Source
from pages.shared.stored_scores import stored_scores

if TYPE_CHECKING:
    import pandas as pd

DATASET, SELECTION, UPLOADS = "Dataset", "Selection", "Uploads"
QUEUE, AT = "label_order", "label_at"  # in the session: the queue, and the place in it
EVERY = "all"


@st.cache_resource(show_spinner=False)
def _opened(url: str | None) -> LabelStore:
    return LabelStore.open(url)


def store() -> LabelStore:
    """The label database, opened once a server."""
    from asd_core.settings import get_settings

    secret = get_settings().database_url
    return _opened(secret.get_secret_value() if secret else None)


@dataclass(frozen=True, eq=False)
class Queue:
    """Clips in the order in which they are heard. It stays as it is until it is made anew."""

    settings: tuple[Any, ...]
    uid: str  # another one when it is made anew
    clips: "pd.DataFrame"  # clip_id, sha256 ("" where unknown), machine_id; shared by all sessions
    order: "np.ndarray[Any, np.dtype[np.int64]]"  # rows of it

    def __len__(self) -> int:
        return len(self.order)


@dataclass(frozen=True)
class Setting:
    """What is listened to, and how."""

    selected: Choice
    annotator: str
    where: str
    split: str
    machine_id: str | None
    name: str  # of the queue
    detector: str | None
    unlabelled: bool
    blind: bool
    autoplay: bool

    @property
    def queue(self) -> str:
        """Where the clips come from, as a label remembers it: where they were picked elsewhere, that counts, not their order."""
        return {SELECTION: queues.SELECTION, UPLOADS: queues.UPLOADS}.get(self.where, self.name)

    def clips_key(self) -> tuple[Any, ...]:
        """Which clips they are."""
        part: tuple[Any, ...] = (self.split, self.machine_id)
        if self.where == SELECTION:
            part = tuple(st.session_state.get(CHOSEN_TO_LABEL, ()))
        elif self.where == UPLOADS:
            part = tuple(st.session_state.get("uploads", {}))
        return (*self.selected.source.key(), self.where, *part)

    def key(self) -> tuple[Any, ...]:
        """What decides the order; blind or not, the same clips come in the same order."""
        by = (self.detector, self.selected.rate) if self.name in queues.NEEDS_DETECTOR else ()
        return (*self.clips_key(), "", self.annotator, self.name, *by, self.unlabelled)


def controls(selected: Choice, annotator: str) -> Setting:
    """Draw what is asked for; all of it is in the address."""
    n_chosen, n_uploads = len(st.session_state.get(CHOSEN_TO_LABEL, ())), len(st.session_state.get("uploads", {}))
    wheres = [DATASET] + [SELECTION] * bool(n_chosen) + [UPLOADS] * bool(n_uploads)
    counts = {SELECTION: f" ({n_chosen})", UPLOADS: f" ({n_uploads})"}
    with st.container(horizontal=True, vertical_alignment="bottom"):
        where = DATASET
        if len(wheres) > 1:
            where = st.segmented_control(
                "Clips of",
                wheres,
                default=wheres[1] if n_chosen else DATASET,
                required=True,
                key="label_where",
                format_func=lambda w: w + counts.get(w, ""),
            )
        split, machine_id = EVERY, None
        if where == DATASET:
            split, machine_id = _part(selected)
        name = st.selectbox(
            "Order",
            queues.QUEUES,
            key="order",
            bind="query-params",
            width=190,
            format_func=lambda n: n[:1].upper() + n[1:],
            help="Second opinion: clips that somebody else has labelled and you have not.",
        )
        detector = None
        if name in queues.NEEDS_DETECTOR:
            detector = st.selectbox(
                "By", selected.detectors, key="label_by", bind="query-params", width=190, format_func=title
            )
        unlabelled = st.toggle(
            "Unlabelled only",
            key="unlabelled",
            bind="query-params",
            value=True,
            help="Leave out what you have labelled.",
        )
        blind = st.toggle(
            "Blind",
            key="blind",
            bind="query-params",
            value=True,
            help="Hides the dataset's labels, other people's labels and the detectors' scores, so that nobody is led. "
            "Every label remembers whether it was given blind.",
        )
        autoplay = st.toggle(
            "Autoplay",
            key="autoplay",
            bind="query-params",
            value=True,
            help="A clip plays when it arrives. A browser allows it after the first click or key on the page.",
        )
    return Setting(
        selected,
        annotator,
        str(where),
        split,
        machine_id,
        str(name),
        detector,
        bool(unlabelled),
        bool(blind),
        bool(autoplay),
    )


def _part(selected: Choice) -> tuple[str, str | None]:
    """Which split and machine ids."""
    options = _splits(selected)
    split = st.segmented_control(
        "Split", options, default=options[0], required=True, key="label_split", bind="query-params"
    )
    only = st.toggle(f"Only machine id {selected.machine_id}", key="label_only", bind="query-params")
    return str(split), selected.machine_id if only else None


def _splits(selected: Choice) -> list[str]:
    there = set(dataset_of(selected.source).catalogue["split"].unique())
    return [*(split for split in SPLITS if split in there), EVERY]


@st.cache_resource(max_entries=8, show_spinner=False)
def _clips_of(
    folder: str, stamp: float, version: int, split: str, machine_id: str | None, _source: Source
) -> "pd.DataFrame":
    found = dataset_of(_source).catalogue
    if split != EVERY:
        found = found[found["split"] == split]
    if machine_id is not None:
        found = found[found["machine_id"] == machine_id]
    table = found[["clip_id", "machine_id"]].reset_index(drop=True)
    try:
        hashes = seen_clips(_source)[["clip_id", "sha256"]]
    except UNREADABLE:
        return table.assign(sha256="")
    return table.merge(hashes, on="clip_id", how="left").fillna({"sha256": ""})


def clips_of(source: Source, split: str, machine_id: str | None) -> "pd.DataFrame":
    """Clips of a dataset: clip_id, machine_id, and sha256 ("" where nobody has computed it)."""
    return _clips_of(*source.key(), dataset_of(source).version, split, machine_id, source)


def look_ahead(selected: Choice) -> None:
    """List the clips, which takes a second with 100,000 of them, before anybody waits for it."""
    with suppress(AsdError):  # said when its turn comes
        clips_of(selected.source, _splits(selected)[0], None)


def _table(setting: Setting) -> "pd.DataFrame":
    import pandas as pd

    source = setting.selected.source
    if setting.where == UPLOADS:
        kept: dict[str, Clip] = st.session_state.get("uploads", {})
        rows = [(clip.name, setting.selected.machine_id, sha) for sha, clip in kept.items()]
        return pd.DataFrame(rows, columns=["clip_id", "machine_id", "sha256"])
    table = clips_of(source, setting.split, setting.machine_id)
    if setting.where == SELECTION:
        wanted = {clip_id: place for place, clip_id in enumerate(st.session_state.get(CHOSEN_TO_LABEL, ()))}
        table = table[table["clip_id"].isin(wanted)]
        table = table.iloc[table["clip_id"].map(wanted).argsort(kind="stable")].reset_index(drop=True)
    return table


@st.cache_resource(max_entries=8, show_spinner="Ordering the clips …")
def _aligned(clips: str, scores: str, _clips: "pd.DataFrame", _scores: "pd.DataFrame") -> queues.ClipScores:
    return queues.align(_clips, _scores)


def _scores(setting: Setting, clips: "pd.DataFrame") -> queues.ClipScores:
    """Stored scores of the clips, of every split that has some."""
    import pandas as pd

    source = setting.selected.source
    splits = SPLITS if setting.split == EVERY else (setting.split,)
    stored = [stored_scores(source, Scope(split)) for split in splits]
    table = pd.concat([part.table for part in stored])
    wanted = [setting.detector] if setting.detector else setting.selected.detectors
    table = table[table["detector"].isin(wanted)]
    digest = " ".join([*(part.digest for part in stored), *wanted])
    rows = hashlib.sha256("\n".join([*clips["clip_id"], *clips["sha256"]]).encode()).hexdigest()
    return _aligned(rows, digest, clips, table)


def current_queue(setting: Setting) -> Queue:
    """The queue of a setting: the one of the last run while the setting is the same.

    Raises:
        LabelError: when the order needs scores that are not there, or labels that cannot be read.
    """
    kept = st.session_state.get(QUEUE)
    if isinstance(kept, Queue) and kept.settings == setting.key():
        return kept
    clips = _table(setting)
    current = store().current(
        setting.selected.source.name,
        annotator=None if setting.name in queues.NEEDS_OTHERS else setting.annotator,
        columns=("clip_sha256", "annotator", "label", "skipped"),
    )
    order = queues.queue(
        setting.name,
        clips,
        _scores(setting, clips) if setting.name in queues.NEEDS_SCORES else None,
        current,
        setting.annotator,
        detector=setting.detector,
        rate=setting.selected.rate,
        unlabelled_only=setting.unlabelled,
        seed=zlib.crc32(setting.annotator.encode()),
    )
    made = Queue(setting.key(), new_uid(), clips, order)
    st.session_state[QUEUE], st.session_state[AT] = made, 0
    return made


def renew() -> None:
    """Make the queue anew in the next run: what was labelled meanwhile leaves it."""
    st.session_state.pop(QUEUE, None)


def place(queue: Queue) -> int:
    """Which clip of the queue is heard; its length after the last one."""
    return min(max(0, int(st.session_state.get(AT, 0))), len(queue))


def go(at: int) -> None:
    """Hear another clip of the queue."""
    st.session_state[AT] = max(0, at)


def clip_at(queue: Queue, setting: Setting, at: int) -> tuple[Clip, str, str]:
    """The clip at a place of the queue, its id in the catalogue and its machine id.

    Raises:
        ClipError, DatasetError: when it cannot be read.
    """
    row = queue.clips.iloc[int(queue.order[at])]
    if setting.where == UPLOADS:
        return cast(Clip, st.session_state["uploads"][row["sha256"]]), str(row["clip_id"]), str(row["machine_id"])
    source = setting.selected.source
    return (
        catalogue_clip(source.name, str(row["clip_id"]), source),
        str(row["clip_id"]),
        str(row["machine_id"]),
    )


def find(queue: Queue, sha256: str, clip_id: str) -> int | None:
    """Where in the queue a clip is; ``None`` when it is not in it."""
    own = queue.clips.iloc[queue.order]
    here = np.flatnonzero((own["sha256"] == sha256).to_numpy() | (own["clip_id"] == clip_id).to_numpy())
    return int(here[0]) if len(here) else None
