"""The recordings of a dataset: its catalogue, its clips, and which of them training saw."""

from pathlib import Path

import pandas as pd
import streamlit as st

from asd_core.artifacts import read_pooled
from asd_core.datasets import Dataset, file_stamp, open_dataset
from asd_core.errors import ArtifactError, DatasetError
from asd_core.scoring import DATASET
from asd_core.sound import Clip
from pages.shared.background import Refreshed
from pages.shared.caching import FOLDERS, cache_bytes
from pages.shared.sources import Source

UNREADABLE = (ArtifactError, DatasetError)  # recordings that cannot be looked at


@st.cache_resource(max_entries=FOLDERS, show_spinner=False)
def _dataset(location: str, stamp: float) -> Refreshed[Dataset]:
    def look(before: Dataset | None) -> Dataset:
        now = open_dataset(location)
        return before if before and now.catalogue.equals(before.catalogue) else now

    return Refreshed(look)


def _open(folder: str, location: str, stamp: float) -> Dataset:
    if not location:
        raise ArtifactError(f"{folder} does not say where its recordings are: train again to write {DATASET}.")
    return _dataset(location, stamp).get()


def dataset_of(source: Source) -> Dataset:
    """The dataset itself; the same object while its catalogue is the same. Raises DatasetError when its recordings are gone."""
    return _open(str(source.folder), source.location, source.stamp)


def open_or_reason(folder: str, location: str, stamp: float) -> tuple[Dataset | None, str]:
    """The dataset of a source's folder, location and stamp, or why its recordings cannot be looked at."""
    try:
        return _open(folder, location, stamp), ""
    except UNREADABLE as error:
        return None, str(error)


@cache_bytes
def _clip(location: str, clip_id: str, stamp: str, _source: Source) -> Clip:
    return dataset_of(_source).read(clip_id)


def catalogue_clip(source: Source, clip_id: str) -> Clip:
    """A clip of the catalogue; another one when its file has changed.

    Raises:
        ArtifactError, DatasetError, ClipError: when it cannot be read.
    """
    return _clip(source.location, clip_id, file_stamp(f"{source.location}/{clip_id}"), source)


@st.cache_resource(max_entries=FOLDERS, show_spinner=False)
def _seen_clips(folder: str, stamp: float) -> pd.DataFrame:
    return read_pooled(Path(folder), ("clip_id", "machine_id", "sha256"))


def seen_clips(source: Source) -> pd.DataFrame:
    """Which clips training saw: clip_id, machine_id, sha256. Shared by all sessions: it must not be changed.

    Raises:
        ArtifactError: when training did not say.
    """
    return _seen_clips(*source.key())
