"""The clip that a presentation shows where nobody chose one: an anomaly of this machine that the detectors call one. That measures
nothing, so what it was chosen by stands beside it."""

import pandas as pd
import streamlit as st

from asd_core.scoring import AS_RECORDED, clip_verdict
from pages.clip_page.picker import clearest_first
from pages.clip_page.reliability import deciding, reliability_of
from pages.shared.caching import SELECTIONS
from pages.shared.choice import Choice
from pages.shared.stored_scores import stored_clip_scores, stored_scores

LOOKED_AT = 100  # anomalies, at most, that are looked through for one that the detectors call so


def example(selected: Choice, rows: pd.DataFrame) -> tuple[str, str]:
    """The id of the example among some clips of a machine, and a sentence on what it was chosen by; empty without any clip.

    Args:
        rows: of the catalogue.
    """
    if rows.empty:
        return "", ""
    anomalies = clearest_first(rows[rows["label"] == "anomaly"])
    if anomalies.empty:
        return str(rows["clip_id"].iloc[0]), "Example: the first recording; none is labelled as an anomaly."
    known = {"severity", "snr_db"} <= set(rows)
    which = "most severe fault in the least noise" if known else "first labelled anomaly"
    stored = stored_scores(selected.source, AS_RECORDED)
    of_machine = _of_machine(stored.table, [str(clip_id) for clip_id in anomalies["clip_id"]])
    if not of_machine:
        first = str(anomalies["clip_id"].iloc[0])
        return first, f"Example: the {which}; no labelled anomaly is like this machine's recordings."
    looked_at = of_machine[:LOOKED_AT]
    if called := _called_anomaly(stored.digest, looked_at, selected, stored.table):
        return called, f"Example: this machine's {which} that the detectors call an anomaly. How often they do: step 4."
    these = "these" if looked_at == of_machine else f"the first {LOOKED_AT}"
    return of_machine[0], f"Example: this machine's {which}; the detectors call none of {these} an anomaly."


def _of_machine(scores: pd.DataFrame, clip_ids: list[str]) -> list[str]:
    """Clips that are not known to be unlike their machine's recordings."""
    foreign = scores["applicable"].eq(False) if "applicable" in scores else pd.Series(False, scores.index)
    unlike = set(scores.loc[foreign, "clip_id"])
    return [clip_id for clip_id in clip_ids if clip_id not in unlike]


@st.cache_data(max_entries=SELECTIONS, show_spinner=False)
def _called_anomaly(digest: str, clip_ids: list[str], selected: Choice, _scores: pd.DataFrame) -> str:
    """The first of some clips whose verdict is anomaly by its stored scores; empty without one."""
    hashes = dict(zip(_scores["clip_id"], _scores["sha256"], strict=True))
    reliability, machine_id, rate = reliability_of(selected), selected.machine_id, selected.rate
    for clip_id in filter(hashes.__contains__, clip_ids):
        scores = stored_clip_scores(selected.source, selected.detectors, machine_id, rate, hashes[clip_id])
        if not scores:
            continue
        _, calibration = deciding(selected, reliability, scores)
        if clip_verdict(scores, reliability, None, calibration.n(machine_id), rate).verdict == "anomaly":
            return clip_id
    return ""
