"""What is usual for a machine, and which of the dataset's clips sound most like the open one."""

from pathlib import Path

import pandas as pd
import streamlit as st

from asd_core.artifacts import pooled_table
from asd_core.explain import REFERENCE, Neighbours, NormalReference, nearest, read_reference
from asd_core.features import LogMel, features_of
from asd_core.sound import Clip, Signal
from pages.shared.background import NOTICED, Refreshed
from pages.shared.caching import ANSWERS, FOLDERS, SELECTIONS
from pages.shared.recordings import open_or_reason
from pages.shared.sources import Source


@st.cache_data(max_entries=SELECTIONS, show_spinner=False)
def _reference(folder: str, stamp: float, machine_id: str) -> NormalReference | None:
    return read_reference(Path(folder), machine_id)


def reference_of(source: Source, machine_id: str) -> NormalReference | None:
    """What is usual for a machine id; ``None`` where it was not computed."""
    path = source.folder / REFERENCE
    return _reference(str(source.folder), path.stat().st_mtime if path.is_file() else 0.0, machine_id)


@st.cache_resource(max_entries=FOLDERS, show_spinner=False)
def _pooled(folder: str, stamp: float, location: str) -> Refreshed[tuple[pd.DataFrame, str]]:
    def read(_: tuple[pd.DataFrame, str] | None) -> tuple[pd.DataFrame, str]:
        dataset, unreadable = open_or_reason(folder, location, stamp)
        return pooled_table(Path(folder), dataset), unreadable

    return Refreshed(read)


@st.cache_data(max_entries=ANSWERS, show_spinner=False, ttl=NOTICED)
def _neighbours(
    sha256: str, channel: int, machine_id: str, folder: str, stamp: float, location: str, _clip: Clip
) -> Neighbours:
    table, _ = _pooled(folder, stamp, location).get()
    return nearest(table, features_of(_clip, LogMel()), machine_id, sha256)


def neighbours_of(source: Source, machine_id: str, signal: Signal) -> tuple[Neighbours, str]:
    """The dataset's clips that sound most like a clip, both as recorded, and why they cannot be heard (empty: they can)."""
    at, clip = (*source.key(), source.location), signal.clip
    return _neighbours(clip.sha256, signal.channel, machine_id, *at, clip), _pooled(*at).get()[1]
