"""A question in, detectors under changed conditions and a conclusion out; all of it stored.

May import: labels and what comes before them."""

import lazy_loader

# The names are in __init__.pyi; each is imported when it is first used, so that a page loads what it shows.
__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
