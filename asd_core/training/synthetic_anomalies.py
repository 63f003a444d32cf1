"""Synthetic anomalies made of normal clips: a check that needs no recorded anomaly and no label.

A detector that cannot tell a normal clip from the same clip with a synthetic fault has not learned anything useful.
Training uses this to raise an alarm (surely no better than the untrained baseline) and to choose the members of a fusion.
The kinds add, remove and move sound, so that no method is favoured for the faults it likes; they presume that real faults
do one of these.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from asd_core.datasets import Extracted
from asd_core.lazy import scipy
from asd_core.sound import Clip, Samples

BURST_DB = (0.0, 12.0)  # of a burst, relative to the clip's own level in the same band
CHANGE_DB = (3.0, 12.0)  # of a level drop, and of a drift by its end
SHORTEST = 0.05  # s
NARROWEST = 200.0  # Hz
FADE = 0.01  # s: a change without clicks, which would be added sound


def burst(samples: Samples, rate: int, rng: np.random.Generator, db: float | None = None) -> Samples:
    """Added sound: band-limited noise for a stretch of the clip. ``(n_samples,)`` in and out, as for all kinds; ``db`` is
    its strength, drawn where it is not given."""
    first, n, low, high = _place(samples, rate, rng)
    noise = _band(rng.normal(size=n).astype(np.float32), rate, low, high)
    level = np.sqrt(np.mean(np.square(_band(samples, rate, low, high)), dtype=np.float64))
    strength = rng.uniform(*BURST_DB) if db is None else db
    gain = level * 10.0 ** (strength / 20.0) / max(float(np.sqrt(np.mean(np.square(noise)))), 1e-12)
    changed = samples.copy()
    changed[first : first + n] += (gain * noise).astype(np.float32)
    return changed


def tone(samples: Samples, rate: int, rng: np.random.Generator, db: float) -> Samples:
    """Added sound: a sine for a stretch of the clip, ``db`` above the clip's own level in :data:`NARROWEST` around it."""
    first, n, low, high = _place(samples, rate, rng)
    frequency = (low + high) / 2.0
    around = _band(samples, rate, frequency - NARROWEST / 2.0, frequency + NARROWEST / 2.0)
    level = np.sqrt(np.mean(np.square(around), dtype=np.float64))
    sine = np.sin(2.0 * np.pi * (frequency * np.arange(n) / rate + rng.random()))
    changed = samples.copy()
    changed[first : first + n] += (np.sqrt(2.0) * level * 10.0 ** (db / 20.0) * _fade(n, rate) * sine).astype(
        np.float32
    )
    return changed


def level_drop(samples: Samples, rate: int, rng: np.random.Generator, db: float | None = None) -> Samples:
    """Removed sound: a band is quieter for a stretch of the clip."""
    first, n, low, high = _place(samples, rate, rng)
    lost = 1.0 - 10.0 ** (-(rng.uniform(*CHANGE_DB) if db is None else db) / 20.0)
    changed = samples.copy()
    part = _band(samples, rate, low, high)[first : first + n]
    changed[first : first + n] -= (lost * _fade(n, rate) * part).astype(np.float32)
    return changed


