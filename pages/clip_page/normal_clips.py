"""Reference spectra of a machine's normal clips, and which of the dataset's clips sound most like the open one."""

import pandas as pd
import streamlit as st

from asd_core.artifacts import pooled_table
from asd_core.explain import REFERENCE, Neighbours, NormalReference, nearest, read_reference
from asd_core.features import LogMel, features_of
from asd_core.sound import Signal
from pages.shared.background import NOTICED, Refreshed
from pages.shared.caching import ANSWERS, BY_KEY, FOLDERS, SELECTIONS
from pages.shared.recordings import open_or_reason
from pages.shared.sources import Source


@st.cache_data(max_entries=SELECTIONS, show_spinner=False, hash_funcs=BY_KEY)
def _reference(source: Source, written: float, machine_id: str) -> NormalReference | None:
    return read_reference(source.folder, machine_id)


def reference_of(source: Source, machine_id: str) -> NormalReference | None:
    """Spectra of the normal clips of a machine id; ``None`` where it was not computed."""
    path = source.folder / REFERENCE
    return _reference(source, path.stat().st_mtime if path.is_file() else 0.0, machine_id)


@st.cache_resource(max_entries=FOLDERS, show_spinner=False, hash_funcs=BY_KEY)
def _pooled(source: Source) -> Refreshed[tuple[pd.DataFrame, str]]:
    def read(_: tuple[pd.DataFrame, str] | None) -> tuple[pd.DataFrame, str]:
        dataset, unreadable = open_or_reason(source)
        return pooled_table(source.folder, dataset), unreadable

    return Refreshed(read)


@st.cache_data(max_entries=ANSWERS, show_spinner=False, ttl=NOTICED, hash_funcs=BY_KEY)
def _neighbours(recorded: Signal, machine_id: str, source: Source) -> Neighbours:
    table, _ = _pooled(source).get()
    return nearest(table, features_of(recorded.clip, LogMel()), machine_id, recorded.clip.sha256)


def neighbours_of(source: Source, machine_id: str, signal: Signal) -> tuple[Neighbours, str]:
    """The dataset's clips that sound most like a clip, both as recorded, and why they cannot be played (empty: they can)."""
    return _neighbours(signal.dry, machine_id, source), _pooled(source).get()[1]
