"""Where work on many items is done: in this process, in one process a core, or on a cluster. The stations say what, an engine says where.

May import: nothing but the room (errors, settings).
"""

import lazy_loader

# The names are in __init__.pyi; each is imported when it is first used.
__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
