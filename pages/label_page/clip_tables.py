"""Clips that can be labelled, as tables."""

from contextlib import suppress

import pandas as pd
import streamlit as st

from asd_core.datasets import usable
from asd_core.errors import AsdError
from asd_core.scoring import SPLITS
from pages.shared.caching import BY_KEY, SELECTIONS
from pages.shared.choice import Choice
from pages.shared.recordings import UNREADABLE, dataset_of, seen_clips, unusable_of
from pages.shared.sources import Source

EVERY_SPLIT = "all"


def splits_of(selected: Choice) -> list[str]:
    """Splits that can be chosen; one of them is all."""
    there = set(dataset_of(selected.source).catalogue["split"].unique())
    return [*(split for split in SPLITS if split in there), EVERY_SPLIT]


@st.cache_resource(max_entries=SELECTIONS, show_spinner=False, hash_funcs=BY_KEY)
def _clips_of(source: Source, version: int, split: str, machine_id: str | None) -> pd.DataFrame:
    result = dataset_of(source).catalogue
    if split != EVERY_SPLIT:
        result = result[result["split"] == split]
    if machine_id is not None:
        result = result[result["machine_id"] == machine_id]
    table = result[["clip_id", "machine_id"]].reset_index(drop=True)
    try:
        hashes = seen_clips(source)[["clip_id", "sha256"]]
    except UNREADABLE:
        return table.assign(sha256="")
    return table.merge(hashes, on="clip_id", how="left").fillna({"sha256": ""})


def clips_of(source: Source, split: str, machine_id: str | None) -> pd.DataFrame:
    """Clips of a dataset that can be played: clip_id, machine_id, and sha256 ("" where nobody has computed it)."""
    table, unusable = _clips_of(source, dataset_of(source).version, split, machine_id), unusable_of(source)
    return usable(table, unusable).reset_index(drop=True) if unusable else table


def n_unusable(source: Source, split: str, machine_id: str | None) -> int:
    """How many clips :func:`clips_of` leaves out."""
    return len(_clips_of(source, dataset_of(source).version, split, machine_id)) - len(
        clips_of(source, split, machine_id)
    )


def look_ahead(selected: Choice) -> None:
    """List the clips, which takes a second with 100,000 of them, before anybody waits for it."""
    with suppress(AsdError):  # shown when its turn comes
        clips_of(selected.source, splits_of(selected)[0], None)
