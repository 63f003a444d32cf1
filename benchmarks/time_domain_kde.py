"""The report's time-domain PCA + KDE: kept outside the registry to show that it loses."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

from asd_core.detectors import DetectorInfo, Scores
from asd_core.detectors.pca_kde import PcaKde
from asd_core.features import Waveform
from asd_core.sound import Clip


@dataclass
class PcaKdeTime(PcaKde):
    """The report's time-domain variant: an experiment, not in the registry.

    Two clips of one machine never start at the same phase, so the components of raw samples describe noise: it is
    kept to show that it loses.
    """

    info: ClassVar[DetectorInfo] = replace(
        PcaKde.info,
        key="pca_kde_time",
        title="PCA + KDE, time domain (experiment)",
        representation=Waveform(),
        how_it_scores="-log density of the rescaled waveform's whitened principal components under Gaussian kernels.",
        when_not_to_use="Always: samples of two recordings do not line up, so their components are phase noise.",
    )


def time_domain_scores(
    train: Sequence[Clip], train_ids: Sequence[str], test: Sequence[Clip], test_ids: Sequence[str], *, seed: int = 0
) -> Scores:
    """Scores ``(n_test,)`` of the report's time-domain PCA + KDE: fitted on prepared normal clips, in one call."""
    representation = PcaKdeTime.info.representation
    detector = PcaKdeTime().fit([representation.transform(clip) for clip in train], train_ids, seed=seed)
    return detector.score([representation.transform(clip) for clip in test], test_ids)
