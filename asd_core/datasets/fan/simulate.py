"""One clip of a simulated fan from one seed."""

from __future__ import annotations

import numpy as np

from asd_core.datasets.fan.faults import FAULTS, change, modulate, thumps
from asd_core.datasets.fan.machines import FANS
from asd_core.datasets.fan.microphones import MICROPHONES, heard_by
from asd_core.datasets.fan.sound import air_noise, blade_tones, fan_level_db, motor_hum, rotation
from asd_core.datasets.slide_rail import SAMPLE_RATE, SimulatedClip
from asd_core.datasets.slide_rail.background import RMS, background

SPEED_JITTER = 0.008
"""Relative standard deviation of a clip's speed about the nominal one: no drive holds it exactly."""


def simulate_fan(
    machine_id: str,
    *,
    seed: int,
    rpm: float,
    load: float,
    microphone: str = "a",
    fault: str | None = None,
    severity: float = 0.0,
    duration: float = 10.0,
) -> SimulatedClip:
    """Simulate one recording of a fan.

    The same `seed` gives the same background, wandering of the speed and healthy sound whatever the fault, so the
    difference of two clips is the fault itself. `rpm` is the speed (turns a minute), `load` the resistance of the duct,
    0 to 1, `severity` goes from 0 (none) to 1; `duration` is in s.

    Raises:
        ValueError: for what cannot be simulated.
    """
    _check(machine_id, seed, rpm, load, microphone, fault, severity, duration)
    fan = FANS[machine_id]
    n_samples = round(duration * SAMPLE_RATE)
    seeds = np.random.SeedSequence([seed, fan.index, 1]).spawn(5)
    turning, sounding, scene, placing, failing = (np.random.default_rng(s) for s in seeds)

    strength = severity**0.7 * 10 ** (fan.fault_db / 20)
    changed = change(fault if severity > 0 else None, strength, failing)
    true_rpm = rpm * (1 + SPEED_JITTER * turning.standard_normal()) * changed.speed
    turns = rotation(true_rpm, n_samples, turning)
    tones = blade_tones(fan, turns, true_rpm, sounding) * np.float32(_gain(changed.tones_db))
    air = air_noise(fan, true_rpm, changed.tilt_db, n_samples, sounding)
    sound = tones + np.float32(fan.air * _gain(changed.air_db)) * air
    # No rotor is balanced to the last: what imbalance adds is there a little in every fan.
    sound = modulate(sound, turns, abs(0.04 * sounding.standard_normal()) + changed.modulation, sounding)
    if changed.thump:
        sound += thumps(fan, turns, changed.thump, failing)
    sound *= np.float32(_gain(fan_level_db(fan, true_rpm, load)))
    sound += np.float32(fan.hum * (0.6 + 0.8 * load)) * motor_hum(n_samples, changed.saturation, sounding)
    sound *= np.float32(0.5 * RMS * _gain(fan.level_db + 0.7 * sounding.standard_normal()))
    sound = heard_by(microphone, sound + background(n_samples, scene), placing)
    np.clip(sound, -1, 1, out=sound)
    events = ((0.0, duration),) if fault is not None and severity > 0 else ()
    return SimulatedClip(sound, SAMPLE_RATE, events)


def _gain(decibels: float) -> float:
    return float(10 ** (decibels / 20))


def _check(
    machine_id: str,
    seed: int,
    rpm: float,
    load: float,
    microphone: str,
    fault: str | None,
    severity: float,
    duration: float,
) -> None:
    if machine_id not in FANS:
        raise ValueError(f"Unknown machine id {machine_id!r}; known: {', '.join(FANS)}.")
    if fault is not None and fault not in FAULTS:
        raise ValueError(f"Unknown fault {fault!r}; known: {', '.join(FAULTS)}.")
    if microphone not in MICROPHONES:
        raise ValueError(f"Unknown microphone {microphone!r}; known: {', '.join(MICROPHONES)}.")
    if seed < 0:
        raise ValueError(f"The seed is {seed}, but it must be 0 or more.")
    if not 60 <= rpm <= 6000:
        raise ValueError(f"The speed is {rpm} turns a minute, but it must lie between 60 and 6000.")
    if not 0 <= load <= 1:
        raise ValueError(f"The load is {load}, but it must lie between 0 and 1.")
    if not 0 <= severity <= 1:
        raise ValueError(f"Severity is {severity}, but it must lie between 0 and 1.")
    if not 0.1 <= duration <= 600:
        raise ValueError(f"The duration is {duration} s, but it must lie between 0.1 and 600 s.")
