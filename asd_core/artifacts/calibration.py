"""Raw score -> comparable score and threshold, from held-out normal clips alone.

A raw score means nothing beside another detector's. Its percentile among normal clips the detector never saw does.
The threshold is the split-conformal quantile (Vovk et al., 2005; Lei et al., 2018): whatever the detector, if clips are
exchangeable, a new normal clip of the same machine exceeds it with the chosen rate on average over draws of the held-out
clips. What one draw of them may give instead: :func:`asd_core.evaluation.false_alarm_range`. Where fits are quick, all training
normals take the place of the held-out ones: :mod:`asd_core.training.cross_conformal`.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from asd_core.counting import counted, listed
from asd_core.errors import UnknownMachineError
from asd_core.evaluation import CROSSED_WEIGHT, conformal_rank, enough_held_out, margin, normal_spread, rate_on_average


@dataclass(frozen=True)
class Threshold:
    """A threshold on the raw score, and the false-alarm rate it has on average over draws of the held-out clips."""

    value: float
    rate: float
    short: bool  # True when too few clips were held out for the rate that was asked for


def conformal_threshold(held_out: NDArray[np.float64], false_alarm_rate: float, *, crossed: bool = False) -> Threshold:
    """The ceil((n+1)(1-rate))-th smallest of n rising held-out scores. A clip is an anomaly when its score is *above* it.

    n held-out clips give rates in steps of 1/(n+1), and none below it: for a smaller one the largest held-out score is taken.
    The threshold says which rate it stands for, see :func:`asd_core.evaluation.rate_on_average`.
    """
    n = len(held_out)
    value = float(held_out[conformal_rank(n, false_alarm_rate) - 1])
    rate = rate_on_average(n, false_alarm_rate, crossed=crossed)
    return Threshold(value, rate, short=not enough_held_out(n, false_alarm_rate))


@dataclass(frozen=True)
class Calibration:
    """Sorted raw scores of the held-out normal clips, a list per machine id.

    ``crossed`` names the machine ids whose clips were each held out of one of five fits (cross-conformal, see
    :mod:`asd_core.training.cross_conformal`); those of the others were held out of the fit that is in use.
    """

    scores: dict[str, list[float]]
    crossed: frozenset[str] = frozenset()

    @classmethod
    def from_scores(
        cls, raw: NDArray[np.float64], machine_ids: Sequence[str], crossed: Collection[str] = ()
    ) -> "Calibration":
        ids = np.asarray(machine_ids)
        return cls({str(i): sorted(float(s) for s in raw[ids == i]) for i in np.unique(ids)}, frozenset(crossed))

    def sorted_scores(self, machine_id: str) -> NDArray[np.float64]:
        """The held-out scores of one machine id, rising.

        Raises:
            UnknownMachineError: for an id without any.
        """
        if machine_id not in self.scores:
            raise UnknownMachineError(
                f"Machine id {machine_id} has no calibration; known: {listed(sorted(self.scores))}."
            )
        return self._held_out[machine_id]

    @cached_property
    def _held_out(self) -> dict[str, NDArray[np.float64]]:
        """The lists as arrays: made once, as every clip's score is looked up in them."""
        return {machine_id: np.asarray(scores) for machine_id, scores in self.scores.items()}

    def spread(self, machine_id: str) -> float:
        """The spread of the held-out scores of one machine id, see :func:`asd_core.evaluation.normal_spread`.

        Raises:
            UnknownMachineError: for an id without any.
        """
        if machine_id not in self._spreads:  # measured once, as every clip's margin is in it
            self._spreads[machine_id] = normal_spread(self.sorted_scores(machine_id))
        return self._spreads[machine_id]

    @cached_property
    def _spreads(self) -> dict[str, float]:
        return {}

    def n(self, machine_id: str) -> int:
        """How many held-out normal clips stand behind this machine id."""
        return len(self.sorted_scores(machine_id))

    def set_by(self, machine_id: str) -> str:
        """What sets the threshold of a machine id: ``60 held-out normal clips``."""
        n = self.n(machine_id)
        if machine_id in self.crossed:
            return f"{counted(n, 'normal clip')}, each held out of one of five fits"
        return counted(n, "held-out normal clip")

    def clip_weight(self, machine_id: str) -> float:
        """Weight of one held-out clip of a machine id as evidence of the threshold's false-alarm rate, see
        :data:`asd_core.evaluation.CROSSED_WEIGHT`."""
        return CROSSED_WEIGHT if machine_id in self.crossed else 1.0

    def percentile(self, raw: float | NDArray[np.float64], machine_id: str) -> NDArray[np.float64]:
        """Share of held-out normals that score below, ties counted half, from 0 to 100."""
        subset = self.sorted_scores(machine_id)
        below = np.searchsorted(subset, raw, side="left") + np.searchsorted(subset, raw, side="right")
        return np.asarray(50.0 * below / len(subset), dtype=np.float64)

    def threshold(self, machine_id: str, false_alarm_rate: float) -> "Threshold":
        """The conformal threshold of one machine id, see :func:`conformal_threshold`.

        Raises:
            UnknownMachineError: for an id without held-out scores.
        """
        crossed = machine_id in self.crossed
        return conformal_threshold(self.sorted_scores(machine_id), false_alarm_rate, crossed=crossed)

    def margin(self, raw: float | NDArray[np.float64], machine_id: str, false_alarm_rate: float) -> NDArray[np.float64]:
        """How many normal spreads raw scores lie above the threshold, unbounded: see :func:`asd_core.evaluation.margin`."""
        threshold = self.threshold(machine_id, false_alarm_rate).value
        return np.asarray(margin(np.asarray(raw, dtype=np.float64), threshold, self.spread(machine_id)))
