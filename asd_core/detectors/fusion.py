"""Fusion: the scores of several detectors, each on a scale of its own, combined."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Self

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

    Inside the calibration scores this is their empirical tail, interpolated. Above their 80 % quantile an exponential
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


@dataclass
class Fusion(Detector):
    """Mean or maximum of the members' -log10 p. It looks at no sound itself."""

    use_maximum: bool = parameter(
        False, low=False, high=True, help="The member with the largest -log10 p decides, not the mean."
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

    def fit(
        self, features: Sequence[Array], machine_ids: Sequence[str], *, seed: int = 0, progress: Progress = silent
    ) -> Self:
        """Keep the members' calibration scores: ``features[i]`` holds one held-out clip's raw scores ``(n_members,)``."""
        vectors, ids = np.stack(features), np.asarray(machine_ids)
        if len(vectors) < 2:
            raise TrainingError("Fusion needs at least two held-out normal clips: record more normal sound.")
        self.machine_ids_, self.diagnostics_ = sorted(set(machine_ids)), {}
        self.sorted_ = {i: np.sort(vectors[ids == i], axis=0).astype(np.float64) for i in self.machine_ids_}
        progress(1.0, "done")
        return self

    def score(self, features: Sequence[Array], machine_ids: Sequence[str]) -> Scores:
        self._known(machine_ids)
        combine = np.max if self.use_maximum else np.mean
        return np.array(
            [combine(self.neg_log10_ps(vector, i)) for vector, i in zip(features, machine_ids, strict=True)],
            dtype=np.float64,
        )

    def neg_log10_ps(self, vector: Sequence[float] | Array, machine_id: str) -> list[float]:
        """What each member adds: its neg_log10_p at one clip, from the members' raw scores ``(n_members,)``."""
        return [float(neg_log10_p(np.asarray(v), self.sorted_[machine_id][:, m])) for m, v in enumerate(vector)]

    def state(self) -> State:
        state = super().state()
        state.arrays |= {f"{i}/sorted": values for i, values in self.sorted_.items()}
        state.config["members"] = list(self.members_)
        return state

    def restore(self, state: State) -> None:
        self.members_ = list(state.config["members"])
        self.sorted_ = {i: state.arrays[f"{i}/sorted"] for i in self.machine_ids_}


def choose_members(aucs: Mapping[str, float], n: int = 4) -> list[str]:
    """The ``n`` detectors with the highest AUC on synthetic anomalies among the given ones (no controls, none with an
    alarm)."""
    return sorted(aucs, key=lambda key: (-aucs[key], key))[:n]
