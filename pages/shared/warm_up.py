"""Heavy libraries are imported beside the first page, not before it."""

import threading
from importlib import import_module

import streamlit as st

_HEAVY = ("scipy.signal", "torch", "noisereduce", "sklearn.decomposition")


def _import_all() -> None:
    for name in _HEAVY:
        import_module(name)


@st.cache_resource(show_spinner=False)
def warm_up() -> None:
    """Start the imports once in a server's life."""
    threading.Thread(target=_import_all, name="warm-up", daemon=True).start()
