"""Whether the clips in scope were recorded as those that the detectors learned from."""

import streamlit as st

from asd_core.artifacts import CONDITIONS, read_conditions
from asd_core.datasets import recorded_otherwise, together
from pages.compare_page.filters import ComparedScores
from pages.shared.caching import cache_bytes


def draw(compared: ComparedScores) -> None:
    """A sentence where they differ; nothing where they do not, or where it was not stored."""
    stored = compared.selected.source.folder / CONDITIONS
    if stored.is_file() and (difference := _difference(compared, stored.stat().st_mtime_ns)):
        st.warning(difference, icon=":material/mic_alert:")


@cache_bytes
def _difference(compared: ComparedScores, written: int) -> str:
    stored = read_conditions(compared.selected.source.folder)
    machines = set(compared.scores["machine_id"].unique())
    these, training = (
        together(conditions for machine_id, conditions in stored.get(split, {}).items() if machine_id in machines)
        for split in (compared.scope.split, "train")
    )
    if not these or not training:
        return ""
    return recorded_otherwise(f"Clips of the {compared.scope.split} set were", these, training)
