"""Whether the clips in scope were recorded as those that the detectors learned from."""

import streamlit as st

from asd_core.artifacts import read_conditions
from asd_core.datasets import recorded_otherwise, together
from pages.compare_page.filters import ComparedScores


def draw(compared: ComparedScores) -> None:
    """A sentence where they differ; nothing where they do not, or nobody has stored it."""
    stored, machines = read_conditions(compared.selected.source.folder), set(compared.scores["machine_id"].unique())
    these, training = (
        together(found for machine_id, found in stored.get(split, {}).items() if machine_id in machines)
        for split in (compared.scope.split, "train")
    )
    if (
        these
        and training
        and (said := recorded_otherwise(f"Clips of the {compared.scope.split} split were", these, training))
    ):
        st.warning(said, icon=":material/mic_alert:")
