"""The two fans: what makes one machine sound different from another."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Fan:
    """Parameters of one fan. Levels relative to the fan's own level at nominal speed and no load."""

    index: int
    """Enters the random seed, so that the same seed gives different clips on different machines."""
    blades: int
    nominal_rpm: float
    blade_gains: tuple[float, ...]
    """Amplitude of each harmonic of the blade-pass frequency."""
    air: float
    """Level of the air's broadband noise."""
    air_peak_hz: float
    """Where the air's noise is strongest at nominal speed; it moves with the blades' tip speed."""
    duct_hz: tuple[float, ...]
    """Resonances of duct and casing, which stay where they are at any speed."""
    hum: float
    """Level of the motor's hum."""
    level_db: float
    """How loud the fan is at the microphone."""
    fault_db: float
    """How loud or strong its faults are: some housings hide more than others."""


FANS: dict[str, Fan] = {
    "00": Fan(
        index=0, blades=8, nominal_rpm=660.0, blade_gains=(1.0, 0.7, 0.5, 0.35, 0.25, 0.18, 0.12, 0.09), air=1.0,
        air_peak_hz=420.0, duct_hz=(310.0, 760.0, 1650.0, 3900.0), hum=0.30, level_db=0.0, fault_db=0.0,
    ),
    "02": Fan(
        index=2, blades=5, nominal_rpm=900.0, blade_gains=(0.8, 1.0, 0.45, 0.5, 0.2, 0.2, 0.1, 0.1), air=1.4,
        air_peak_hz=700.0, duct_hz=(240.0, 980.0, 2300.0, 5200.0), hum=0.20, level_db=2.0, fault_db=0.0,
    ),
}  # fmt: skip
MACHINE_IDS = tuple(FANS)
