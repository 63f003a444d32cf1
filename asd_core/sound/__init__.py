"""Bytes or a path in, a :class:`Clip` out; denoising at any strength; WAV bytes for the ear.

May import: nothing of the library but errors, settings, progress and files."""

import lazy_loader

# The names are in __init__.pyi; each is imported when it is first used, so that a page loads what it shows.
__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
