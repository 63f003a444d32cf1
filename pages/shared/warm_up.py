"""Heavy libraries are imported after the first page is drawn, not before it."""

import sys
import threading
from importlib import import_module

import streamlit as st

_HEAVY = ("torch", "noisereduce", "sklearn.decomposition")


def is_warm() -> bool:
    """Whether a page can use the denoiser and the networks at once."""
    return all(name in sys.modules for name in _HEAVY[:2])


def _import_all() -> None:
    for name in _HEAVY:
        import_module(name)


@st.cache_resource(show_spinner=False)
def warm_up() -> None:
    """Start the imports, once in a server's life."""
    threading.Thread(target=_import_all, name="warm-up", daemon=True).start()
