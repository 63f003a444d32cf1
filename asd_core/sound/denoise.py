"""Spectral gating (noisereduce) at any strength for the price of at most two calls a clip.

noisereduce multiplies the spectrogram by ``p·mask + (1-p)`` and every later step is linear, so its result is
exactly linear in the strength ``p`` (``prop_decrease``): ``y(p) = p·y(1) + (1-p)·y(0)``. Both are
computed once; every position of a slider is then a cross-fade.
"""

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np

from asd_core.errors import ClipError
from asd_core.lazy import noisereduce
from asd_core.sound.recording import Samples

Kind = Literal["stationary", "non-stationary"]
KINDS: tuple[Kind, ...] = ("stationary", "non-stationary")
DEFAULT_STRENGTH = 0.0  # at which a player begins: detectors learned undenoised sound
USUAL_STRENGTH = 0.6  # at which denoised sound is first played: that of the report's figures
WINDOW = 1024  # noisereduce's n_fft: a shorter signal cannot be gated
HOP = 256  # its hop
PADDING = 30_000  # its samples of silence on each side, which it gates with the signal
SMOOTHED = 0.05  # s: how far its mask is smoothed over time


@dataclass(frozen=True, eq=False)
class DenoiseMix:
    """A signal gated at strengths 0 and 1, each ``(n_samples,)`` float32; ``off`` is the untouched input."""

    off: Samples
    zero: Samples  # y(0): smoothing the mask makes it differ from the input in stationary mode
    one: Samples  # y(1)

    def at(self, strength: float) -> Samples:
        """The signal at a strength from 0 (the input itself, bypassing the gate) to 1.

        Raises:
            ValueError: for a strength outside 0 to 1.
        """
        if not 0.0 <= strength <= 1.0:
            raise ValueError(f"denoising strength {strength} is outside 0 to 1")
        if strength == 0.0:
            return self.off
        p = np.float32(strength)
        return p * self.one + (np.float32(1.0) - p) * self.zero

    def energy_removed(self, strength: float) -> float:
        """The share of the input's energy that is gone at this strength, from 0 to 1 (0 for silence)."""
        before = float(np.dot(self.off, self.off))
        after = self.at(strength)
        return max(0.0, 1.0 - float(np.dot(after, after)) / before) if before > 0 else 0.0


def noise_region(samples: Samples, sample_rate: int, start: float, end: float) -> Samples:
    """The stretch of a recording ``(n_samples,)`` from ``start`` to ``end`` s, as the noise reference of its denoising.

    Raises:
        ClipError: when it lies outside the recording or is shorter than one window.
    """
    duration, shortest = len(samples) / sample_rate, WINDOW / sample_rate
    if not 0.0 <= start < end <= duration + 1e-6 or end - start < shortest - 1e-9:
        raise ClipError(
            f"{start:.2f} to {end:.2f} s cannot be the noise reference: choose {shortest:.3f} s or more within the "
            f"recording's {duration:.2f} s."
        )
    return samples[round(start * sample_rate) : round(end * sample_rate)]


def denoise_mix(
    samples: Samples, sample_rate: int, *, kind: Kind = "stationary", noise: Samples | None = None
) -> DenoiseMix:
    """Gate a signal at strengths 0 and 1 (two calls of noisereduce; one in non-stationary mode).

    Args:
        samples: ``(n_samples,)`` float32.
        sample_rate: in Hz.
        kind: ``stationary`` (one threshold per frequency) or ``non-stationary`` (one that follows the sound).
        noise: a noise-only recording ``(n_samples,)`` at the same rate, for stationary gating; without it the
            recording itself is taken as the noise, so a steady hum is removed with the noise.

    Raises:
        ClipError: when the noise reference is shorter than one window or silent, or given in non-stationary mode.
    """
    if noise is not None and kind != "stationary":
        raise ClipError("A noise reference works with stationary denoising only: choose stationary.")
    if noise is not None and (len(noise) < WINDOW or not np.any(noise)):
        raise ClipError(f"The noise reference is silent or under {WINDOW} samples: choose a longer stretch of noise.")
    if len(samples) < WINDOW or not np.any(samples):  # nothing to gate: noisereduce would raise or return NaN
        return DenoiseMix(samples, samples, samples)

    def gate(strength: float) -> Samples:
        with np.errstate(divide="ignore", invalid="ignore"):  # exact digital silence divides 0 by 0 in the gate
            result = noisereduce.reduce_noise(
                y=samples,
                sr=sample_rate,
                stationary=kind == "stationary",
                y_noise=noise,
                prop_decrease=strength,
                padding=_padding(sample_rate, kind),
            )
        return np.nan_to_num(np.asarray(result, dtype=np.float32))

    # Non-stationary gating mixes after smoothing, so its strength 0 is the input itself: one call is enough.
    zero = gate(0.0) if kind == "stationary" else samples
    return DenoiseMix(samples, zero, gate(1.0))


def _padding(sample_rate: int, kind: Kind) -> int:
    """As much silence as the result depends on: that of a clip of 5 s takes half the time.

    A stationary gate looks no farther than a window and the mask's smoothing. Its frames stay where noisereduce has them, so that the
    result is the same. One that follows the sound looks back by seconds, and keeps all.
    """
    frames = WINDOW // HOP + math.ceil(SMOOTHED * sample_rate / HOP) + 4
    return min(PADDING, PADDING % HOP + HOP * frames) if kind == "stationary" else PADDING
