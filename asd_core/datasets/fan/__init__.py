"""A simulated industrial fan: two machines, three faults, speeds, loads and microphones that vary. See docs/simulator.md."""

from asd_core.datasets.fan.faults import FAULTS
from asd_core.datasets.fan.machines import MACHINE_IDS
from asd_core.datasets.fan.simulate import simulate_fan

__all__ = ["FAULTS", "MACHINE_IDS", "simulate_fan"]
