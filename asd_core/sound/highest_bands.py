"""The highest bands of a recording that was raised from a lower rate: the filter on its way has weakened them.

Resamplers pass nine tenths of what the lower rate holds and let the rest fall (soxr by 70 dB, FFmpeg and SciPy by some dB near the
end). To detectors that learned these bands it looks like a fault. What was taken is put back from the bands below, mirrored about the
edge, which keeps their course over time (spectral folding: Makhoul and Berouti, High-frequency regeneration in speech coding
systems, ICASSP 1979), to the level that they have.
"""

import numpy as np

from asd_core.lazy import scipy
from asd_core.sound.power_density import welch

PASSED = 0.9  # of half the lower rate: below, no usual filter weakens anything; as far below it begins what is mirrored
EMPTY = (1.15, 1.35)  # of half the lower rate: beyond every filter's slope
NOTHING = 1e-4  # of the power below the edge: 40 dB, which no machine's own spectrum falls within half an octave
SMOOTHED = 9  # bins of 1024: 140 Hz at 16 kHz
WEAKENED = 0.8  # of the power: less than 1 dB is within the spectrum's own course


def was_raised(samples: np.ndarray, sample_rate: int, lower: int) -> bool:
    """Whether a recording ``(n_samples,)`` holds nothing beyond half of a lower rate, right up to which it has sound."""
    half = lower / 2
    if sample_rate / 2 < EMPTY[1] * half:
        return False
    frequencies, power = welch(samples, sample_rate, min(2048, len(samples)))
    below, beyond = (
        np.median(power[(frequencies >= low * half) & (frequencies < high * half)])
        for low, high in ((2 * PASSED - 1, PASSED), EMPTY)
    )
    return bool(beyond < NOTHING * below)


def completed(samples: np.ndarray, sample_rate: int) -> np.ndarray:
    """A recording ``(n_samples,)`` at the lower rate with its highest bands at the level of those below, where they are weaker."""
    half, n = sample_rate / 2, len(samples)
    frequencies, power = welch(samples, sample_rate, min(1024, n))
    usual = power[(frequencies >= (2 * PASSED - 1) * half) & (frequencies < PASSED * half)]
    level = np.exp(np.log(usual + 1e-20).mean())
    spectrum = scipy.fft.rfft(samples)
    edge = round(PASSED * half * n / sample_rate)
    weak = np.arange(edge, len(spectrum))
    power[-1] = power[-2]  # half of it is beyond the end
    smooth = scipy.ndimage.uniform_filter1d(np.minimum(power / level, 1.0), SMOOTHED, mode="nearest")
    falling = np.maximum.accumulate(smooth[::-1])[::-1]  # a filter does not rise again: what comes back was a dip
    left = np.interp(weak * sample_rate / n, frequencies, falling)
    missing = np.where(left < WEAKENED, np.sqrt(1.0 - left), 0.0)
    spectrum[weak] += np.conj(spectrum[2 * edge - weak]) * missing
    return np.asarray(scipy.fft.irfft(spectrum, n), dtype=np.float32)
