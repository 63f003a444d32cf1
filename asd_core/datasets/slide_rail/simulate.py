"""One clip of a simulated slide rail from one seed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from asd_core.datasets.slide_rail import faults
from asd_core.datasets.slide_rail.background import RMS, background
from asd_core.datasets.slide_rail.faults import FAULTS
from asd_core.datasets.slide_rail.machines import MACHINES, SAMPLE_RATE
from asd_core.datasets.slide_rail.motion import plan
from asd_core.datasets.slide_rail.sound import machine_sound

MACHINE_IDS = tuple(MACHINES)
"""The four machines."""
SNRS_DB = (-6, 0, 6)
"""Nominal signal-to-noise ratios (dB) used by the catalogue; any finite number may be simulated."""

# The machine's level at 0 dB: equal to the background's part above 1 kHz, where machines are heard.
_LEVEL_AT_0_DB = 0.33 * RMS


@dataclass(frozen=True)
class SimulatedClip:
    """A clip and the truth about it."""

    samples: NDArray[np.float32]
    """Sound, float32 `(n_samples,)` in [-1, 1]."""
    sample_rate: int = SAMPLE_RATE
    fault_events: tuple[tuple[float, float], ...] = ()
    """Start and end (s) of each time the fault is heard, in order; empty for a normal clip."""


def simulate(
    machine_id: str,
    *,
    seed: int,
    snr_db: float = 6,
    fault: str | None = None,
    severity: float = 0.0,
    duration: float = 10.0,
) -> SimulatedClip:
    """Simulate one recording of a slide rail.

    The same `seed` gives the same background, motion and healthy sound whatever the fault, so the difference of
    two clips is the fault itself. `severity` goes from 0 (none) to 1; `snr_db` is the level of the moving machine
    against the background above 1 kHz; `duration` is in s.
    """
    _check(machine_id, seed, snr_db, fault, severity, duration)
    machine = MACHINES[machine_id]
    n_samples = round(duration * SAMPLE_RATE)
    seeds = np.random.SeedSequence([seed, machine.index]).spawn(4)
    motion_rng, sound_rng, scene_rng, fault_rng = (np.random.default_rng(s) for s in seeds)

    motion = plan(machine, duration, motion_rng)
    speed = motion.speed
    # Less than proportional, so that the lower half of the scale is not all inaudible.
    strength = severity**0.7 * 10 ** (machine.fault_db / 20)
    added: NDArray[np.float32] | None = None
    events: faults.Events = []
    if fault == "rail_damage" and severity > 0:
        added, events = faults.rail_damage(machine, motion, strength, n_samples, fault_rng)
    elif fault == "loose_belt" and severity > 0:
        speed = faults.flutter(motion, severity, fault_rng)
        added, events = faults.belt_slap(machine, motion, strength, n_samples, fault_rng)
    elif fault == "no_grease" and severity > 0:
        added, events = faults.no_grease(machine, motion, strength, n_samples, fault_rng)
    sound = machine_sound(machine, motion, speed, n_samples, sound_rng)
    if added is not None:
        sound += added
    level_jitter_db = scene_rng.normal(0, 1.0)
    sound *= np.float32(_LEVEL_AT_0_DB * 10 ** ((snr_db + machine.level_db + level_jitter_db) / 20))
    sound += background(n_samples, scene_rng)
    np.clip(sound, -1, 1, out=sound)
    return SimulatedClip(sound, SAMPLE_RATE, _within(events, duration))


def _within(events: faults.Events, duration: float) -> tuple[tuple[float, float], ...]:
    """Events in order, cut to the clip, overlaps merged."""
    merged: list[tuple[float, float]] = []
    for start, end in sorted((max(a, 0.0), min(b, duration)) for a, b in events if b > 0 and a < duration):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return tuple(merged)


def _check(machine_id: str, seed: int, snr_db: float, fault: str | None, severity: float, duration: float) -> None:
    """Refuse what cannot be simulated, with one sentence."""
    if machine_id not in MACHINES:
        raise ValueError(f"Unknown machine id {machine_id!r}: choose one of {', '.join(MACHINES)}.")
    if fault is not None and fault not in FAULTS:
        raise ValueError(f"Unknown fault {fault!r}: choose one of {', '.join(FAULTS)}, or None.")
    if seed < 0:
        raise ValueError(f"The seed is {seed}, but it must be 0 or more.")
    if not 0 <= severity <= 1:
        raise ValueError(f"Severity is {severity}, but it must lie between 0 and 1.")
    if not np.isfinite(snr_db):
        raise ValueError(f"The signal-to-noise ratio is {snr_db} dB, but it must be a finite number.")
    if not 0.1 <= duration <= 600:
        raise ValueError(f"The duration is {duration} s, but it must lie between 0.1 and 600 s.")
