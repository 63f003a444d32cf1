"""A progress bar for work that a page waits for."""

from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st

from asd_core.progress import Progress


@contextmanager
def bar(text: str) -> Iterator[Progress]:
    """A bar while the block runs."""
    shown = st.progress(0.0, text=text)

    def progress(fraction: float, message: str) -> None:
        shown.progress(min(1.0, fraction), text=message)

    try:
        yield progress
    finally:
        shown.empty()
