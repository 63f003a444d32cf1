"""Scores of a dataset's clips that are stored beside its detectors."""

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd
import streamlit as st

from asd_core.scoring import (
    AS_RECORDED,
    SPLITS,
    DetectorScore,
    Scope,
    decide,
    missing_scores,
    n_stored,
    read_scores,
    scores_digest,
    scores_stamp,
)
from pages.shared.background import Refreshed
from pages.shared.caching import BY_KEY, FOLDERS, SELECTIONS
from pages.shared.recordings import dataset_of, is_open, open_or_reason
from pages.shared.sources import Source
from pages.shared.trained_models import calibration_of


@dataclass(frozen=True, eq=False)
class StoredScores:
    """Stored scores of a scope. The table is shared by all sessions: it must not be changed."""

    table: pd.DataFrame
    digest: str  # of the table's content: the key of what is computed from it
    unreadable: str  # why the recordings cannot be looked at; empty when they were
    checked: bool = True  # whether they were looked at: scores of changed recordings are not in the table then


MANY = 500_000  # scores from which on a page shows them first, and its recordings are looked at after it


@st.cache_resource(max_entries=SELECTIONS, show_spinner=False, hash_funcs=BY_KEY)
def _scores(source: Source, written: int, scope: Scope) -> Refreshed[StoredScores]:
    def read(_: StoredScores | None) -> StoredScores:
        dataset, unreadable = open_or_reason(source)
        table = read_scores(source.folder, dataset, scope)
        return StoredScores(table, scores_digest(table), unreadable)

    return Refreshed(read)


@st.cache_resource(max_entries=FOLDERS, show_spinner=False, hash_funcs=BY_KEY)
def _unchecked(source: Source, written: int, scope: Scope) -> StoredScores:
    table = read_scores(source.folder, None, scope)
    return StoredScores(table, scores_digest(table), "", checked=False)


def stored_scores(source: Source, scope: Scope) -> StoredScores:
    """Stored scores of a scope that are still valid, as far as the recordings are there to tell.

    Of very many (:data:`MANY`) whose recordings nobody has looked at yet: all that are stored, unchecked. Who shows these says so,
    and calls :func:`check_beside`.
    """
    written = scores_stamp(source.folder, scope)
    if checked_later(source, scope):
        return _unchecked(source, written, scope)
    return _scores(source, written, scope).get()


def checked_later(source: Source, scope: Scope) -> bool:
    """Whether there are so many scores that a page shows them before anybody has looked at the recordings."""
    known = _scores(source, scores_stamp(source.folder, scope), scope).ready or is_open(source)
    return not known and n_stored(source.folder, scope) >= MANY


def check_beside(source: Source, scope: Scope) -> bool:
    """Look at the recordings of unchecked scores beside the page.

    Returns:
        Whether that goes on. Afterwards :func:`stored_scores` has what is still valid.
    """
    written = scores_stamp(source.folder, scope)
    scores = _scores(source, written, scope)
    if not scores.ready and scores.prepare():
        return True
    _unchecked.clear(source, written, scope)
    return False


def scores_of_splits(source: Source, splits: Sequence[str] = SPLITS) -> list[StoredScores]:
    """Stored scores of every split, as recorded: training stores the test clips', the Compare page the others'."""
    return [stored_scores(source, Scope(split)) for split in splits]


def unscored_detectors(source: Source, scope: Scope, stored: StoredScores) -> list[str]:
    """Detectors that have no scores of a scope yet; none when there are no recordings to score, or nobody has looked."""
    if stored.unreadable or not stored.checked:
        return []
    return missing_scores(source.folder, dataset_of(source), scope, table=stored.table)


def stored_clip_scores(
    source: Source, keys: list[str], machine_id: str, rate: float, sha256: str
) -> list[DetectorScore]:
    """Scores that are stored of a test clip as recorded; none of any other clip."""
    table = stored_scores(source, AS_RECORDED).table
    rows = table[(table["sha256"] == sha256) & (table["machine_id"] == machine_id)]
    of_clip = rows.drop_duplicates("detector").set_index("detector")["raw"]  # several files may be the same recording
    return [
        decide(key, float(of_clip[key]), calibration_of(source, key), machine_id, rate)
        for key in keys
        if key in of_clip
    ]
