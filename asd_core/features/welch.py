"""A clip's long-term spectrum by Welch's method: steadier than one FFT of the whole clip, so that clips compare."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from asd_core.features.base import Array, mono
from asd_core.lazy import scipy
from asd_core.sound import Clip


@dataclass(frozen=True)
class WelchSpectrum:
    """Mean power spectrum of overlapping Hann frames in dB, ``(n_fft // 2 + 1,)`` (Welch, IEEE Trans. Audio 15, 1967).

    0 dB is a full-scale sine at a bin's centre, as in :func:`asd_core.features.spectrum_db`.
    """

    kind: ClassVar[str] = "Welch spectrum"
    sample_rate: int = 16000
    n_fft: int = 1024
    hop_length: int = 512

    def transform(self, clip: Clip) -> Array:
        _, power = scipy.signal.welch(
            mono(clip, self.sample_rate),
            self.sample_rate,
            nperseg=self.n_fft,
            noverlap=self.n_fft - self.hop_length,
            detrend=False,
            scaling="spectrum",
        )
        # A sine of amplitude 1 has a power of 1/2.
        return np.asarray(10.0 * np.log10(np.maximum(2.0 * power, 1e-14)), dtype=np.float32)

    def frequencies(self) -> NDArray[np.float64]:
        """Centres of the bins in Hz."""
        return np.asarray(np.fft.rfftfreq(self.n_fft, 1.0 / self.sample_rate), dtype=np.float64)
