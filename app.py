"""What ``streamlit run app.py`` serves: the pages, and the bytes that their components fetch."""

import sys
from pathlib import Path

import streamlit as st

ROOT = Path(__file__).resolve().parent
sys.path.insert(0, str(ROOT))  # Streamlit adds the folder of pages/main.py alone

from pages.components.common.media import media_route  # noqa: E402 - found by the path above

app = st.App(ROOT / "pages" / "main.py", routes=[media_route()])
