"""Anomalous-sound detection: clips, representations, detectors, calibration and evaluation.

The library never imports the dashboard's framework; the pages, the command line and batch jobs all call it.
"""

import os

# Threads of numerical libraries that spin while they wait take the processor from each other: scoring a clip with all
# detectors took five times as long on two cores. Read once, when the first of these libraries is loaded.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

__version__ = "0.1.0"
