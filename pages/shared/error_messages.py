"""Library errors as one sentence in the page."""

from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st

from asd_core.errors import AsdError
from pages.shared import address


@contextmanager
def show_errors() -> Iterator[None]:
    """Show a library error as its sentence and stop the page there; anything already drawn stays. Also a decorator."""
    try:
        yield
    except AsdError as error:
        st.error(str(error), icon=":material/error:")
        address.followed()  # as far as it leads: what is chosen from here on counts, and leads away from it
        st.stop()
