"""The recordings of a dataset: its catalogue, its clips, and which of them training saw."""

from collections.abc import Iterable
from pathlib import Path

import pandas as pd
import streamlit as st

from asd_core.addresses import Address
from asd_core.artifacts import read_pooled
from asd_core.datasets import DATASET, Dataset, file_stamp, open_dataset, short_names, unusable_clips
from asd_core.errors import ArtifactError, DatasetError
from asd_core.sound import Clip
from pages.shared.background import NOTICED, Refreshed
from pages.shared.caching import BY_KEY, FOLDERS, cache_bytes
from pages.shared.sources import Source

UNREADABLE = (ArtifactError, DatasetError)  # recordings that cannot be looked at


@st.cache_resource(max_entries=FOLDERS, show_spinner=False, hash_funcs=BY_KEY)
def _dataset(source: Source) -> Refreshed[Dataset]:
    def look(before: Dataset | None) -> Dataset:
        now = open_dataset(source.location)
        listed = isinstance(now.root, Address)  # files below an address are known by the listing alone
        same = before and now.catalogue.equals(before.catalogue) and not (listed and now.source != before.source)
        return before if before and same else now

    return Refreshed(look)


def dataset_of(source: Source) -> Dataset:
    """The dataset itself; the same object while its catalogue is the same.

    Raises:
        ArtifactError, DatasetError: when its recordings are gone, or their place is not known.
    """
    if not source.location:
        raise ArtifactError(f"{source.folder} does not say where its recordings are: train again to write {DATASET}.")
    return _dataset(source).get()


@st.cache_data(max_entries=FOLDERS, show_spinner=False, ttl=NOTICED, hash_funcs=BY_KEY)
def _unusable(source: Source, version: int) -> dict[str, str]:
    return unusable_clips(dataset_of(source))


def unusable_of(source: Source) -> dict[str, str]:
    """By clip id, why a clip of the catalogue cannot be read, as far as training, scoring or the Data page has found it.

    Raises:
        ArtifactError, DatasetError: see :func:`dataset_of`.
    """
    return _unusable(source, dataset_of(source).version)


def is_open(source: Source) -> bool:
    """Whether the dataset is there without its folder being looked through, which takes a second for 100,000 recordings."""
    return bool(source.location) and _dataset(source).ready


def open_or_reason(source: Source) -> tuple[Dataset | None, str]:
    """The dataset of a source, or why its recordings cannot be looked at."""
    try:
        return dataset_of(source), ""
    except UNREADABLE as error:
        return None, str(error)


def clip_titles(source: Source, clip_ids: Iterable[str]) -> list[str]:
    """What clips are called on screen; their files' names where the catalogue is gone or does not know them."""
    wanted = [str(clip_id) for clip_id in clip_ids]
    dataset, _ = open_or_reason(source)
    known = dataset.titles if dataset else {}
    return [known.get(i, name) for i, name in zip(wanted, short_names(wanted), strict=True)]


@cache_bytes
def _clip(location: str, clip_id: str, stamp: str, _source: Source) -> Clip:
    return dataset_of(_source).read(clip_id)


def catalogue_clip(source: Source, clip_id: str) -> Clip:
    """A clip of the catalogue; another one when its file has changed.

    Raises:
        ArtifactError, DatasetError, ClipError: when it cannot be read.
    """
    dataset = dataset_of(source)
    stamp = file_stamp(dataset.root / clip_id) if isinstance(dataset.root, Path) else str(dataset.version)
    return _clip(source.location, clip_id, stamp, source)


@st.cache_resource(max_entries=FOLDERS, show_spinner=False, hash_funcs=BY_KEY)
def seen_clips(source: Source) -> pd.DataFrame:
    """Which clips training saw: clip_id, machine_id, sha256. Shared by all sessions: it must not be changed.

    Raises:
        ArtifactError: when training did not say.
    """
    return read_pooled(source.folder, ("clip_id", "machine_id", "sha256"))
