"""What several detectors share: networks and their training, crops, whitening, densities of plain ``(n, d)`` vectors.

A detector's file imports from here and from ``base``, never from another detector's file.
"""
