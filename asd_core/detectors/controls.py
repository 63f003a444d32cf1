"""Controls: what a detector must beat to be worth anything."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from asd_core.detectors.base import Density, DensityPerId, Detector, DetectorInfo, Scores
from asd_core.detectors.common.gaussian import Mahalanobis
from asd_core.features import Array, BandSpectrum, Level
from asd_core.progress import Progress, silent


class Deviation(Density):
    """Distance from the median of one figure, in robust standard deviations (1.4826 x median absolute deviation)."""

    median_: NDArray[np.float64]  # (d,)
    spread_: NDArray[np.float64]  # (d,)

    def fit(self, vectors: NDArray[Any], *, seed: int = 0) -> Self:
        self.median_ = np.median(vectors, axis=0).astype(np.float64)
        spread = 1.4826 * np.median(np.abs(vectors - self.median_), axis=0)
        self.spread_ = np.maximum(spread, 1e-6).astype(np.float64)
        return self

    def score(self, vectors: NDArray[Any]) -> Scores:
        return np.asarray((np.abs(vectors - self.median_) / self.spread_).mean(axis=1), dtype=np.float64)


@dataclass
class ControlRms(DensityPerId):
    """How far the clip's level is from the median one of this machine's normal clips."""

    info: ClassVar[DetectorInfo] = DetectorInfo(
        key="control_rms",
        title="Control: clip level",
        origin="control",
        scope="machine id",
        representation=Level(),
        paper="None: a control.",
        decides="Measures how far the clip's level is from the usual one.",
        catches="Catches louder and quieter clips alone: what every detector must beat.",
        how_it_scores="Distance of the clip's RMS level in dB from the normal clips' median, in robust deviations.",
        when_not_to_use="To detect anything: a detector that does not beat it has learned loudness at best.",
    )

    def new_model(self) -> Deviation:
        return Deviation()


@dataclass
class ControlMahalanobis(DensityPerId):
    """Mahalanobis distance of the time-averaged log-mel: everything that a long-term spectrum can tell."""

    map_shows: ClassVar[str] = "what raises the score"
    info: ClassVar[DetectorInfo] = DetectorInfo(
        key="control_mahalanobis",
        title="Control: mean log-mel",
        origin="control",
        scope="machine id",
        paper="Mahalanobis (1936); covariance by Ledoit and Wolf (2004).",
        decides="Compares the clip's mean spectrum with that of the normal clips.",
        catches="Catches steady changes and misses short ones: what every detector must beat.",
        how_it_scores="Squared Mahalanobis distance of the clip's time-averaged log-mel from the normal clips' mean.",
        when_not_to_use="As a product: it is blind to anything short. It shows how much a mean spectrum explains.",
    )

    def new_model(self) -> Mahalanobis:
        return Mahalanobis()

    def vectors(self, features: Sequence[Array]) -> Array:
        return np.stack([log_mel.mean(axis=1) for log_mel in features])

    def explain(self, features: Array, machine_id: str) -> Array | None:
        """Each band's share of the distance, the same at all times: the score knows no time."""
        model = self.models_[machine_id]
        assert isinstance(model, Mahalanobis)
        spectrum = features.mean(axis=1)
        centre, pull = model.shares(spectrum)
        share = np.maximum((spectrum - centre) * pull, 0.0)
        return np.repeat(share[:, None].astype(np.float32), features.shape[1], axis=1)


@dataclass
class ControlRandom(Detector):
    """A number drawn from the features' hash: random among clips, the same whenever a clip comes back."""

    info: ClassVar[DetectorInfo] = DetectorInfo(
        key="control_random",
        title="Control: random score",
        origin="control",
        scope="none",
        representation=BandSpectrum(),
        paper="None: a control.",
        decides="Draws a number that knows nothing of the sound.",
        catches="Catches nothing: it shows how far chance alone strays from an AUC of 0.5.",
        how_it_scores="A number between 0 and 1 made of a hash of the clip's features: it knows nothing of the sound.",
        when_not_to_use="To detect anything: it shows how far from 0.5 an AUC strays by chance with this many clips.",
    )

    def fit(
        self, features: Sequence[Array], machine_ids: Sequence[str], *, seed: int = 0, progress: Progress = silent
    ) -> Self:
        self.machine_ids_, self.diagnostics_ = sorted(set(machine_ids)), {}
        progress(1.0, "nothing to learn")
        return self

    def score(self, features: Sequence[Array], machine_ids: Sequence[str]) -> Scores:
        self._known(machine_ids)
        return np.array([_uniform(clip) for clip in features], dtype=np.float64)


def _uniform(features: Array) -> float:
    """A number in [0, 1) made of an array's values to a tenth, so that rounding on another machine draws no other one."""
    digest = hashlib.sha256(np.round(features * 10.0).astype(np.int32).tobytes()).digest()
    return int.from_bytes(digest[:6], "big") / 2.0**48
