"""Figures of the other subpackages in, Plotly figures out, as plain JSON.

May import: experiments and what comes before them."""

import lazy_loader

# The names are in __init__.pyi; each is imported when it is first used, so that a page loads what it shows.
__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
