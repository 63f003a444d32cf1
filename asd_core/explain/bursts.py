"""Whether a detector's map comes in bursts, and how far apart: reported only of what repeats plainly."""

import numpy as np
from numpy.typing import NDArray

from asd_core.explain.explanation import Why
from asd_core.explain.smoothing import moving_mean
from asd_core.lazy import scipy
from asd_core.scoring import is_long

SHORTEST = 0.3  # s between bursts: closer ones are one sound to the ear
SMOOTHED = 0.25  # s: a burst is made of many clicks
PERIODS = 3  # that a clip must hold: two of anything are no rhythm
PLAIN, AGAIN = 0.5, 0.4  # correlation with itself one and two periods on
GROUPS = 1.5  # moments a period: more are several bursts that repeat together
MOST_OF_IT = 0.7  # of a map lies in the named span where no other is worth naming
FALLS = 0.4  # of its highest, by which a map falls between two moments: a ripple on a long burst is none
APART = 0.2  # to which it must have fallen in between: a slow swell has no period


def burst_period(loudness: NDArray[np.float64], hop_seconds: float) -> float | None:
    """Seconds between bursts of a map's sum over a band ``(n_frames,)``; ``None`` where it does not plainly repeat.

    The first plain peak of the autocorrelation (unbiased, without the mean) after it has fallen, if the next one is there too:
    where every second stroke of a machine is louder, a viewer still counts them all.
    """
    width = max(1, round(SMOOTHED / hop_seconds))
    smooth = moving_mean(loudness, SMOOTHED, hop_seconds)
    values = smooth - smooth.mean()
    n, least = len(values), round(SHORTEST / hop_seconds)
    power = float(values @ values) / max(n, 1)
    most = n // PERIODS
    if power <= 0.0 or most <= least:
        return None
    spectrum = np.abs(np.fft.rfft(values, 2 * n)) ** 2
    lags = np.fft.irfft(spectrum)[: 2 * most + 1] / (n - np.arange(2 * most + 1)) / power
    fallen = np.flatnonzero(lags[: most + 1] < APART)
    if not len(fallen):
        return None
    start = max(least, int(fallen[0]))
    if start >= most:
        return None
    for peak in start + np.append(scipy.signal.find_peaks(lags[start : most + 1], height=PLAIN)[0], 0):
        peak += int(np.argmax(lags[peak : min(peak + width, most) + 1]))  # a ripple on its way up is no peak
        near = lags[2 * peak - 2 : 2 * peak + 3]
        if lags[peak] >= PLAIN and len(near) and near.max() >= AGAIN:
            return float(peak * hop_seconds)
    return None


def n_moments(loudness: NDArray[np.float64], hop_seconds: float) -> int:
    """How often a map's sum over a band ``(n_frames,)`` comes up to half of its highest, and falls plainly in between."""
    smooth = moving_mean(loudness, SMOOTHED / 2, hop_seconds)
    top = float(smooth.max(initial=0.0))
    if top <= 0.0:
        return 0
    padded = np.pad(smooth, 1)  # one at the very start or end counts, too
    distance = max(1, round(SHORTEST / hop_seconds))
    return len(scipy.signal.find_peaks(padded, height=0.5 * top, prominence=FALLS * top, distance=distance)[0])


def place_in_words(place: Why, period: float | None, moments: int = 1) -> str:
    """Band and time of a map in a few words: ``3.4 to 5.5 kHz, 4.1 to 4.6 s``.

    Args:
        period: of its bursts in s; ``None`` where it has none.
        moments: see :func:`n_moments`.
    """
    low, high = f"{place.f0 / 1000:.1f}", f"{place.f1 / 1000:.1f}"
    band = f"{low} to {high} kHz" if low != high else f"about {low} kHz"
    whole = place.time_share >= 1.0
    if whole and is_long(place.t1):
        return band  # one map of minutes cannot say more
    if whole and place.even:
        return f"{band}, throughout the clip"
    start, end = f"{place.t0:.1f}", f"{place.t1:.1f}"
    at = "at its very start" if start == "0.0" else f"at {start} s"
    span = at if start == end else f"from {start} to {end} s"
    strongest = "" if whole else f", strongest {span}"
    if period is not None:
        seconds = (place.t1 - place.t0) / place.time_share
        groups = moments > GROUPS * max(seconds / period, 1.0)
        return f"{band}, in {'groups of ' if groups else ''}bursts every {period:.1f} s{strongest}"
    if moments > 1:
        return f"{band}, several times{strongest}"  # a number might not match what a viewer counts
    if whole:
        return f"{band}, most of the time"
    return f"{band}, {'' if place.share >= MOST_OF_IT else 'strongest '}{span}"  # the rest lies at other times
