"""Fusion: the scores of several detectors, each on a scale of its own, combined."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from asd_core.detectors.base import Detector, DetectorInfo, Scores, State, parameter
from asd_core.errors import TrainingError
from asd_core.features import Array, MemberScores
from asd_core.progress import Progress, silent

TAIL = 0.8  # quantile above which a score's tail is taken for exponential
SATURATION = 6.0  # a member's neg_log10_p in powers of ten that it can add at most


def neg_log10_p(raw: NDArray[Any], calibration: NDArray[Any]) -> NDArray[np.float64]:
    """-log10 of how often a normal clip scores as high, from sorted calibration scores ``(n,)``.

    Inside the calibration scores this is their empirical tail, interpolated. Above their 80% quantile an exponential
    tail with the mean excess there goes on, so that it neither stops at 1/n nor ties. It saturates softly at 6: one
    member with a heavy-tailed score must not outvote all others.
    """
    n = len(calibration)
    start = float(np.quantile(calibration, TAIL))
    excess = max(float(np.mean(calibration[calibration >= start] - start)), 1e-9 * max(1.0, abs(start)))
    tail = 1.0 - (np.arange(n) + 0.5) / n
    inside = np.interp(raw, calibration, -np.log10(tail))
    beyond = -np.log10(1.0 - TAIL) + np.maximum(raw - start, 0.0) / excess / np.log(10.0)
    below = np.minimum(raw - calibration[0], 0.0) / max(float(calibration[-1] - calibration[0]), 1e-9)
    result = np.where(raw > start, beyond, inside + 1e-3 * np.tanh(below))
    return np.asarray(SATURATION * np.tanh(result / SATURATION), dtype=np.float64)


class Rule(NamedTuple):
    """How members' scores become one: each on a scale of its own, then combined over the members."""

    how: Literal["mean", "minimum", "maximum", "weighted"] = "mean"
    standardised: bool = False  # z scores by held-out normal clips in place of -log10 p


