"""Heavy libraries are imported after the first page is drawn, not before it."""

import gc
import sys
from collections.abc import Sequence
from importlib import import_module

import streamlit as st

from pages.shared.background import start

_HEAVY = ("torch", "noisereduce", "sklearn.decomposition")


def is_warm() -> bool:
    """Whether a page can use the denoiser and the networks at once."""
    return all(name in sys.modules for name in _HEAVY[:2])


def until_warm(names: Sequence[str] = _HEAVY[:2]) -> None:
    """Wait until a page can use them (the imports themselves, if nobody began them)."""
    for name in names:
        library = import_module(name)
        if name == "torch":
            # One clip gains nothing from a second core, and on a busy machine two threads that wait for each other take
            # ten times as long. Trainings run in other processes.
            library.set_num_threads(1)


def _import_all() -> None:
    """All of them. What they hold stays for the server's life and is spared the garbage collector: Streamlit calls it after
    every run, and while it went through libraries and detectors (a tenth of a second) no page got its last elements."""
    until_warm(_HEAVY)
    gc.collect()
    gc.freeze()


@st.cache_resource(show_spinner=False)
def warm_up() -> None:
    """Start the imports, once in a server's life."""
    start("warm-up", _import_all)
