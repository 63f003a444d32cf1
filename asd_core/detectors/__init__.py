"""Features of normal clips in, a detector out that scores features: the contract, the registry, one file per detector.

A detector's file is loaded when the registry is asked for it. May import: features, evaluation."""

import lazy_loader

# The names are in __init__.pyi; each is imported when it is first used, so that a page loads what it shows.
__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
