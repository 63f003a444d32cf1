"""Detectors that do not know a machine: left out of what is shown, and named."""

from dataclasses import replace

import streamlit as st

from asd_core.artifacts import not_scored
from pages.shared.choice import Choice
from pages.shared.trained_models import not_knowing


def of_machine(selected: Choice) -> Choice:
    """The choice without the detectors that do not know its machine."""
    others = not_knowing(selected.source, selected.detectors, selected.machine_id)
    return replace(selected, detectors=[key for key in selected.detectors if key not in others])


def name_others(selected: Choice, machine_id: str) -> None:
    """One sentence that names the chosen detectors that do not know a machine; nothing when all do."""
    others = not_knowing(selected.source, selected.detectors, machine_id)
    if others:
        st.info(not_scored(others, machine_id), icon=":material/help:")
