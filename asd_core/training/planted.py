"""Synthetic faults planted in normal clips: a check that needs no anomaly and no label.

A detector that cannot tell a normal clip from the same clip with a burst of noise in it has not learned anything useful.
Training uses this to raise an alarm (no better than the untrained network) and to choose the members of a fusion. It
presumes added sound; it says nothing of faults that take sound away.
"""

import numpy as np

from asd_core.sound import Clip, Samples

LEVEL_DB = (0.0, 12.0)  # of the burst, relative to the clip's own level in the same band
SHORTEST = 0.05  # s
NARROWEST = 200.0  # Hz


def plant_burst(clip: Clip, seed: int) -> Clip:
    """The clip with one band-limited noise burst; duration and bandwidth are log-uniform, the place is uniform.

    Args:
        clip: one channel (see :func:`asd_core.sound.prepare`).
        seed: same seed, same burst.
    """
    rng = np.random.default_rng(seed)
    samples, rate = clip.samples[0], clip.sample_rate
    duration = min(clip.duration, SHORTEST * (clip.duration / SHORTEST) ** rng.random())
    width = NARROWEST * (rate / 2 / NARROWEST) ** rng.random()
    low = rng.uniform(0.0, rate / 2 - width)
    n = int(duration * rate)
    first = int(rng.uniform(0, len(samples) - n + 1))
    noise = _band(rng.normal(size=n).astype(np.float32), rate, low, low + width)
    own = np.sqrt(np.mean(np.square(_band(samples, rate, low, low + width)), dtype=np.float64))
    gain = own * 10.0 ** (rng.uniform(*LEVEL_DB) / 20.0) / max(float(np.sqrt(np.mean(np.square(noise)))), 1e-12)
    changed = samples.copy()
    changed[first : first + n] += (gain * noise).astype(np.float32)
    return clip.with_samples(changed)


def _band(samples: Samples, rate: int, low: float, high: float) -> Samples:
    """What the signal holds between two frequencies in Hz."""
    from scipy.fft import irfft, rfft, rfftfreq

    spectrum = rfft(samples)
    frequencies = rfftfreq(len(samples), 1.0 / rate)
    spectrum[(frequencies < low) | (frequencies > high)] = 0.0
    return np.asarray(irfft(spectrum, n=len(samples)), dtype=np.float32)
