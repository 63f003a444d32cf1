"""Tables as high as their rows, and files to take away."""

from collections.abc import Callable
from typing import Any

import streamlit as st

ROW, BUTTON_ROW = 26, 30  # pixels of a row, and of one that holds a button
HEADING = {ROW: 38, BUTTON_ROW: 33}  # pixels of the heading with the borders


def table(data: Any, *, key: str, most: int = 1000, row: int = ROW, **more: Any) -> None:
    """A table without an index that scrolls only beyond ``most`` rows; the rest is for ``st.dataframe``."""
    height = row * min(len(data), most) + HEADING[row]
    st.dataframe(data, hide_index=True, row_height=row, height=height, key=key, **more)


def interval(low: float, high: float, form: str = ".3f") -> str:
    """An interval as text, or that there is none."""
    return f"{low:{form}} – {high:{form}}" if low == low else "not computable"


def download(
    label: str, content: str | Callable[[], str | bytes], name: str, kind: str = "text/csv", **more: Any
) -> None:
    """A button that saves a file; the page is not drawn again for it."""
    st.download_button(label, content, name, kind, icon=":material/download:", on_click="ignore", **more)
