"""Variants of registered detectors, with parameters that only experiments vary: they are not in the registry."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from asd_core.detectors import Detector, DetectorInfo, Scores, detector_class, parameter
from asd_core.detectors.common.kde import Kde
from asd_core.detectors.common.whitening import Whitening
from asd_core.detectors.pca_dbscan import Dbscan, PcaDbscan
from asd_core.detectors.pca_kde import PcaKde
from asd_core.features import Array
from asd_core.progress import Progress, silent


@dataclass
class PcaKdeBandwidth(PcaKde):
    """PCA + KDE whose bandwidth is set by another rule, or is a multiple of the rule's."""

    n_components: int = parameter(8, low=1, high=4096, help="Principal components kept, as many as the clips allow.")
    scott: bool = parameter(False, low=False, high=True, help="Scott's rule in place of cross-validated likelihood.")
    fixed: float = parameter(0.0, low=0.0, high=10.0, help="A fixed bandwidth in whitened units; 0 leaves the rule.")
    factor: float = parameter(1.0, low=0.01, high=100.0, help="What the bandwidth is multiplied by.")

    info: ClassVar[DetectorInfo] = replace(PcaKde.info, key="pca_kde_bandwidth")

    def fit(
        self, features: Sequence[Array], machine_ids: Sequence[str], *, seed: int = 0, progress: Progress = silent
    ) -> Self:
        super().fit(features, machine_ids, seed=seed, progress=progress)
        models = [model for model in self.models_.values() if isinstance(model, Kde)]
        for model in models:
            n, dimension = model.points_.shape
            if self.scott:  # Scott (1992), for data of unit variance
                model.bandwidth_ = n ** (-1.0 / (dimension + 4))
            model.bandwidth_ = self.factor * (self.fixed or model.bandwidth_)
        self.diagnostics_["bandwidth"] = float(np.mean([model.bandwidth_ for model in models]))
        return self


class TunedDbscan(Dbscan):
    """DBSCAN with a given eps (in whitened units, where 1 is a standard deviation) and min_samples."""

    def __init__(self, n_components: int, eps: float, min_samples: int) -> None:
        super().__init__(n_components)
        self.kept, self.eps_, self.min_samples = n_components, eps, min_samples

    def fit(self, vectors: NDArray[Any], *, seed: int = 0) -> Self:
        from sklearn.cluster import DBSCAN

        self.whitening_ = Whitening.fit(vectors, self.kept, seed=seed)
        points = self.whitening_.transform(vectors)
        clusters = DBSCAN(eps=self.eps_, min_samples=self.min_samples).fit(points)
        self.core_ = points[clusters.core_sample_indices_].astype(np.float32)  # none where nothing is dense enough
        return self

    def score(self, vectors: NDArray[Any]) -> Scores:
        # Without a core sample every clip is as far from what is normal as any other.
        return super().score(vectors) if len(self.core_) else np.zeros(len(vectors))


@dataclass
class PcaDbscanTuned(PcaDbscan):
    """PCA + DBSCAN with eps and min_samples given by hand, the same for every machine id."""

    eps: float = parameter(1.0, low=0.01, high=100.0, help="Radius of a neighbourhood, in whitened units.")
    min_samples: int = parameter(8, low=1, high=256, help="Neighbours that make a core sample.")

    info: ClassVar[DetectorInfo] = replace(PcaDbscan.info, key="pca_dbscan_tuned")

    def new_model(self) -> Dbscan:
        return TunedDbscan(self.n_components, self.eps, self.min_samples)


VARIANTS: dict[str, tuple[str, type[Detector]]] = {  # key -> the registry's key it varies, class
    "pca_kde_bandwidth": ("pca_kde", PcaKdeBandwidth),
    "pca_dbscan_tuned": ("pca_dbscan", PcaDbscanTuned),
}


def class_of(key: str) -> type[Detector]:
    """The class behind a key of the registry or of :data:`VARIANTS`.

    Raises:
        TrainingError: for an unknown key.
    """
    return VARIANTS[key][1] if key in VARIANTS else detector_class(key)


def registered(key: str) -> str:
    """The registry's key: the one itself, or the one a variant varies."""
    return VARIANTS[key][0] if key in VARIANTS else key
