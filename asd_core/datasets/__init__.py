"""A folder, or the demo's seeds, in; a :class:`Dataset` out: its catalogue, its clips, which of them are held out.

May import: sound, features."""

import lazy_loader

# The names are in __init__.pyi; each is imported when it is first used, so that a page loads what it shows.
__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
