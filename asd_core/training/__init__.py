"""A dataset in, a folder of artifacts out: fit, calibrate, check, save, score the test clips.

May import: explain (for the normal band) and what comes before it."""

import lazy_loader

# The names are in __init__.pyi; each is imported when it is first used, so that a page loads what it shows.
__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
