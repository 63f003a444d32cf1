"""Has a detector learned anything? Asked without a label: held-out normal clips against synthetic anomalies made of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from asd_core.artifacts import ENOUGH_TO_TELL
from asd_core.detectors import Detector, Scores
from asd_core.detectors.common.network import NetworkDetector
from asd_core.evaluation import auc, difference_interval, logit_interval, resampled
from asd_core.features import Representation
from asd_core.training.material import Material

RESAMPLES = 500


@dataclass(frozen=True, eq=False)
class SyntheticCheck:
    """Scores of held-out normal clips and of the synthetic anomalies made of them.

    ``normal`` is ``(n,)`` with machine ids ``normal_ids``; ``anomalies`` is ``(m,)``, the k-th made of normal clip
    ``sources[k]``, of kind ``kinds[k]``.
    """

    normal: Scores
    normal_ids: Sequence[str]
    anomalies: Scores
    sources: NDArray[np.intp]
    kinds: Sequence[str]

    @cached_property
    def auc(self) -> float:
        """Mean over machine ids, of all kinds together."""
        return self._auc(np.ones(len(self.anomalies), dtype=bool))

    @cached_property
    def draws(self) -> Scores:
        """What :meth:`resampled` gives: one check is compared with many."""
        return self.resampled()

    def auc_by_kind(self) -> dict[str, float]:
        """Mean over machine ids of each kind against all normal clips."""
        kinds = np.asarray(self.kinds)
        return {str(kind): self._auc(kinds == kind) for kind in np.unique(kinds)}

    def resampled(self, seed: int = 0) -> Scores:
        """The AUC of ``(RESAMPLES,)`` bootstrap samples of clips, each drawn with the anomalies made of it.

        Two detectors with one seed are resampled alike (paired).
        """
        rng = np.random.default_rng(seed)
        draws = []
        for normal, anomalies in self._by_id(np.ones(len(self.anomalies), dtype=bool)):
            taken = np.zeros((len(normal), RESAMPLES))
            made_of = np.isin(normal, self.sources[anomalies])
            for part in (made_of, ~made_of):  # where anomalies were made of few clips, no draw is without one
                if n := int(part.sum()):
                    taken[part] = rng.multinomial(n, np.full(n, 1.0 / n), size=RESAMPLES).T
            with_sources = taken[np.searchsorted(normal, self.sources[anomalies])]
            if len(anomalies):
                draws.append(resampled(self.normal[normal], self.anomalies[anomalies], taken, with_sources)[0])
        return np.asarray(np.mean(draws, axis=0))

    def interval(self, draws: Scores) -> tuple[float, float]:
        """95% interval of the AUC, from what :meth:`resampled` gave."""
        by_id = self._by_id(np.ones(len(self.anomalies), dtype=bool))
        # Several anomalies made of one clip are one draw of it.
        counts = [min(len(normal), len(np.unique(self.sources[made]))) for normal, made in by_id]
        return logit_interval(self.auc, draws, floor=0.0, deciding=float(np.mean(counts)), groups=len(counts))

    def _auc(self, chosen: NDArray[np.bool_]) -> float:
        return float(np.nanmean([auc(self.normal[n], self.anomalies[m]) for n, m in self._by_id(chosen)]))

    def _by_id(self, chosen: NDArray[np.bool_]) -> list[tuple[NDArray[np.intp], NDArray[np.intp]]]:
        """Places of each machine id's normal clips, and of the chosen anomalies made of them."""
        ids = np.asarray(self.normal_ids)
        subset = ids[self.sources]
        return [(np.flatnonzero(ids == i), np.flatnonzero((subset == i) & chosen)) for i in np.unique(ids)]


def collapse_alarms(check: SyntheticCheck, diagnostics: dict[str, Any], untrained: SyntheticCheck | None) -> list[str]:
    """Sentences on a detector that has not learned: constant scores, a collapsed embedding, or a network that is surely
    no better than its untrained baseline.

    Surely: the 95% interval of the paired difference of the two AUCs lies wholly at or below 0. A lower figure alone is
    no evidence; equal networks would alarm half the time. Nor is it one from fewer than ``ENOUGH_TO_TELL`` normal clips:
    the interval takes the clips at hand for all there are, and a handful may all be of one kind.
    """
    alarms = []
    scores = check.normal
    spread = float(np.std(scores)) / max(float(np.abs(np.median(scores))), 1e-12)
    if len(scores) > 1 and (spread < 1e-4 or len(np.unique(scores)) < len(scores) / 2):
        alarms.append("its scores of different clips are nearly the same.")
    if diagnostics.get("embedding_spread", 1.0) < 1e-4:
        alarms.append("its embedding has collapsed to a point.")
    if untrained and len(check.anomalies) and len(check.normal) >= ENOUGH_TO_TELL:
        low, high = auc_difference(check, untrained)
        if high <= 1e-12:
            alarms.append(
                f"it tells synthetic anomalies from normal clips no better (AUC {check.auc:.3f}) than its untrained baseline "
                f"({untrained.auc:.3f}; 95% interval of the difference {low:+.3f} to {high:+.3f})."
            )
    return alarms


def auc_difference(check: SyntheticCheck, other: SyntheticCheck) -> tuple[float, float]:
    """95% interval of how much better ``check`` is than ``other``, on the same resampled clips."""
    pair = check, other
    intervals = [one.interval(one.draws) for one in pair]
    return difference_interval(
        np.array([one.auc for one in pair]), np.array([one.draws for one in pair]), np.array(intervals)
    )


def synthetic_check(detector: Detector, material: Material) -> SyntheticCheck:
    """Scores of the held-out clips as they are and with a synthetic anomaly in each."""
    representation = material.input(detector)
    normal, anomalies = material.calibration, material.synthetic
    place = {clip_id: k for k, clip_id in enumerate(normal.rows["clip_id"])}
    return SyntheticCheck(
        detector.score(normal.features[representation], normal.machine_ids),
        normal.machine_ids,
        detector.score(anomalies.features[representation], anomalies.machine_ids),
        np.array([place[clip_id] for clip_id in anomalies.rows["clip_id"]], dtype=np.intp),
        list(anomalies.rows["kind"]),
    )


def untrained_baseline(
    detector: Detector, material: Material, representation: Representation, seed: int
) -> Detector | None:
    """The same network as it was initialised, or ``None`` for a detector without a network.

    Args:
        representation: that the detector takes.
    """
    if not isinstance(detector, NetworkDetector):
        return None
    untrained = type(detector)(**{**detector.parameters(), "epochs": 0})
    fit = material.fit
    return untrained.fit_in_domains(
        fit.features[representation], fit.machine_ids, fit.domains, attributes=fit.attributes, seed=seed
    )
