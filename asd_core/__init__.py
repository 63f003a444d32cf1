"""Anomalous-sound detection: clips, representations, detectors, calibration and evaluation.

What a notebook needs can be imported from here (docs/library.md); the rest from the subpackages. The library never
imports the dashboard's framework; the pages, the command line and batch jobs all call it.
"""

import os

import lazy_loader

# numpy's matrix products are small here, and its threads spin while they wait: they take the processor from torch's
# (scoring a clip with all detectors took three times as long on two cores). Read when OpenBLAS is loaded; where it is
# loaded already, ``detectors.common.network.torch_ready`` sets the limit.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
# torch's threads spin, too, while they wait for each other: with another program on one of two cores, training took three times,
# scoring ten times as long. Passive ones sleep. Read when torch is loaded.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

__version__ = "0.1.0"

# The names are in __init__.pyi; each is imported when it is first used.
__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
