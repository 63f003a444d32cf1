"""Which of a dataset's detectors its labelled test clips give reason to trust."""

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from asd_core.artifacts import Calibration
from asd_core.detectors import is_control
from asd_core.evaluation import Reliability, bootstrap, measure_reliability
from asd_core.scoring import AS_RECORDED, DetectorScore
from pages.shared.caching import FOLDERS
from pages.shared.choice import Choice
from pages.shared.stored_scores import stored_scores
from pages.shared.trained_models import calibration_of, models_of


@st.cache_resource(max_entries=FOLDERS, show_spinner=False)
def _reliability(digest: str, keys: tuple[str, ...], _scores: pd.DataFrame) -> Reliability:
    controls = [key for key in keys if is_control(key)]
    return measure_reliability(bootstrap(_scores), keys, controls)


def reliability_of(selected: Choice) -> Reliability:
    """Of the chosen detectors, measured against all of the dataset's: a control counts that is not among them. The one that
    a person has put in use leads."""
    stored = stored_scores(selected.source, AS_RECORDED)
    known = _reliability(stored.digest, tuple(models_of(selected.source)), stored.table)
    return known.of(selected.detectors).led_by(selected.in_use)


def deciding(selected: Choice, reliability: Reliability, scores: Sequence[DetectorScore]) -> tuple[str, Calibration]:
    """The detector that a verdict by some scores, at least one, rests on, and its thresholds."""
    key = reliability.deciding([score.detector for score in scores])
    return key, calibration_of(selected.source, key)


def auc_order(selected: Choice) -> list[str]:
    """The chosen detectors, the highest measured AUC first; those without one last."""
    known = reliability_of(selected)
    return sorted(known.order, key=lambda key: known.auc.get(key, 0.0), reverse=True)
