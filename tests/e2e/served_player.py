"""The player's test page, on a server that has the sounds."""

import streamlit as st

from pages.components.common.media import media_route
from tests.conftest import ROOT

app = st.App(ROOT / "pages" / "components" / "player" / "test_page.py", routes=[media_route()])
