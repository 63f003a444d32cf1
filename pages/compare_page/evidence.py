"""The evidence that needs no labelled anomaly: read once, shared by the card and the view Without labels."""

from pathlib import Path

import pandas as pd
import streamlit as st

from asd_core.experiments import STUDY, study_record
from asd_core.settings import get_settings
from asd_core.training import Evidence, Sensitivity, evidence_stamp, read_evidence
from pages.compare_page.filters import ComparedScores
from pages.shared.caching import BY_KEY, FOLDERS, SELECTIONS
from pages.shared.sources import Source
from pages.shared.trained_models import manifests_of


@st.cache_resource(max_entries=FOLDERS, show_spinner=False, hash_funcs=BY_KEY)
def _table(source: Source, written: int) -> pd.DataFrame:
    return read_evidence(source.folder)


@st.cache_resource(max_entries=FOLDERS, show_spinner=False, hash_funcs=BY_KEY)
def _evidence(source: Source, written: int, ids: tuple[str, ...]) -> Evidence:
    """Of all detectors for the machine ids in scope: sessions choose among them, and what is said of one is the same for all."""
    table = _table(source, written)
    rows = table[table["machine_id"].isin(ids)]
    return Evidence(rows, manifests_of(source, [str(key) for key in rows["detector"].unique()]))


@st.cache_resource(max_entries=SELECTIONS, show_spinner="Resampling for the intervals …", hash_funcs=BY_KEY)
def _sensitivity(source: Source, written: int, keys: tuple[str, ...], ids: tuple[str, ...]) -> Sensitivity:
    return _evidence(source, written, ids).sensitivity(keys)


def sensitivity_of(compared: ComparedScores) -> Sensitivity:
    """The evidence on the chosen detectors for the machine ids in scope, judged against all controls; without a row where it was
    not measured."""
    source, ids = compared.selected.source, tuple(compared.machine_ids)
    return _sensitivity(source, evidence_stamp(source.folder), tuple(sorted(compared.selected.detectors)), ids)


@st.cache_data(max_entries=FOLDERS, show_spinner=False)
def _record(folder: Path, stamps: tuple[int, int]) -> str:
    return study_record(folder)


def record() -> str:
    """How often a choice by synthetic anomalies was right on the demo, whose labels are known; empty where that is not stored."""
    demo = get_settings().models_dir / "demo"
    path = demo / STUDY
    return _record(demo, (path.stat().st_mtime_ns, evidence_stamp(demo))) if path.is_file() else ""
