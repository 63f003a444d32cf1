"""Clips in scope that do not belong to the machine that they are listed under, by what is stored of them."""

import pandas as pd
import streamlit as st

from asd_core.artifacts import POOLED
from asd_core.report import not_of_their_machine
from asd_core.scoring import with_applicability
from pages.compare_page.filters import ComparedScores
from pages.shared.caching import cache_bytes
from pages.shared.recordings import clip_titles


def draw(compared: ComparedScores) -> None:
    """A sentence that counts and names them; nothing without any."""
    clips = _foreign(compared)
    if len(clips):
        titles = clip_titles(compared.selected.source, clips["clip_id"])
        st.warning(
            not_of_their_machine(clips.assign(clip_id=titles), compared.scope.split), icon=":material/wrong_location:"
        )


def by_machine(compared: ComparedScores) -> pd.Series:
    """How many there are, by machine id in scope."""
    return _foreign(compared)["machine_id"].value_counts().reindex(compared.machine_ids, fill_value=0)


def _foreign(compared: ComparedScores) -> pd.DataFrame:
    pooled = compared.selected.source.folder / POOLED
    return _checked(compared, pooled.stat().st_mtime_ns if pooled.is_file() else 0)


@cache_bytes
def _checked(compared: ComparedScores, written: int) -> pd.DataFrame:
    """A row for each of them; clips of which nothing is known are not among them."""
    scores = compared.scores
    known = scores[scores["applicable"].notna()] if "applicable" in scores else scores[:0]
    clips = known.drop_duplicates("clip_id")
    if len(clips) < scores["clip_id"].nunique():  # scored before scores said so
        clips = with_applicability(scores.drop_duplicates("clip_id"), compared.selected.source.folder)
    return clips[~clips["applicable"].fillna(True).astype(bool)]
