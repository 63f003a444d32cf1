"""A simulated slide rail: four machines, three faults, one seed per clip. See docs/simulator.md."""

from asd_core.datasets.slide_rail.faults import FAULTS
from asd_core.datasets.slide_rail.machines import SAMPLE_RATE
from asd_core.datasets.slide_rail.simulate import MACHINE_IDS, SNRS_DB, SimulatedClip, simulate

__all__ = ["FAULTS", "MACHINE_IDS", "SAMPLE_RATE", "SNRS_DB", "SimulatedClip", "simulate"]
