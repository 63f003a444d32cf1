"""Which detectors a dataset gives reason to trust, and which one leads: from the scores of its labelled test clips."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from asd_core.evaluation.comparison import against_best_control
from asd_core.evaluation.stratified_bootstrap import Draws


@dataclass(frozen=True)
class Reliability:
    """How far each detector can be trusted on one dataset; each is in exactly one group, by falling AUC within it.

    Attributes:
        trusted: clearly better than the best control: the 95% interval of the paired difference is above 0.
        weak: not better than it, or not clearly.
        unmeasured: nothing is known: no labelled clips, or no control to compare with.
        controls: what every detector must beat.
        auc: mean over machine ids, of those that have one.
        auc_low: the lower ends of their 95% intervals.
        in_use: the detector that a person has pinned, which leads whatever its group; empty for none.
        called: what an AUC is called: that of a single machine id is no mean.
    """

    trusted: tuple[str, ...]
    weak: tuple[str, ...]
    unmeasured: tuple[str, ...]
    controls: tuple[str, ...]
    auc: Mapping[str, float]
    auc_low: Mapping[str, float] = field(default_factory=dict)
    in_use: str = ""
    called: str = "mean AUC"

    def of(self, keys: Sequence[str]) -> "Reliability":
        """The same for some of the detectors."""
        trusted, weak, unmeasured, controls = (
            tuple(key for key in group if key in keys)
            for group in (self.trusted, self.weak, self.unmeasured, self.controls)
        )
        in_use = self.in_use if self.in_use in keys else ""
        return replace(self, trusted=trusted, weak=weak, unmeasured=unmeasured, controls=controls, in_use=in_use)

    def led_by(self, pinned: str) -> "Reliability":
        """The same with the detector that a person has pinned in use; without one that is not there or is a control."""
        return replace(self, in_use=pinned if pinned in (*self.trusted, *self.weak, *self.unmeasured) else "")

    @property
    def order(self) -> tuple[str, ...]:
        """All of them: the one in use, then the best first, controls last."""
        measured = (*self.trusted, *self.weak, *self.unmeasured, *self.controls)
        return tuple(sorted(measured, key=lambda key: key != self.in_use))

    def chosen(self) -> str | None:
        """The leading detector: the one in use, else the best trusted one, else the first that is no control; ``None``
        when there are controls alone."""
        return next((key for key in self.order if key not in self.controls), None)

    def deciding(self, keys: Sequence[str]) -> str:
        """Which of some detectors, at least one, a verdict by them rests on: the leading one; of controls alone the best."""
        known = self.of(keys)
        return known.chosen() or known.order[0]


def measure_reliability(draws: Draws, keys: Sequence[str], controls: Sequence[str]) -> Reliability:
    """How far each detector can be trusted, as measured on labelled test clips.

    Args:
        draws: of all detectors with scores (see :func:`bootstrap`).
        keys: all detectors, in the order that holds where nothing is measured.
        controls: those of ``keys`` that learn nothing of machine sound.
    """
    point = dict(zip(draws.detectors, draws.point().tolist(), strict=True))
    auc = {key: point[key] for key in keys if np.isfinite(point.get(key, np.nan))}
    measured = [key for key in draws.order() if key in auc]
    order = [*measured, *(key for key in keys if key not in auc)]
    weak = {one.detector: one.by_point or one.by_interval for one in against_best_control(draws, controls)}
    detectors = [key for key in order if key not in controls]
    return Reliability(
        trusted=tuple(key for key in detectors if weak.get(key) is False),
        weak=tuple(key for key in detectors if weak.get(key)),
        unmeasured=tuple(key for key in detectors if key not in weak),
        controls=tuple(key for key in order if key in controls),
        auc=auc,
        auc_low=dict(zip(draws.detectors, draws.interval()[:, 0].tolist(), strict=True)),
        called=draws.called("AUC"),
    )