def missing_event(samples: Samples, rate: int, rng: np.random.Generator) -> Samples:
    """Removed sound: the loudest stretch gives way to the clip's sound of median level.

    Next to nothing in a clip as loud everywhere: such a machine has no event that could be missing.
    """
    _, n, _, _ = _place(samples, rate, rng)
    n = min(n, len(samples) // 2)
    total = np.concatenate([[0.0], np.cumsum(np.square(samples, dtype=np.float64))])
    energy = total[n:] - total[:-n]  # of every stretch of n samples
    first = int(np.argmax(energy))
    source = int(np.argsort(energy)[len(energy) // 2])
    changed, fade = samples.copy(), _fade(n, rate)
    changed[first : first + n] = (1.0 - fade) * samples[first : first + n] + fade * samples[source : source + n]
    return changed


def drift(samples: Samples, rate: int, rng: np.random.Generator, db: float | None = None) -> Samples:
    """Slow change: a band grows louder or quieter from the clip's start to its end, evenly in dB."""
    _, _, low, high = _place(samples, rate, rng)
    end = (rng.uniform(*CHANGE_DB) if db is None else db) * rng.choice([-1.0, 1.0])
    gain = 10.0 ** (np.linspace(0.0, end, len(samples)) / 20.0)
    return np.asarray(samples + (gain - 1.0) * _band(samples, rate, low, high), dtype=np.float32)


KINDS: dict[str, Callable[[Samples, int, np.random.Generator], Samples]] = {
    "burst": burst,
    "level drop": level_drop,
    "missing event": missing_event,
    "drift": drift,
}

# Kinds whose strength is a number of dB, and the strengths at which a detector's sensitivity is measured: from what few
# detectors tell to what most do.
GRADED: dict[str, tuple[Callable[[Samples, int, np.random.Generator, float], Samples], tuple[float, ...]]] = {
    "burst": (burst, (-6.0, 0.0, 6.0, 12.0)),
    "tone": (tone, (0.0, 6.0, 12.0, 18.0)),
    "level drop": (level_drop, (3.0, 6.0, 12.0, 24.0)),
    "drift": (drift, (3.0, 6.0, 12.0, 24.0)),
}


def graded_anomalies(clip: Clip, seed: int) -> dict[tuple[str, float], Clip]:
    """The clip with one synthetic anomaly of each kind and strength in dB of :data:`GRADED`: of a kind always in the same
    place and band, so that its strength alone differs.

    Args:
        clip: one channel (see :func:`asd_core.sound.prepare`).
        seed: same seed, same anomalies.
    """
    return {
        (kind, db): clip.with_samples(make(clip.samples[0], clip.sample_rate, np.random.default_rng([seed, place]), db))
        for place, (kind, (make, strengths)) in enumerate(GRADED.items())
        for db in strengths
    }


def synthetic_anomaly(clip: Clip, kind: str, seed: int) -> Clip:
    """The clip with one synthetic anomaly; durations and bandwidths are log-uniform, places uniform.

    Args:
        clip: one channel (see :func:`asd_core.sound.prepare`).
        kind: of :data:`KINDS`.
        seed: same seed, same anomaly.
    """
    return clip.with_samples(KINDS[kind](clip.samples[0], clip.sample_rate, np.random.default_rng(seed)))


@dataclass(frozen=True)
class SyntheticAnomalies:
    """Puts one anomaly into each clip: the change that :func:`asd_core.datasets.extract_dataset` takes.

    Attributes:
        kinds: by sha256, see :func:`kinds_in_turn`.
    """

    kinds: Mapping[str, str]

    def keys(self, sha256: str) -> Sequence[str]:
        return (f"synthetic {self.kinds[sha256]}",)

    def __call__(self, clip: Clip) -> Iterable[Clip]:
        return (synthetic_anomaly(clip, self.kinds[clip.sha256], int(clip.sha256[:8], 16)),)


GRADES = [(kind, db) for kind, (_, strengths) in GRADED.items() for db in strengths]


@dataclass(frozen=True)
class GradedAnomalies:
    """Makes a version of each clip with each kind and strength of :data:`GRADES`, in their order: a change as
    :class:`SyntheticAnomalies`."""

    def keys(self, sha256: str) -> Sequence[str]:
        return [f"graded {kind} {db!r} dB" for kind, db in GRADES]

    def __call__(self, clip: Clip) -> Iterable[Clip]:
        return graded_anomalies(clip, int(clip.sha256[:8], 16)).values()


def kinds_in_turn(clips: Extracted) -> dict[str, str]:
    """Which kind each clip gets, by its sha256: within a machine id in turn, in the order of the hashes."""
    rows = clips.rows.sort_values("sha256", kind="stable")
    turns = rows.groupby("machine_id").cumcount() % len(KINDS)
    return dict(zip(rows["sha256"], (list(KINDS)[turn] for turn in turns), strict=True))


def _place(samples: Samples, rate: int, rng: np.random.Generator) -> tuple[int, int, float, float]:
    """A stretch (first sample and length) and a band (low and high in Hz)."""
    seconds = len(samples) / rate
    duration = min(seconds, SHORTEST * (seconds / SHORTEST) ** rng.random())
    width = NARROWEST * (rate / 2 / NARROWEST) ** rng.random()
    low = rng.uniform(0.0, rate / 2 - width)
    n = int(duration * rate)
    return int(rng.uniform(0, len(samples) - n + 1)), n, low, low + width


def _fade(n: int, rate: int) -> NDArray[np.float64]:
    """Weights ``(n,)`` that rise from 0 to 1 and fall again, each within :data:`FADE` (or half of ``n``)."""
    ramp = max(1, min(int(FADE * rate), n // 2))
    return np.minimum(1.0, np.minimum(np.arange(1, n + 1), np.arange(n, 0, -1)) / ramp)


def _band(samples: Samples, rate: int, low: float, high: float) -> Samples:
    """What the signal holds between two frequencies in Hz."""
    spectrum = scipy.fft.rfft(samples)
    frequencies = scipy.fft.rfftfreq(len(samples), 1.0 / rate)
    spectrum[(frequencies < low) | (frequencies > high)] = 0.0
    return np.asarray(scipy.fft.irfft(spectrum, n=len(samples)), dtype=np.float32)
