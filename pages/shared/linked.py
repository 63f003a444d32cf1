"""Streamlit's widgets with their value in the page's address: a link reopens the page as it is."""

from collections.abc import Sequence
from typing import Any, TypeVar

import streamlit as st

V = TypeVar("V")


def segmented(label: str, options: Sequence[V], *, key: str, default: V | None = None, **more: Any) -> V:
    """Buttons of which one is always pressed; at first the default, or the first one."""
    first = options[0] if default is None else default
    chosen: V = st.segmented_control(label, options, default=first, required=True, key=key, bind="query-params", **more)
    return chosen


def selectbox(label: str, options: Sequence[V], *, key: str, **more: Any) -> V:
    """A list of which one option is chosen, at first the first one."""
    chosen: V = st.selectbox(label, options, key=key, bind="query-params", **more)
    return chosen


def multiselect(label: str, options: Sequence[V], *, key: str, **more: Any) -> list[V]:
    """A list of which any number of options is chosen."""
    return st.multiselect(label, options, key=key, bind="query-params", **more)


def toggle(label: str, value: bool = False, *, key: str, **more: Any) -> bool:
    """A switch."""
    return st.toggle(label, value, key=key, bind="query-params", **more)
