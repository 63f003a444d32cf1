"""The player's test page, on a server that has the sounds."""

import sys
from pathlib import Path

import streamlit as st

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from pages.components.common.media import media_route  # noqa: E402 - found by the path above

app = st.App(ROOT / "pages" / "components" / "player" / "test_page.py", routes=[media_route()])
