"""PCA + KDE: how improbable the clip's spectrum is under a kernel density of normal spectra."""

from dataclasses import dataclass
from typing import ClassVar

from asd_core.detectors.base import DensityPerId, DetectorInfo, parameter
from asd_core.detectors.common.kde import Kde
from asd_core.features import BandSpectrum


@dataclass
class PcaKde(DensityPerId):
    """One density a machine id, on the log-magnitude FFT folded into bands."""

    n_components: int = parameter(8, low=1, high=128, help="Principal components kept; few, or densities mean nothing.")
    residual: bool = parameter(False, low=False, high=True, help="Also weigh what lies outside the components.")

    info: ClassVar[DetectorInfo] = DetectorInfo(
        key="pca_kde",
        title="PCA + KDE",
        origin="report",
        scope="machine id",
        representation=BandSpectrum(),
        paper="Parzen, On estimation of a probability density function and mode, 1962.",
        decides="Compares the clip's spectrum, reduced to a few components, with how the normal clips are spread.",
        catches="Catches faults that change the spectrum of the whole clip; misses short ones.",
        how_it_scores="-log density of the clip's whitened principal components under Gaussian kernels on normal "
        "clips. (With `residual`, beyond the report: plus its distance from those components under a Gaussian.)",
        when_not_to_use="For short faults: the spectrum of a whole clip averages them away. With more than about ten "
        "components, kernels mean little: in high dimensions every clip is far from every other.",
    )

    def new_model(self) -> Kde:
        return Kde(self.n_components, self.residual)
