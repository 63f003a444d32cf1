"""Anomalous-sound detection: clips, representations, detectors, calibration and evaluation.

The library never imports the dashboard's framework; the pages, the command line and batch jobs all call it.
"""

__version__ = "0.1.0"
