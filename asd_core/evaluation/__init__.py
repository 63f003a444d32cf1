"""Scores and labels in, figures out: AUC, pAUC, intervals, comparisons, operating points, breakdowns.

Pure numbers, which know neither sound nor detectors. May import: nothing of the library."""

import lazy_loader

# The names are in __init__.pyi; each is imported when it is first used, so that a page loads what it shows.
__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
