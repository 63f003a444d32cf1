"""The four slide rails: what makes one machine sound different from another.

Frequencies and rhythms are read off spectrograms of recorded slide rails; levels are tuned so that detectors
rank and spread as they do on recordings (see docs/simulator.md).
"""

from __future__ import annotations

from dataclasses import dataclass

SAMPLE_RATE = 16_000
"""Samples per second of every simulated clip."""


@dataclass(frozen=True)
class Machine:
    """Parameters of one slide rail. Times in s, frequencies in Hz, levels relative to the machine's own level."""

    index: int
    """Enters the random seed, so that the same seed gives different clips on different machines."""
    cruise_time: float
    ramp_time: float
    """Duration of the acceleration, and of the braking."""
    pauses: tuple[float, ...]
    """Pause after each stroke, repeated in turn; strokes alternate between out and back."""
    timing_jitter: float
    """Relative standard deviation of stroke lengths and pauses."""
    motor_hz: float
    """Fundamental of the motor and gearing at cruise speed."""
    harmonics: tuple[float, ...]
    """Amplitude of each motor harmonic."""
    modes_hz: tuple[float, ...]
    """Resonances of the rail, which colour the rolling noise, the impacts and the faults."""
    mode_gains: tuple[float, ...]
    roughness: float
    """Level of the rolling noise."""
    impact: float
    """Level of the end-stop impacts."""
    level_db: float
    """How loud the machine is at a given nominal SNR (its distance to the microphone)."""
    fault_db: float
    """How loud its faults are against its own sound: some housings hide more than others."""


MACHINES: dict[str, Machine] = {
    "00": Machine(
        index=0, cruise_time=0.95, ramp_time=0.16, pauses=(0.35, 0.75), timing_jitter=0.04,
        motor_hz=496.0, harmonics=(1.0, 0.6, 0.4, 0.25, 0.2, 0.12), modes_hz=(620.0, 1480.0, 2520.0, 4150.0, 6300.0),
        mode_gains=(0.8, 1.0, 0.7, 0.45, 0.3), roughness=0.5, impact=0.5, level_db=-4.0, fault_db=8.0,
    ),
    "02": Machine(
        index=2, cruise_time=0.14, ramp_time=0.06, pauses=(0.36, 1.9), timing_jitter=0.06,
        motor_hz=508.0, harmonics=(1.0, 0.9, 0.7, 0.5, 0.6, 0.2), modes_hz=(510.0, 1010.0, 1530.0, 2540.0, 5200.0),
        mode_gains=(1.0, 0.9, 0.8, 0.7, 0.5), roughness=0.25, impact=1.0, level_db=0.0, fault_db=2.0,
    ),
    "04": Machine(
        index=4, cruise_time=0.32, ramp_time=0.13, pauses=(0.42, 0.46), timing_jitter=0.10,
        motor_hz=1050.0, harmonics=(0.15, 0.4, 0.2, 0.9, 0.35, 0.8, 0.2),
        modes_hz=(900.0, 2350.0, 4300.0, 6250.0, 7300.0), mode_gains=(0.4, 0.6, 1.0, 0.9, 0.7),
        roughness=0.4, impact=0.3, level_db=-2.0, fault_db=3.5,
    ),
    "06": Machine(
        index=6, cruise_time=0.20, ramp_time=0.10, pauses=(0.72, 0.74), timing_jitter=0.04,
        motor_hz=352.0, harmonics=(1.0, 0.5, 0.15, 0.1), modes_hz=(360.0, 1150.0, 3600.0, 6100.0, 7200.0),
        mode_gains=(0.5, 0.3, 0.5, 1.0, 1.0), roughness=0.8, impact=0.4, level_db=0.0, fault_db=-3.5,
    ),
}  # fmt: skip
