"""What thresholds promise, and which detectors break it on the clips in scope."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import streamlit as st

from asd_core.artifacts import Threshold, pooled_rates, pooled_threshold, why_not_pooled
from asd_core.counting import counted, percent
from asd_core.evaluation import (
    Breach,
    false_alarm_range,
    gamma_threshold,
    mean_false_alarm_range,
)
from asd_core.report import too_few_held_out
from pages.shared.caching import ANSWERS, BY_KEY
from pages.shared.choice import Choice, title
from pages.shared.sources import Source
from pages.shared.trained_models import calibration_of

CONFORMAL, POOLED_RULE, GAMMA = "conformal", "pooled over ids", "gamma 0.9 (DCASE)"
NAMED = 3  # detectors in a sentence; of more, how many
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
    if [len(names) for names in reasons.values()] == [len(keys)] and len(keys) > NAMED:
        return f"For each detector: {next(iter(reasons))}"
    return "; ".join(f"{', '.join(names)}: {reason}" for reason, names in reasons.items())


def too_few(selected: Choice, limits: Mapping[str, Limits]) -> str:
    """Whose thresholds too few held-out clips set to decide at the chosen rate, and how few; empty where they are enough."""
    single = {key: limit for key, limit in limits.items() if limit.rates and not limit.drawn}
    held_out = {key: {i: (n, of.rates[i]) for i, n in of.held_out.items()} for key, of in single.items()}
    return too_few_held_out(held_out, selected.rate)


def breaches(marks: Mapping[str, Breach], rate: float) -> str:
    """How many detectors raise more false alarms than was promised, and why; empty for none."""
    luck, beyond = ([title(key) for key, mark in marks.items() if mark == which] for which in ("luck", "beyond"))
    n = len(luck) + len(beyond)
    if not n:
        return ""
    parts = [
        f"{n} of {counted(len(marks), 'detector')} clearly {'raises' if n == 1 else 'raise'} more false alarms on these clips than "
        f"promised at {percent(rate)}."
    ]
    if luck:
        parts.append(
            f"▲ ({len(luck)}): no more than chance allows for thresholds set on so few held-out clips. The promise holds on average over "
            "draws of these, not for each draw."
        )
    if beyond:
        parts.append(
            f"▲▲ ({', '.join(beyond)}): more than chance allows, so these normal clips differ from the held-out ones (the "
            "machine, its load or the microphone changed)."
        )
    if n > 1:
        parts.append("Their thresholds are set on the same clips or some of them, so they tend to err together.")
    return " ".join(parts)
