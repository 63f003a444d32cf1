"""Own parts of a page: a folder's HTML, CSS and JavaScript as one Streamlit component."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import streamlit as st

_SHARED = sorted(Path(__file__).parent.glob("*.js"))


def component(name: str, folder: Path, stem: str, scripts: Sequence[Path]) -> Any:
    """Declare the component of ``<stem>.html``, ``<stem>.css`` and some scripts.

    The scripts share one scope with those of this folder and end with ``export default mounting(selector, Class)``. The
    class is made with the element that the selector finds, hears of new data by ``receive(component)`` and ends with
    ``destroy()``.
    """
    return st.components.v2.component(
        name,
        html=(folder / f"{stem}.html").read_text("utf-8"),
        css=(folder / f"{stem}.css").read_text("utf-8"),
        js="\n".join(path.read_text("utf-8") for path in (*_SHARED, *scripts)),
    )
