"""What every component shares: its declaration in Python, and in JavaScript mounting, keys and colour scales."""

from pathlib import Path
from typing import Any

import streamlit as st

from pages.components.common.modules import script

_BASE = Path(__file__).with_name("base.css").read_text("utf-8")


def component(name: str, entry: Path) -> Any:
    """Declare a component, once, when its module is imported.

    Args:
        name: unique to the component.
        entry: a JavaScript module with a default export for Streamlit (see ``mount.js``). HTML and CSS are files of the
            same stem beside it; a component without HTML is not seen.
    """
    html, css = entry.with_suffix(".html"), entry.with_suffix(".css")
    return st.components.v2.component(
        name,
        html=html.read_text("utf-8") if html.is_file() else "<span hidden>\n</span>",
        css=_BASE + css.read_text("utf-8") if css.is_file() else None,
        js=script(entry),
    )