@dataclass
class Fusion(Detector):
    """One score of several detectors' scores. It looks at no sound itself.

    By default the mean of the members' -log10 p. The z scores are those of arXiv 2606.19269, which takes their minimum: mean
    and spread come from scores of normal clips by a model that has not learned these clips (there leave-one-out, here the
    held-out clips), since a model of nearest neighbours scores what it has learned as far too normal.
    """

    use_maximum: bool = parameter(
        False, low=False, high=True, help="The member with the largest -log10 p decides, not the mean."
    )
    use_minimum: bool = parameter(False, low=False, high=True, help="The least alarmed member decides, not the mean.")
    standardise: bool = parameter(
        False, low=False, high=True, help="Members' z scores by held-out normal clips, not their -log10 p."
    )
    weigh: bool = parameter(
        False, low=False, high=True, help="Members count by how well they tell synthetic anomalies, not alike."
    )
    choose: bool = parameter(
        False,
        low=False,
        high=True,
        help="The rule that best tells synthetic anomalies, where it clearly beats the mean.",
    )

    info: ClassVar[DetectorInfo] = DetectorInfo(
        key="fusion",
        title="Fusion",
        origin="beyond",
        scope="machine id",
        representation=MemberScores(),
        paper="Kittler, Hatef, Duin and Matas, On combining classifiers, IEEE PAMI 20, 1998 (sum rule).",
        decides="Averages how rarely a normal clip scores as high with each of its members.",
        catches="Catches what its members catch; misses what all of them miss.",
        how_it_scores="Mean over its members of -log10 of how often a held-out normal clip scores as high. Members are "
        "the detectors that best tell held-out normal clips from synthetic anomalies made of them (bursts, level drops, "
        "missing events, drifts); no recorded anomaly and no label chooses them.",
        when_not_to_use="To explain a decision: look at its members. Where all members share a blind spot it has it too.",
    )

    def __post_init__(self) -> None:
        self.members_: list[str] = []  # keys, in the order of the vectors; training chooses them
        # Training learns both from synthetic anomalies, see asd_core.training.fusion_rules; without any all members count alike.
        self.weights_: NDArray[np.float64] | None = None  # (n_members,), their sum is 1
        self.rule_ = Rule()  # where ``choose`` is on

    def parameters(self) -> dict[str, Any]:
        """Parameters that were added after ``use_maximum`` only where they are set: what was stored before them stays
        valid."""
        return {name: value for name, value in super().parameters().items() if value or name == "use_maximum"}

    @property
    def rule(self) -> Rule:
        """The rule that :meth:`score` applies."""
        if self.choose:
            return self.rule_
        how: Literal["mean", "minimum", "maximum", "weighted"] = (
            "maximum" if self.use_maximum else "minimum" if self.use_minimum else "weighted" if self.weigh else "mean"
        )
        return Rule(how, self.standardise)

    def learned_with(self, other: "Fusion") -> Self:
        """Take over what training has chosen for another fusion: members, their weights, the rule."""
        self.members_, self.weights_, self.rule_ = other.members_, other.weights_, other.rule_
        return self

    def fit(
        self, features: Sequence[Array], machine_ids: Sequence[str], *, seed: int = 0, progress: Progress = silent
    ) -> Self:
        """Keep the members' calibration scores: ``features[i]`` holds one held-out clip's raw scores ``(n_members,)``.

        Raises:
            TrainingError: with fewer than two clips, or where two parameters ask for different rules.
        """
        if sum((self.use_maximum, self.use_minimum, self.weigh, self.choose)) > 1:
            raise TrainingError("Fusion: use_maximum, use_minimum, weigh and choose are rules of their own: set one.")
        vectors, ids = np.stack(features), np.asarray(machine_ids)
        if len(vectors) < 2:
            raise TrainingError("Fusion needs at least two held-out normal clips: record more normal sound.")
        self.machine_ids_, self.diagnostics_ = sorted(set(machine_ids)), {}
        self.sorted_ = {i: np.sort(vectors[ids == i], axis=0).astype(np.float64) for i in self.machine_ids_}
        progress(1.0, "done")
        return self

    def score(self, features: Sequence[Array], machine_ids: Sequence[str]) -> Scores:
        self._known(machine_ids)
        rule = self.rule
        scale = self.z_scores if rule.standardised else self.neg_log10_ps
        return np.array(
            [self._combined(scale(vector, i), rule) for vector, i in zip(features, machine_ids, strict=True)],
            dtype=np.float64,
        )

    def _combined(self, values: Sequence[float], rule: Rule) -> float:
        if rule.how == "weighted" and self.weights_ is not None:
            return float(self.weights_ @ np.asarray(values))
        combine = {"maximum": np.max, "minimum": np.min}.get(rule.how, np.mean)
        return float(combine(values))

    def neg_log10_ps(self, vector: Sequence[float] | Array, machine_id: str) -> list[float]:
        """What each member adds: its neg_log10_p at one clip, from the members' raw scores ``(n_members,)``."""
        return [float(neg_log10_p(np.asarray(v), self.sorted_[machine_id][:, m])) for m, v in enumerate(vector)]

    def z_scores(self, vector: Sequence[float] | Array, machine_id: str) -> list[float]:
        """How many standard deviations of held-out normal clips each member's raw score lies above their mean."""
        held_out = self.sorted_[machine_id]
        # A member that scores all normal clips alike must not divide by nothing.
        mean, spread = held_out.mean(axis=0), held_out.std(axis=0)
        floor = 1e-9 * np.maximum(1.0, np.abs(mean))
        return [float(z) for z in (np.asarray(vector, dtype=np.float64) - mean) / np.maximum(spread, floor)]

    def state(self) -> State:
        state = super().state()
        state.arrays |= {f"{i}/sorted": values for i, values in self.sorted_.items()}
        if self.weights_ is not None:
            state.arrays["weights"] = self.weights_
        if self.choose:
            state.config["rule"] = list(self.rule_)
        state.config["members"] = list(self.members_)
        return state

    def restore(self, state: State) -> None:
        self.members_ = list(state.config["members"])
        self.sorted_ = {i: state.arrays[f"{i}/sorted"] for i in self.machine_ids_}
        self.weights_ = state.arrays.get("weights")  # earlier versions have none
        self.rule_ = Rule(*state.config.get("rule", Rule()))


def choose_members(aucs: Mapping[str, float], n: int = 4) -> list[str]:
    """The ``n`` detectors with the highest AUC on synthetic anomalies among the given ones (no controls, none with an
    alarm)."""
    return sorted(aucs, key=lambda key: (-aucs[key], key))[:n]
