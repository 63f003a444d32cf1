"""All that people made with the program, in one file, and back.

May import: labels and what comes before it."""

import lazy_loader

# The names are in __init__.pyi; each is imported when it is first used, so that a page loads what it shows.
__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
