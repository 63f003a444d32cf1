"""Where work on many items is done: in this process, in one process per core, or on a cluster. Other subpackages say
what is done.

May import: nothing of the library but errors and settings.
"""

import lazy_loader

# The names are in __init__.pyi; each is imported when it is first used.
__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
