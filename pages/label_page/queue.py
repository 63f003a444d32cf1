"""The clips in the order in which they are labelled, and the place in it."""

import hashlib
import zlib
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from asd_core.labels import NEEDS_OTHERS, NEEDS_SCORES, ClipScores, align_scores, label_queue, new_uid, opaque_name
from asd_core.scoring import SPLITS, with_margins
from asd_core.sound import Clip
from pages.label_page.clip_tables import EVERY_SPLIT, clips_of
from pages.label_page.queue_settings import SELECTION, UPLOADS, QueueSettings
from pages.shared.caching import SELECTIONS
from pages.shared.label_selection import selected_to_label
from pages.shared.label_store import label_store
from pages.shared.recordings import catalogue_clip
from pages.shared.sources import Source
from pages.shared.stored_scores import scores_of_splits
from pages.shared.trained_models import calibration_of
from pages.shared.uploads import uploads

QUEUE, AT = "label_order", "label_at"  # in the session: the queue, and the place in it
IN_ADDRESS = "item"  # in the address: the opaque name of the open clip
WRITTEN = "label_written"  # in the session: what was written there last


@dataclass(frozen=True, eq=False)
class Queue:
    """Clips in the order in which they are played. It stays as it is until it is made anew."""

    settings: tuple[Any, ...]
    uid: str  # another one when it is made anew
    clips: pd.DataFrame  # clip_id, sha256 ("" where unknown), machine_id; shared by all sessions
    order: "np.ndarray[Any, np.dtype[np.int64]]"  # rows of it
    dataset: str

    def __len__(self) -> int:
        return len(self.order)


def _table(settings: QueueSettings) -> pd.DataFrame:
    source = settings.selected.source
    if settings.where == UPLOADS:
        rows = [(upload.name, settings.selected.machine_id, sha) for sha, upload in uploads().items()]
        return pd.DataFrame(rows, columns=["clip_id", "machine_id", "sha256"])
    table = clips_of(source, settings.split, settings.machine_id)
    if settings.where == SELECTION:
        wanted = {clip_id: place for place, clip_id in enumerate(selected_to_label())}
        table = table[table["clip_id"].isin(wanted)]
        table = table.iloc[table["clip_id"].map(wanted).argsort(kind="stable")].reset_index(drop=True)
    return table


@st.cache_resource(max_entries=SELECTIONS, show_spinner="Ordering the clips …")
def _aligned(
    clips: str, scores: str, rate: float, _clips: pd.DataFrame, _scores: pd.DataFrame, _source: Source
) -> ClipScores:
    calibrations = {str(key): calibration_of(_source, str(key)) for key in _scores["detector"].unique()}
    return align_scores(_clips, with_margins(_scores, calibrations, rate))


def _scores(settings: QueueSettings, clips: pd.DataFrame) -> ClipScores:
    """Stored scores of the clips, of every split that has some."""
    source = settings.selected.source
    splits = SPLITS if settings.split == EVERY_SPLIT else (settings.split,)
    stored = scores_of_splits(source, splits)
    table = pd.concat([part.table for part in stored])
    wanted = [settings.detector] if settings.detector else settings.selected.detectors
    table = table[table["detector"].isin(wanted)]
    digest = " ".join([*(part.digest for part in stored), *wanted])
    rows = hashlib.sha256("\n".join([*clips["clip_id"], *clips["sha256"]]).encode()).hexdigest()
    return _aligned(rows, digest, settings.selected.rate, clips, table, source)


def current_queue(settings: QueueSettings) -> Queue:
    """The queue of the settings: the one of the last run while the settings are the same.

    Raises:
        LabelError: when the order needs scores that are not there, or labels that cannot be read.
    """
    before = st.session_state.get(QUEUE)
    if isinstance(before, Queue) and before.settings == settings.key():
        return before
    clips = _table(settings)
    current = label_store().current(
        settings.selected.source.name,
        annotator=None if settings.name in NEEDS_OTHERS else settings.annotator,
        columns=("clip_sha256", "annotator", "label", "skipped"),
    )
    order = label_queue(
        settings.name,
        clips,
        _scores(settings, clips) if settings.name in NEEDS_SCORES else None,
        current,
        settings.annotator,
        detector=settings.detector,
        unlabelled_only=settings.unlabelled,
        seed=zlib.crc32(settings.annotator.encode()),
    )
    made = Queue(settings.key(), new_uid(), clips, order, settings.selected.source.name)
    # A page that is opened anew goes on where its address says.
    at = 0 if before else _place_in_address(made)
    st.session_state[QUEUE], st.session_state[AT] = made, at
    return made


def _place_in_address(queue: Queue) -> int:
    """Where the clip is that the address names; 0 when it is not in the queue."""
    wanted = st.query_params.get(IN_ADDRESS, "")
    if not wanted:
        return 0
    dataset = queue.dataset
    hashes = queue.clips["sha256"].iloc[queue.order]
    return next((at for at, sha in enumerate(hashes) if sha and opaque_name(dataset, sha) == wanted), 0)


def follow_address(queue: Queue) -> None:
    """Go to the clip that the address names, where the browser's Back or Forward brought another one than was written."""
    wanted = st.query_params.get(IN_ADDRESS)
    if wanted and wanted != st.session_state.get(WRITTEN):
        go(_place_in_address(queue))


def write_address(name: str | None) -> None:
    """Write the open clip into the address, by its opaque name."""
    if name and st.query_params.get(IN_ADDRESS) != name:
        st.query_params[IN_ADDRESS] = name
    elif not name and IN_ADDRESS in st.query_params:
        del st.query_params[IN_ADDRESS]
    st.session_state[WRITTEN] = name


def renew() -> None:
    """Make the queue anew in the next run: what was labelled meanwhile leaves it."""
    st.session_state.pop(QUEUE, None)


def place(queue: Queue) -> int:
    """Which clip of the queue is played; its length after the last one."""
    return min(max(0, int(st.session_state.get(AT, 0))), len(queue))


def go(at: int) -> None:
    """Go to another clip of the queue."""
    st.session_state[AT] = max(0, at)


def clip_at(queue: Queue, settings: QueueSettings, at: int) -> tuple[Clip, str, str]:
    """The clip at a place of the queue, its id in the catalogue and its machine id.

    Raises:
        ClipError, DatasetError: when it cannot be read.
    """
    row = queue.clips.iloc[int(queue.order[at])]
    clip_id, machine_id = str(row["clip_id"]), str(row["machine_id"])
    if settings.where == UPLOADS:
        return uploads()[row["sha256"]].clip(), clip_id, machine_id
    return catalogue_clip(settings.selected.source, clip_id), clip_id, machine_id


def find(queue: Queue, sha256: str, clip_id: str) -> int | None:
    """Where in the queue a clip is; ``None`` when it is not in it."""
    subset = queue.clips.iloc[queue.order]
    here = np.flatnonzero((subset["sha256"] == sha256).to_numpy() | (subset["clip_id"] == clip_id).to_numpy())
    return int(here[0]) if len(here) else None
