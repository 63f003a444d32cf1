"""What ``streamlit run app.py`` serves: the pages, and the bytes that their components fetch."""

from pathlib import Path

import streamlit as st

from pages.components.common.media import media_route
from pages.shared.background import configure_malloc

configure_malloc()
app = st.App(Path(__file__).parent / "pages" / "main.py", routes=[media_route()])
