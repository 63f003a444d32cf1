"""What thresholds promise, and which detectors break it on the clips in scope."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import streamlit as st

from asd_core.artifacts import Threshold, pooled_rates, pooled_threshold, why_not_pooled
from asd_core.evaluation import (
    Breach,
    enough_held_out,
    false_alarm_range,
    gamma_threshold,
    mean_false_alarm_range,
)
from pages.shared.caching import ANSWERS, BY_KEY
from pages.shared.choice import Choice, percent, title, too_few_normals
from pages.shared.sources import Source
from pages.shared.trained_models import calibration_of

CONFORMAL, POOLED_RULE, GAMMA = "conformal", "pooled over ids", "gamma 0.9 (DCASE)"
MARKS: dict[Breach, str] = {"": "", "luck": "▲ above", "beyond": "▲▲ above"}


@dataclass(frozen=True)
class Limits:
    """A detector's thresholds on the raw score by machine id, and what is promised of their false alarms."""

    values: dict[str, float | None]
    rates: dict[str, float]  # on average; none for a rule that promises nothing
    held_out: dict[str, int]
    clip_weight: dict[str, float]  # of a held-out clip
    drawn: Mapping[str, np.ndarray]  # rates over other draws of the held-out clips, where thresholds are pooled
    allowed_rate: float

    def range(self, clips: Mapping[str, int]) -> tuple[float, float] | None:
        """The 95% range of the rate over ``clips`` of each id; ``None`` where nothing is promised."""
        ids = [i for i in self.rates if clips.get(i)]
        if not ids:
            return None
        if self.drawn:
            mean = np.average([self.drawn[i] for i in ids], axis=0, weights=[clips[i] for i in ids])
            low, high = np.quantile(mean, (0.025, 0.975))
            return float(low), float(high)
        if len(ids) == 1:
            return false_alarm_range(self.held_out[ids[0]], self.allowed_rate, clip_weight=self.clip_weight[ids[0]])
        n, weights, clip_weights = zip(*((self.held_out[i], clips[i], self.clip_weight[i]) for i in ids), strict=True)
        return mean_false_alarm_range(n, weights, self.allowed_rate, clip_weights)


def limits_of(selected: Choice, key: str, ids: Sequence[str], rule: str) -> Limits:
    """Thresholds of the ids that the detector knows, by the rule or, where its ids are not alike, each id's own."""
    calibration = calibration_of(selected.source, key)
    known = [i for i in ids if i in calibration.scores]
    held_out, clip_weights = {i: calibration.n(i) for i in known}, {i: calibration.clip_weight(i) for i in known}
    if rule == GAMMA:
        return Limits(
            {i: gamma_threshold(calibration.sorted_scores(i)) for i in known},
            {},
            held_out,
            clip_weights,
            {},
            selected.rate,
        )
    thresholds: dict[str, Threshold]
    drawn: Mapping[str, np.ndarray] = {}
    if rule == POOLED_RULE and not not_pooled(selected.source, key):
        thresholds = {i: pooled_threshold(calibration, i, selected.rate) for i in known}
        drawn = _drawn(selected.source, key, selected.rate)
    else:
        thresholds = {i: calibration.threshold(i, selected.rate) for i in known}
    return Limits(
        {i: threshold.value for i, threshold in thresholds.items()},
        {i: threshold.rate for i, threshold in thresholds.items()},
        held_out,
        clip_weights,
        drawn,
        selected.rate,
    )


@st.cache_data(max_entries=ANSWERS, show_spinner=False, hash_funcs=BY_KEY)
def not_pooled(source: Source, key: str) -> str:
    """Why a detector gets no pooled threshold; empty where it does."""
    return why_not_pooled(calibration_of(source, key))


@st.cache_data(max_entries=ANSWERS, show_spinner=False, hash_funcs=BY_KEY)
def _drawn(source: Source, key: str, rate: float) -> dict[str, np.ndarray]:
    return dict(pooled_rates(calibration_of(source, key), rate))


def rules(selected: Choice, keys: Sequence[str]) -> list[str]:
    """The rules that can be chosen: pooling only where a detector's machine ids behave alike."""
    pooled = any(not not_pooled(selected.source, key) for key in keys)
    return [CONFORMAL, *([POOLED_RULE] if pooled else []), GAMMA]


def why_not_pooled_of(selected: Choice, keys: Sequence[str]) -> str:
    """Which detectors keep each id's own threshold when pooling is asked for, and why; empty for none."""
    reasons: dict[str, list[str]] = {}
    for key in keys:
        if reason := not_pooled(selected.source, key):
            reasons.setdefault(reason, []).append(title(key))
    return "; ".join(f"{', '.join(names)}: {reason}" for reason, names in reasons.items())


def too_few(selected: Choice, limits: Mapping[str, Limits]) -> str:
    """A sentence: too few clips were held out to decide at the chosen rate; empty where they are enough."""
    few = [
        (n, machine_id, limit.rates[machine_id])
        for limit in limits.values()
        for machine_id, n in limit.held_out.items()
        if limit.rates and not limit.drawn and not enough_held_out(n, selected.rate)
    ]
    if not few:
        return ""
    n, machine_id, rate = min(few)
    return (
        f"{too_few_normals(selected.rate)}, and as few as {n} of machine id {machine_id} set{'s' if n == 1 else ''} the threshold. The highest of their scores is taken as "
        f"it; on average {rate:.1%} of normal clips lie above it."
    )


def breaches(marks: Mapping[str, Breach], rate: float) -> str:
    """How many detectors raise more false alarms than was promised, and why; empty for none."""
    luck, beyond = ([title(key) for key, mark in marks.items() if mark == which] for which in ("luck", "beyond"))
    n = len(luck) + len(beyond)
    if not n:
        return ""
    parts = [
        f"{n} of {len(marks)} {'detector' if len(marks) == 1 else 'detectors'} {'raises' if n == 1 else 'raise'} more false "
        f"alarms on these clips than {percent(rate)}. The rate holds on average over draws of the held-out clips, not for "
        "each draw."
    ]
    if luck:
        parts.append(f"▲ {len(luck)} within what thresholds from so few held-out clips do.")
    if beyond:
        parts.append(
            f"▲▲ {', '.join(beyond)}: more than that explains, so these normal clips differ from the held-out ones (the "
            "machine, its load or the microphone changed)."
        )
    parts.append("All detectors were calibrated on the same few clips, so they tend to err together.")
    return " ".join(parts)
