"""Has a detector learned anything? Asked without a label: held-out normal clips against the same with a planted burst."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from asd_core.detectors import Detector, Scores
from asd_core.detectors.common.network import NetworkDetector
from asd_core.evaluation import auc
from asd_core.training.material import Material

RESAMPLES = 300


@dataclass(frozen=True, eq=False)
class PlantedCheck:
    """Scores ``(n,)`` of held-out normal clips and ``(m,)`` of the same clips with a burst, with their machine ids."""

    normal: Scores
    normal_ids: Sequence[str]
    planted: Scores
    planted_ids: Sequence[str]

    @cached_property
    def auc(self) -> float:
        """Mean over machine ids."""
        return self._auc(None)

    def resampled(self, seed: int = 0) -> Scores:
        """The AUC of ``(RESAMPLES,)`` bootstrap samples; two detectors with one seed are resampled alike (paired)."""
        rng = np.random.default_rng(seed)
        return np.array([self._auc(rng) for _ in range(RESAMPLES)])

    def _auc(self, rng: np.random.Generator | None) -> float:
        ids, other = np.asarray(self.normal_ids), np.asarray(self.planted_ids)
        found = []
        for machine_id in np.unique(ids):
            normal, planted = self.normal[ids == machine_id], self.planted[other == machine_id]
            if rng is not None and len(planted):
                normal = normal[rng.integers(len(normal), size=len(normal))]
                planted = planted[rng.integers(len(planted), size=len(planted))]
            found.append(auc(normal, planted))
        return float(np.nanmean(found))


def collapse_alarms(check: PlantedCheck, health: dict[str, Any], untrained: PlantedCheck | None) -> list[str]:
    """Sentences on a detector that has not learned: constant scores, a collapsed embedding, or a network no better than
    its untrained twin. Whether it is surely worse is asked of a paired bootstrap (95 % bound of the difference below 0)."""
    alarms = []
    scores = check.normal
    spread = float(np.std(scores)) / max(float(np.abs(np.median(scores))), 1e-12)
    if spread < 1e-4 or len(np.unique(scores)) < len(scores) / 2:
        alarms.append("its scores of different clips are nearly the same.")
    if health.get("embedding_spread", 1.0) < 1e-4:
        alarms.append("its embedding has collapsed to a point.")
    if untrained and check.auc <= untrained.auc:
        surely = float(np.quantile(check.resampled() - untrained.resampled(), 0.95)) < 0.0
        alarms.append(
            f"it tells planted bursts from normal clips no better (AUC {check.auc:.3f}) than its untrained twin "
            f"({untrained.auc:.3f}; the difference is {'beyond' if surely else 'within'} chance)."
        )
    return alarms


def planted_check(detector: Detector, material: Material) -> PlantedCheck:
    """Scores of the held-out clips as they are and with a burst planted in each."""
    representation = detector.info.representation
    ids, planted_ids = material.calibration.machine_ids, material.planted.machine_ids
    return PlantedCheck(
        detector.score(material.calibration.features[representation], ids),
        ids,
        detector.score(material.planted.features[representation], planted_ids),
        planted_ids,
    )


def _untrained(detector: Detector, material: Material, seed: int) -> Detector | None:
    """The same network with the weights it was born with, or ``None`` for a detector without a network."""
    if not isinstance(detector, NetworkDetector):
        return None
    twin = type(detector)(**{**detector.parameters(), "epochs": 0})
    return twin.fit(material.fit.features[detector.info.representation], material.fit.machine_ids, seed=seed)
