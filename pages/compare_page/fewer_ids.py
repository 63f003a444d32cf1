"""Detectors that know some machine ids in scope and not all: their figures are over other clips than those of the rest."""

from collections.abc import Mapping

import streamlit as st

from pages.compare_page.filters import ComparedScores
from pages.shared.choice import title
from pages.shared.trained_models import known_ids
from pages.shared.unknown_machine import name_fewer


def name_fewer_ids(compared: ComparedScores) -> None:
    """Name them; nothing where all know the same."""
    selected, ids = compared.selected, compared.machine_ids
    known = known_ids(selected.source, selected.detectors, ids)
    name_fewer({key: len(its) for key, its in known.items()}, len(ids))


def ranked_after(coverage: Mapping[str, str]) -> None:
    """Name them, and where a ranking puts them; nothing without any.

    Args:
        coverage: of each of them, as ``2 of 4 ids``.
    """
    if coverage:
        st.info(
            f"{', '.join(f'{title(key)} ({known})' for key, known in coverage.items())}: a mean over fewer machine ids than "
            "others know is ranked after theirs, and never called the best.",
            icon=":material/rule:",
        )
