"""Detectors: the contract (``base``), the one list of them (``registry``), and one file for each."""
