"""Clips in, scores out: one clip, a long recording, a split, a clip at every strength; the stored scores.

May import: artifacts and what comes before them."""

import lazy_loader

# The names are in __init__.pyi; each is imported when it is first used, so that a page loads what it shows.
__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
