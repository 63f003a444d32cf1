"""A scored clip in, reasons out: where in time and frequency, against the normal band, similar normal clips.

May import: scoring and what comes before it."""

import lazy_loader

# The names are in __init__.pyi; each is imported when it is first used, so that a page loads what it shows.
__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
