"""Detectors that do not know a machine: left out of what is shown, and named in the same words on every page."""

from collections.abc import Mapping
from dataclasses import replace

import streamlit as st

from asd_core.artifacts import not_scored
from pages.shared.choice import Choice, title
from pages.shared.trained_models import known_ids


def of_machine(selected: Choice) -> Choice:
    """The choice without the detectors that do not know its machine."""
    known = known_ids(selected.source, selected.detectors, [selected.machine_id])
    return replace(selected, detectors=[key for key, ids in known.items() if ids])


def left_out(selected: Choice, *machine_ids: str) -> str:
    """One sentence that names the chosen detectors that know none of some machines; empty where all know one."""
    known = known_ids(selected.source, selected.detectors, machine_ids) if machine_ids else {}
    return not_scored([key for key, ids in known.items() if not ids], ", ".join(machine_ids))


def name_others(selected: Choice, *machine_ids: str) -> str:
    """Show what :func:`left_out` says, and give it; nothing where that is empty."""
    if sentence := left_out(selected, *machine_ids):
        st.info(sentence, icon=":material/help:")
    return sentence


def name_fewer(known: Mapping[str, int], n_ids: int) -> None:
    """One sentence that names the detectors whose figures are over fewer machine ids than others'; nothing without any.

    Args:
        known: by detector, over how many. One that is over none has no figure, and is not named here.
        n_ids: over how many they could be.
    """
    fewer = [f"{title(key)} ({n} of {n_ids})" for key, n in known.items() if 0 < n < n_ids]
    if fewer:
        st.info(f"Over fewer machine ids than the others: {', '.join(fewer)}.", icon=":material/help:")
